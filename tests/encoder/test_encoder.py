"""Properties that must hold whatever the weights are."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.types import LukeInputs

from .hf import TINY, make_inputs
from .util import VIEWS, assert_same, gradients, make_encoder


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
def test_entity_order_permutes_outputs(view, aware):
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY, types=True)
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = inputs._replace(**{
        name: getattr(inputs, name)[:, order] for name in ("slot_ids", "slot_mask", "slot_positions", "slot_types")
    })
    before, after = encoder(inputs, view), encoder(moved, view)
    torch.testing.assert_close(after.slots, before.slots[:, order], rtol=0, atol=1e-6)
    torch.testing.assert_close(after.pieces, before.pieces, rtol=0, atol=1e-6)
    assert (after.slots - before.slots).abs().max() > 0.1


@pytest.mark.parametrize("view", VIEWS)
def test_positions_of_minus_1_are_ignored(view):
    encoder, inputs = make_encoder(), make_inputs(TINY)
    expected = encoder(inputs, view)
    positions = inputs.slot_positions
    spread = torch.full((*positions.shape[:2], 9), -1)
    spread[..., 1::2] = positions.flip(-1)  # -1 before, between and after the real ones
    found = encoder(inputs._replace(slot_positions=spread), view)
    torch.testing.assert_close(found.slots, expected.slots, rtol=0, atol=1e-6)


@pytest.mark.parametrize("aware", [True, False])
def test_slots_asked_later_have_the_same_states(aware):
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY, types=True)
    expected = encoder(inputs, "words")
    words = encoder(LukeInputs(*inputs[:3]), "words", output_layers=True)
    torch.testing.assert_close(words.pieces, expected.pieces, rtol=0, atol=1e-6)
    found = encoder.ask(inputs, [pieces for pieces, _ in words.layers[:-1]])
    torch.testing.assert_close(found[inputs.slot_mask], expected.slots[inputs.slot_mask], rtol=0, atol=1e-6)


@pytest.mark.parametrize("mention", [0, 3])
def test_a_slot_over_nothing_has_no_position(mention):
    encoder, inputs = make_encoder(), make_inputs(TINY)
    nothing = inputs._replace(slot_positions=torch.full((*inputs.slot_ids.shape, mention), -1))
    found = encoder(nothing, output_layers=True).layers[0][1]
    with torch.no_grad():
        encoder.entity_embeddings.position_embeddings.weight.zero_()
    torch.testing.assert_close(found, encoder(inputs, output_layers=True).layers[0][1])


def test_copied_queries_make_entity_aware_equal_to_plain():
    aware, plain = make_encoder(), make_encoder(use_entity_aware_attention=False)
    weights = plain.state_dict()
    for name, tensor in plain.state_dict().items():
        for kind in ("w2e_query", "e2w_query", "e2e_query"):
            weights[name.replace("self.query", f"self.{kind}")] = tensor
    inputs = make_inputs(TINY)
    for view in VIEWS:
        different = aware(inputs, view).slots
        copied = LukeEncoder(aware.config).eval()
        copied.load_state_dict(weights)
        for a, b in zip(copied(inputs, view)[:2], plain(inputs, view)[:2]):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
        assert (different - plain(inputs, view).slots).abs().max() > 0.01


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
def test_padding_is_harmless(view, aware):
    """What stands under the mask changes nothing forward, and backward only the order of sums."""
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY, types=True)
    piece_pad, slot_pad = ~inputs.piece_mask, ~inputs.slot_mask
    other = inputs._replace(
        piece_ids=inputs.piece_ids.masked_fill(piece_pad, 7),
        piece_types=inputs.piece_types.masked_fill(piece_pad, 1),
        slot_ids=inputs.slot_ids.masked_fill(slot_pad, 9),
        slot_types=inputs.slot_types.masked_fill(slot_pad, 1),
        slot_positions=inputs.slot_positions.masked_fill(slot_pad[..., None], 3),
    )
    a, b = encoder(inputs, view), encoder(other, view)
    assert torch.equal(a.pieces[inputs.piece_mask], b.pieces[inputs.piece_mask])
    assert torch.equal(a.slots[inputs.slot_mask], b.slots[inputs.slot_mask])
    assert_same(gradients(encoder, inputs, view), gradients(encoder, other, view), tolerance=1e-7)


@pytest.mark.parametrize("view", VIEWS)
def test_a_window_alone_and_in_a_batch(view):
    encoder, inputs = make_encoder(), make_inputs(TINY, types=True)
    together = encoder(inputs, view)
    for i in range(len(inputs.piece_ids)):
        n, m = int(inputs.piece_mask[i].sum()), int(inputs.slot_mask[i].sum())
        given = {name: x for name, x in inputs._asdict().items() if x is not None}
        rows = {name: x[i : i + 1, : n if "piece" in name else m] for name, x in given.items()}
        alone = encoder(LukeInputs(**rows), view)
        torch.testing.assert_close(alone.pieces[0], together.pieces[i, :n], rtol=0, atol=2e-6)
        torch.testing.assert_close(alone.slots[0], together.slots[i, :m], rtol=0, atol=2e-6)


def test_words_view_does_not_depend_on_the_other_slots():
    encoder, inputs = make_encoder(), make_inputs(TINY, padded=False)
    all_slots = encoder(inputs, "words")
    for keep in ([2], [4, 2]):
        some = inputs._replace(**{
            name: getattr(inputs, name)[:, keep] for name in ("slot_ids", "slot_mask", "slot_positions")
        })
        found = encoder(some, "words")
        torch.testing.assert_close(found.slots, all_slots.slots[:, keep], rtol=0, atol=1e-6)
        assert (encoder(some, "full").slots - encoder(inputs, "full").slots[:, keep]).abs().max() > 1e-3
    none = encoder(LukeInputs(inputs.piece_ids, inputs.piece_mask), "words")
    torch.testing.assert_close(none.pieces, all_slots.pieces, rtol=0, atol=1e-6)


@pytest.mark.parametrize("view", VIEWS)
def test_entity_vectors_continue_the_table(view):
    """A small table and the rest given with the batch equal one whole table."""
    whole, inputs = make_encoder(), make_inputs(TINY)
    small = LukeEncoder(LukeConfig.from_dict({**TINY, "entity_vocab_size": 4})).eval()
    table = whole.entity_embeddings.entity_embeddings.weight
    small.load_state_dict({**whole.state_dict(), "entity_embeddings.entity_embeddings.weight": table[:4]})
    assert (inputs.slot_ids >= 4).any() and (inputs.slot_ids[inputs.slot_mask] < 4).any()
    vectors = table[4:].detach().clone().requires_grad_()
    given = inputs._replace(entity_vectors=vectors)
    torch.testing.assert_close(small(given, view).slots, whole(inputs, view).slots, rtol=0, atol=1e-6)
    expected = gradients(whole, inputs, view)["entity_embeddings.entity_embeddings.weight"]
    found = gradients(small, given, view)["entity_embeddings.entity_embeddings.weight"]
    torch.testing.assert_close(torch.cat([found, vectors.grad]), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
def test_no_slots_at_all(view, aware):
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY, slots=0)
    ids, mask = torch.zeros(3, 0, dtype=torch.int64), torch.zeros(3, 0, dtype=torch.bool)
    empty = inputs._replace(slot_ids=ids, slot_mask=mask, slot_positions=torch.zeros(3, 0, 1, dtype=torch.int64))
    found, expected = encoder(empty, view), encoder(inputs, view)
    assert expected.slots is None and found.slots.shape == (3, 0, TINY["hidden_size"])
    torch.testing.assert_close(found.pieces, expected.pieces, rtol=0, atol=1e-6)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
def test_pieces_that_nobody_reads(view, aware):
    """The last layer leaves them out: slots and all gradients that come from slots are the same."""
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY)
    found = []
    for read_pieces in (True, False):
        encoder.zero_grad()
        outputs = encoder(inputs, view, read_pieces=read_pieces)
        assert (outputs.pieces is None) == (not read_pieces)
        outputs.slots[inputs.slot_mask].pow(3).mean().backward()
        grads = {name: None if p.grad is None else p.grad.clone() for name, p in encoder.named_parameters()}
        unused = [name for name, grad in grads.items() if grad is None or not grad.any()]
        found.append({"slots": outputs.slots.detach(), **{name: grad for name, grad in grads.items() if name not in unused}})
    assert_same(*found, tolerance=1e-5)
    assert encoder(inputs._replace(slot_ids=None), view, read_pieces=False).slots is None
