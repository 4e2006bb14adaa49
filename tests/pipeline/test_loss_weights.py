"""loss_weight: how much each pipe counts in what the shared encoder learns."""

from __future__ import annotations

import math

import numpy
import pytest
import spacy

from spacy_luke.pipeline.base import checked_weight

from ..joint import PIPES, joint
from ..tiny import encoder_config


def _gradients(nlp, name, examples):
    """Of the encoder and of the pipe's own weights, and the loss, after one update of this pipe alone."""
    numpy.random.seed(0)  # which negatives, which masked mentions
    losses: dict[str, float] = {}
    others = [other for other in PIPES.values() if other != name]
    nlp.update(examples, sgd=False, losses=losses, exclude=others)
    shim = nlp.get_pipe("luke").model.shims[0]
    encoder = {key: p.grad.numpy().copy() for key, p in shim.encoder.named_parameters() if p.grad is not None}
    own = {}
    for node in nlp.get_pipe(name).model.walk():
        own.update({(node.id, key): node.get_grad(key).copy() for key in node.param_names if node.has_grad(key)})
    return losses[name], encoder, list(own.values())


@pytest.mark.parametrize("task, name", PIPES.items())
def test_loss_and_gradients_scale_with_it(xlmr, task, name):
    found = []
    for weights in ({}, {task: 0.25}):
        nlp, examples = joint(xlmr, weights=weights)
        found.append(_gradients(nlp, name, examples))
    (loss, encoder, own), (small_loss, small_encoder, small_own) = found
    assert loss > 0.01 and small_loss == pytest.approx(0.25 * loss, rel=1e-5)
    assert encoder.keys() == small_encoder.keys() and len(own) == len(small_own) > 0
    assert all(max(abs(value).max() for value in values) > 1e-4 for values in (encoder.values(), own))
    for key, value in encoder.items():
        numpy.testing.assert_allclose(small_encoder[key], 0.25 * value, rtol=1e-3, atol=1e-6)
    for value, small in zip(own, small_own):
        numpy.testing.assert_allclose(small, 0.25 * value, rtol=1e-3, atol=1e-6)


def test_a_pipe_of_weight_0_does_not_train(xlmr):
    nlp, examples = joint(xlmr, weights=dict.fromkeys(PIPES, 0.0))
    for name in PIPES.values():
        loss, encoder, own = _gradients(nlp, name, examples)
        assert loss == 0.0 and len(own) > 0
        assert not any(value.any() for value in [*encoder.values(), *own])


@pytest.mark.parametrize("name", PIPES.values())
def test_a_negative_weight(xlmr, name):
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match=f"LK505.*{name}.*loss_weight = -0.5"):
        nlp.add_pipe(name, config={"model": {"encoder": encoder_config(xlmr)}, "loss_weight": -0.5})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, True, "1.0", None])
def test_what_is_no_weight(value):
    """spaCy refuses NaN in a config itself; in Python it comes this far."""
    with pytest.raises(ValueError, match="LK505.*'x' has loss_weight"):
        checked_weight("x", value)


def test_it_is_saved(xlmr, tmp_path):
    nlp, _ = joint(xlmr, weights={"typing": 0.5})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.config["components"]["luke_typing"]["loss_weight"] == 0.5
    assert loaded.get_pipe("luke_typing").cfg["loss_weight"] == 0.5
    assert loaded.get_pipe("luke_ner").cfg["loss_weight"] == 1.0
