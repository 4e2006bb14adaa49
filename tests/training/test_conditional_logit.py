"""Weights of choices: against torch's optimiser, by hand, and what must hold."""

from __future__ import annotations

import math

import numpy
import pytest
import torch

from spacy_luke.training.conditional_logit import fit_conditional_logit

SIZES = [3, 1, 4, 2, 2, 5]


def _choices(seed: int, k: int = 3):
    rng = numpy.random.default_rng(seed)
    starts = numpy.cumsum([0, *SIZES[:-1]])
    targets = numpy.asarray([start + rng.integers(size) for start, size in zip(starts, SIZES)])
    return rng.normal(size=(sum(SIZES), k)), rng.normal(size=sum(SIZES)), starts, targets


def _by_torch(X, offsets, starts, targets, mean, deviation):
    w = torch.tensor(mean, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        scores = torch.tensor(X) @ w + torch.tensor(offsets)
        parts = scores.split(SIZES)
        total = sum(part[target - start] - part.logsumexp(0) for part, target, start in zip(parts, targets, starts))
        value = -total + (((w - torch.tensor(mean)) / torch.tensor(deviation)) ** 2).sum() / 2
        value.backward()
        return value

    optimizer.step(loss)
    return w.detach().numpy()


@pytest.mark.parametrize("seed", range(5))
def test_equals_torch(seed):
    choices, mean, deviation = _choices(seed), [1.0, 0.0, -2.0], [1.0, 0.1, 30.0]
    expected = _by_torch(*choices, mean, deviation)
    numpy.testing.assert_allclose(fit_conditional_logit(*choices, mean, deviation), expected, atol=1e-5)


def test_an_intercept_by_hand():
    """Of 4 choices between two options the second is right in 3: its bias is log 3 if nothing holds it."""
    X, starts = numpy.tile([[0.0], [1.0]], (4, 1)), numpy.arange(4) * 2
    targets = starts + [1, 1, 0, 1]
    w = fit_conditional_logit(X, numpy.zeros(8), starts, targets, [0.0], [1e6])
    assert w == pytest.approx([math.log(3)], abs=1e-6)


def test_what_is_always_right_stays_finite():
    X, starts = numpy.tile([[0.0], [1000.0]], (50, 1)), numpy.arange(50) * 2
    w = fit_conditional_logit(X, numpy.zeros(100), starts, starts + 1, [0.0], [1.0])
    assert 0 < w[0] < 1 and math.isfinite(w[0])


def test_far_away_offsets_are_reached():
    """Newton's first step from here would be much too long."""
    X, starts = numpy.tile([[0.0], [1.0]], (40, 1)), numpy.arange(40) * 2
    offsets = numpy.tile([30.0, 0.0], 40)
    w = fit_conditional_logit(X, offsets, starts, starts + numpy.arange(40) % 2, [0.0], [1e4])
    assert w == pytest.approx([30.0], abs=1e-3)


def test_nothing_seen_is_what_was_thought_before():
    nothing = numpy.zeros(0, "int64")
    w = fit_conditional_logit(numpy.zeros((0, 2)), numpy.zeros(0), nothing, nothing, [1.0, -3.0], [1.0, 1.0])
    assert w.tolist() == [1.0, -3.0]
