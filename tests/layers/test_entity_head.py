"""The masked-entity head of LUKE, piece by piece: numbers and gradients equal those of torch."""

from __future__ import annotations

import numpy
import pytest
import torch
from thinc.api import set_dropout_rate

from spacy_luke.encoder.config import ACTIVATIONS
from spacy_luke.layers.candidate_scores import CandidateScores
from spacy_luke.layers.entity_head import EntityHead
from spacy_luke.types import LinkOptions, LukeStates

HIDDEN, EMB, SLOTS, ENTITIES = 6, 4, 5, 7
NAMES = {"W": "dense.weight", "b": "dense.bias", "G": "LayerNorm.weight", "beta": "LayerNorm.bias"}


def _theirs(activation: str):
    """`entity_predictions` of a random LukeForMaskedLM: transform, decoder, bias."""
    transformers = pytest.importorskip("transformers", reason="the truth is transformers' LukeForMaskedLM")
    config = transformers.LukeConfig(
        vocab_size=20,
        entity_vocab_size=ENTITIES,
        hidden_size=HIDDEN,
        entity_emb_size=EMB,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        hidden_act=activation,
        layer_norm_eps=1e-3,
    )
    head = transformers.LukeForMaskedLM(config).entity_predictions
    for parameter in head.parameters():
        parameter.data.normal_(0.0, 1.0)
    return head


def _ours(theirs, activation: str):
    head = EntityHead(EMB, HIDDEN)
    head.initialize()
    head.attrs.update(activation=activation, eps=1e-3)
    for ours, name in NAMES.items():
        head.set_param(ours, theirs.transform.get_parameter(name).detach().numpy().copy())
    return head


def _states(rng) -> LukeStates:
    spans = numpy.stack([numpy.arange(SLOTS), numpy.arange(SLOTS) + 1], axis=1)
    return LukeStates(rng.normal(size=(9, HIDDEN)).astype("f"), rng.normal(size=(SLOTS, HIDDEN)).astype("f") * 2, spans)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_queries_and_gradients_equal_theirs(activation):
    rng = numpy.random.default_rng(0)
    theirs = _theirs(activation)
    head, states = _ours(theirs, activation), _states(rng)
    slots = torch.tensor(states.slots, requires_grad=True)
    expected = theirs.transform(slots)
    Y, backprop = head.begin_update(states)
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-5)

    dY = rng.normal(size=Y.shape).astype("f")
    expected.backward(torch.tensor(dY))
    d_states = backprop(dY)
    assert d_states.pieces.shape == states.pieces.shape and not d_states.pieces.any()
    numpy.testing.assert_allclose(d_states.slots, slots.grad.numpy(), atol=1e-5)
    for ours, name in NAMES.items():
        numpy.testing.assert_allclose(head.get_grad(ours), theirs.transform.get_parameter(name).grad.numpy(), atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scores_equal_the_logits_of_the_whole_head(activation):
    """Candidate vectors are rows of their decoder, biases those of their bias."""
    theirs = _theirs(activation)
    states = _states(numpy.random.default_rng(1))
    logits = theirs(torch.tensor(states.slots)).detach().numpy()
    of_mention, entities = numpy.asarray([0, 0, 0, 2, 3, 3, 4]), numpy.asarray([1, 6, 2, 6, 0, 5, 3])
    options = LinkOptions(
        lengths=numpy.asarray([3, 0, 1, 2, 1]),
        mention=of_mention,
        candidate_rows=numpy.asarray([0, 1, 2, 5, 7, 8, 10]),
        nil_rows=numpy.asarray([3, 4, 6, 9, 11]),
        vectors=theirs.decoder.weight.detach().numpy()[entities],
        biases=theirs.bias.detach().numpy()[entities],
        log_priors=numpy.full(7, -2.0, "f"),
        label_fits=numpy.full(7, 3.0, "f"),
    )
    scores = CandidateScores(EMB, use_prior=False, use_labels=False)
    scores.initialize()
    found = scores.predict((_ours(theirs, activation).predict(states), options))
    numpy.testing.assert_allclose(found[options.candidate_rows], logits[of_mention, entities], atol=1e-5)


def test_with_pieces_and_without_an_activation():
    """Against torch: LayerNorm of a dense layer of slot + mean of the pieces under it; spans may overlap."""
    rng = numpy.random.default_rng(3)
    head = _ours(_theirs("gelu"), "gelu")
    head.attrs.update(activation="linear", with_pieces=True)
    spans = numpy.asarray([[0, 3], [2, 4], [4, 5], [5, 9], [0, 9]])
    states = LukeStates(*(rng.normal(size=(n, HIDDEN)).astype("f") for n in (9, SLOTS)), spans)
    pieces, slots = torch.tensor(states.pieces, requires_grad=True), torch.tensor(states.slots, requires_grad=True)
    W, b, G, beta = (torch.tensor(head.get_param(name)) for name in NAMES)
    inputs = torch.stack([slot + pieces[start:end].mean(dim=0) for slot, (start, end) in zip(slots, spans.tolist())])
    expected = torch.nn.functional.layer_norm(inputs @ W.T + b, (EMB,), G, beta, eps=1e-3)
    Y, backprop = head.begin_update(states)
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-5)
    dY = rng.normal(size=Y.shape).astype("f")
    expected.backward(torch.tensor(dY))
    d_states = backprop(dY)
    numpy.testing.assert_allclose(d_states.slots, slots.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(d_states.pieces, pieces.grad.numpy(), atol=1e-5)
    nothing = head.predict(LukeStates(states.pieces[:0], states.slots[:0], spans[:0]))
    assert nothing.shape == (0, EMB)


def test_dropout_acts_in_training_only():
    head, states = _ours(_theirs("gelu"), "gelu"), _states(numpy.random.default_rng(2))
    before = head.predict(states)
    set_dropout_rate(head, 0.5)
    numpy.testing.assert_allclose(head.predict(states), before)
    Y, backprop = head.begin_update(states)
    assert abs(Y - before).max() > 1e-3
    d_slots = backprop(numpy.ones_like(Y) * Y).slots
    assert (d_slots == 0).any() and (d_slots != 0).any()
