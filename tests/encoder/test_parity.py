"""Same random weights, same numbers as transformers: states of every layer, logits, gradients."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder import attention, dropout

from .hf import BASE, TINY, Ours, hf_inputs, hf_model, make_inputs, our_encoder
from .parity import differences, gradient_differences, largest

pytest.importorskip("transformers")

CLASSES = [
    "LukeModel",
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
]


def assert_equal(found, tolerance):
    assert found.states <= tolerance
    assert found.logits <= tolerance
    assert found.gradients <= tolerance
    assert found.largest_gradient > 100 * tolerance  # else the line above says nothing


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("types", [True, False])
@pytest.mark.parametrize("emb", [16, 32])
def test_every_class(name, aware, padded, types, emb):
    settings = {**TINY, "use_entity_aware_attention": aware, "entity_emb_size": emb}
    inputs = make_inputs(settings, padded=padded, types=types)
    assert_equal(differences(name, inputs, **settings), 1e-5)


@pytest.mark.parametrize("name", CLASSES[:2])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_without_entities(name, aware, padded):
    settings = {**TINY, "use_entity_aware_attention": aware}
    inputs = make_inputs(settings, padded=padded, slots=0, types=True)
    assert_equal(differences(name, inputs, **settings), 1e-5)


CHANGES = [{"pad_token_id": 0}, {"pad_token_id": 5}, {"num_attention_heads": 1}, {"layer_norm_eps": 0.01}]


@pytest.mark.parametrize("change", CHANGES)
def test_settings(change):
    settings = {**TINY, **change}
    assert_equal(differences("LukeForMaskedLM", make_inputs(settings), **settings), 1e-5)


@pytest.mark.parametrize("name", ["gelu", "gelu_new", "relu", "silu"])
def test_activations(name):
    settings = {**TINY, "hidden_act": name}
    assert_equal(differences("LukeForMaskedLM", make_inputs(settings), **settings), 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("aware", [True, False])
def test_base_size(name, aware):
    settings = {**BASE, "use_entity_aware_attention": aware}
    inputs = make_inputs(settings, batch=2, pieces=64, slots=20, mention=10)
    assert_equal(differences(name, inputs, noise=0.02, **settings), 1e-4)


@pytest.mark.parametrize("aware", [True, False])
def test_view_words_is_a_mask(aware):
    """transformers takes one mask per row too: pieces see pieces, slot i sees pieces and slot i."""
    theirs = hf_model("LukeModel", **TINY, use_entity_aware_attention=aware)
    ours = our_encoder(theirs)
    inputs = make_inputs(TINY)
    expected = theirs(**{**hf_inputs(inputs), **words_masks(inputs)}, output_hidden_states=True)
    found = ours(inputs, view="words", output_layers=True)
    for i, (pieces, slots) in enumerate(found.layers):
        assert largest(pieces, expected.hidden_states[i]) <= 1e-5
        real = inputs.slot_mask
        assert largest(slots[real], expected.entity_hidden_states[i][real]) <= 1e-5
    pairs = [(found.pieces, found.slots), (expected.last_hidden_state, expected.entity_last_hidden_state)]
    for pieces, slots in pairs:
        (pieces[inputs.piece_mask].pow(3).mean() + slots[inputs.slot_mask].pow(3).mean()).backward()
    for layer in theirs.encoder.layer:  # not read in this view: no gradient here, zeros there
        if aware:
            assert not layer.attention.self.w2e_query.weight.grad.any()
            layer.attention.self.w2e_query.weight.grad = layer.attention.self.w2e_query.bias.grad = None
    difference, size = gradient_differences(ours, theirs)
    assert difference <= 1e-5 < 1e-2 < size


def test_dropout_stands_where_it_does_in_transformers(monkeypatch):
    """With dropout replaced on both sides by something that can be compared."""
    theirs = hf_model("LukeForMaskedLM", **TINY).train()
    ours = Ours(theirs).train()
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda self, x: x * (1 + self.p))
    for module in (attention, dropout):
        monkeypatch.setattr(module, "drop", lambda x, p: x * (1 + p))
    inputs = make_inputs(TINY)
    expected = theirs(**hf_inputs(inputs))
    found = ours.luke(inputs)
    assert largest(ours.lm_head(found.pieces), expected.logits) <= 1e-5
    assert largest(ours.entity_predictions(found.slots), expected.entity_logits) <= 1e-5
    assert largest(found.pieces, ours.eval().luke(inputs).pieces) > 0.1


def words_masks(inputs):
    """The view "words" as transformers' masks: (batch, pieces + slots, pieces) and (..., slots)."""
    batch, pieces = inputs.piece_mask.shape
    slots = inputs.slot_mask.shape[1]
    to_pieces = inputs.piece_mask[:, None].expand(batch, pieces + slots, pieces)
    itself = torch.cat([torch.zeros(pieces, slots), torch.eye(slots)]).expand(batch, -1, -1)
    return {"attention_mask": to_pieces.float(), "entity_attention_mask": itself}


def test_padding_id_inside_a_text_is_a_piece():
    """The one difference from transformers, named in PieceEmbeddings: told the positions, it agrees."""
    theirs = hf_model("LukeModel", **TINY)
    ours = our_encoder(theirs)
    inputs = make_inputs(TINY, padded=False)
    inputs.piece_ids[0, 4] = TINY["pad_token_id"]
    counted = torch.arange(inputs.piece_ids.shape[1]).expand(3, -1) + TINY["pad_token_id"] + 1
    expected = theirs(**hf_inputs(inputs), position_ids=counted)
    assert largest(ours(inputs).pieces, expected.last_hidden_state) <= 1e-5
    skipped = theirs(**hf_inputs(inputs))
    assert largest(ours(inputs).pieces, skipped.last_hidden_state) > 0.1


def test_row_0_of_the_entity_table_learns():
    """In "lite" checkpoints row 0 is [MASK]; transformers would never train it."""
    theirs = hf_model("LukeModel", **TINY)
    ours = our_encoder(theirs)
    inputs = make_inputs(TINY)
    inputs.slot_ids[0, 0] = 0
    ours(inputs).slots[inputs.slot_mask].pow(3).mean().backward()
    theirs(**hf_inputs(inputs)).entity_last_hidden_state[inputs.slot_mask].pow(3).mean().backward()
    mine, other = (m.entity_embeddings.entity_embeddings.weight.grad for m in (ours, theirs))
    assert mine[0].abs().max() > 1e-4 and not other[0].any()
    assert largest(mine[1:], other[1:]) <= 1e-5
