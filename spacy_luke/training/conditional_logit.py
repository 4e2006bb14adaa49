"""Weights of a few features that explain which option was chosen: a conditional logit model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import numpy

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d, Ints1d

STEPS = 100
ENOUGH = 1e-8  # gain of a step below which the weights are found


def fit_conditional_logit(
    features: Floats2d,
    offsets: Floats1d,
    starts: Ints1d,
    targets: Ints1d,
    mean: Floats1d,
    deviation: Floats1d,
) -> Floats1d:
    """The most probable weights w of p(option) = softmax over the options of a choice of (features . w + offset),
    McFadden (1974), if before they are independent and normal. Newton's method: the problem is convex.

    features (options, k), offsets (options,): the options of all choices, one choice behind the other.
    starts (choices,): the first option of each choice. targets (choices,): the right one.
    mean (k,), deviation (k,): of the weights before anything is seen.
    RETURNS: (k,) float64.
    """
    X, precision = numpy.asarray(features, "float64"), 1.0 / numpy.square(numpy.asarray(deviation, "float64"))
    sizes = numpy.diff(starts, append=len(X))

    def look(w: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        scores = X @ w + offsets
        scores -= numpy.repeat(numpy.maximum.reduceat(scores, starts), sizes)
        total = numpy.add.reduceat(numpy.exp(scores), starts)
        gain = (scores[targets] - numpy.log(total)).sum() - 0.5 * (precision * (w - mean) ** 2).sum()
        return float(gain), numpy.exp(scores) / numpy.repeat(total, sizes)

    w = numpy.asarray(mean, "float64").copy()
    gain, p = look(w)
    for _ in range(STEPS if len(targets) else 0):
        expected = numpy.add.reduceat(X * p[:, None], starts)
        gradient = (X[targets] - expected).sum(axis=0) - precision * (w - mean)
        curvature = (X * p[:, None]).T @ X - expected.T @ expected + numpy.diag(precision)
        before = gain
        w, gain, p = _uphill(look, w, gain, p, numpy.linalg.solve(curvature, gradient))
        if gain - before < ENOUGH:
            break
    return w


def _uphill(look: Callable, w, gain: float, p, step):
    """Newton's step, or as much of it as does not lead down again."""
    for _ in range(30):
        new, found = look(w + step)
        if new >= gain:
            return w + step, new, found
        step = step / 2
    return w, gain, p
