"""Scores of candidates and NIL: numbers by hand, gradients by torch."""

from __future__ import annotations

import numpy
import pytest
import torch

from spacy_luke.layers.candidate_scores import CandidateScores
from spacy_luke.types import LinkOptions

# Options: two candidates and NIL; NIL alone; one candidate and NIL.
OPTIONS = LinkOptions(
    lengths=numpy.asarray([2, 0, 1]),
    mention=numpy.asarray([0, 0, 2]),
    candidate_rows=numpy.asarray([0, 1, 4]),
    nil_rows=numpy.asarray([2, 3, 5]),
    vectors=numpy.asarray([[1, 0], [0, 2], [3, 1]], "f"),
    biases=numpy.asarray([0.5, 0, -1], "f"),
    log_priors=numpy.asarray([-1, -2, 0], "f"),
    label_fits=numpy.asarray([1, 0, -3], "f"),
)
QUERIES = numpy.asarray([[1, 2], [5, 5], [-1, 4]], "f")
PARAMETERS = {"scale": [2.0], "prior": [0.5], "label": [0.25], "W": [0.1, 0.2], "b": [3.0]}


def _layer(use_prior=True, parameters=PARAMETERS):
    layer = CandidateScores(2, use_prior=use_prior, use_labels=use_prior)
    layer.initialize()
    for name, value in parameters.items():
        layer.set_param(name, numpy.asarray(value, "f"))
    return layer


def test_scores_by_hand():
    expected = [
        2 * 1 + 0.5 + 0.5 * -1 + 0.25 * 1,
        2 * 4 + 0 + 0.5 * -2 + 0.25 * 0,
        0.1 + 0.4 + 3,
        0.5 + 1.0 + 3,
        2 * 1 - 1 + 0 + 0.25 * -3,
        -0.1 + 0.8 + 3,
    ]
    numpy.testing.assert_allclose(_layer().predict((QUERIES, OPTIONS)), expected, rtol=1e-6)


def test_where_it_starts():
    scores = _layer(parameters={}).predict((QUERIES, OPTIONS))
    numpy.testing.assert_allclose(scores, [1 + 0.5 - 1 + 1, 4 + 0 - 2 + 0, 0, 0, 1 - 1 + 0 - 3, 0], rtol=1e-6)
    scores = _layer(use_prior=False, parameters={}).predict((QUERIES, OPTIONS))
    numpy.testing.assert_allclose(scores, [1 + 0.5, 4, 0, 0, 1 - 1, 0], rtol=1e-6)


@pytest.mark.parametrize("use_prior", [True, False])
def test_gradients_equal_torch(use_prior):
    layer = _layer(use_prior, PARAMETERS if use_prior else {**PARAMETERS, "prior": [0.0], "label": [0.0]})
    given = {name: torch.tensor(layer.get_param(name), requires_grad=True) for name in PARAMETERS}
    queries = torch.tensor(QUERIES, requires_grad=True)
    names = ("vectors", "biases", "log_priors", "label_fits")
    vectors, biases, priors, fits = (torch.tensor(getattr(OPTIONS, name)) for name in names)
    of_mention = given["scale"] * (queries[OPTIONS.mention] * vectors).sum(1) + biases
    of_mention = of_mention + given["prior"] * priors + given["label"] * fits
    expected = torch.zeros(6)
    expected = expected.index_copy(0, torch.tensor(OPTIONS.candidate_rows), of_mention)
    expected = expected.index_copy(0, torch.tensor(OPTIONS.nil_rows), queries @ given["W"] + given["b"])
    Y, backprop = layer.begin_update((QUERIES, OPTIONS))
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), rtol=1e-6)

    dY = numpy.asarray([0.3, -1, 2, 0.5, 4, -2], "f")
    expected.backward(torch.tensor(dY))
    numpy.testing.assert_allclose(backprop(dY), queries.grad.numpy(), atol=1e-5)
    for name in ("scale", "W", "b"):
        numpy.testing.assert_allclose(layer.get_grad(name), given[name].grad.numpy(), atol=1e-5)
    assert not (layer.has_grad("prior") or layer.has_grad("label"))


def test_no_candidates_at_all():
    empty = LinkOptions(
        lengths=numpy.zeros(3, "int64"),
        mention=numpy.zeros(0, "int64"),
        candidate_rows=numpy.zeros(0, "int64"),
        nil_rows=numpy.arange(3),
        vectors=numpy.zeros((0, 2), "f"),
        biases=numpy.zeros(0, "f"),
        log_priors=numpy.zeros(0, "f"),
        label_fits=numpy.zeros(0, "f"),
    )
    Y, backprop = _layer().begin_update((QUERIES, empty))
    numpy.testing.assert_allclose(Y, QUERIES @ numpy.asarray(PARAMETERS["W"], "f") + 3, rtol=1e-6)
    numpy.testing.assert_allclose(backprop(numpy.ones(3, "f")), numpy.tile(PARAMETERS["W"], (3, 1)), rtol=1e-6)
