"""From which probability on a mention has a type: what gives the best F1 on a development set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d, Ints1d

# Fewer gold mentions say nothing about a type's own threshold: it keeps the global one.
MIN_GOLD = 10
# Probabilities below are not looked at: no threshold is that low, and of thousands of types nearly all are.
MIN_PROBABILITY = 1e-3


def best_threshold(probabilities: Floats1d, is_gold: numpy.ndarray, n_gold: int) -> float | None:
    """The threshold of the highest F1, in the middle between the last probability that it accepts and the next
    one; of equally good ones the highest. None if no threshold gives an F1 above 0.

    probabilities (answers,), is_gold (answers,) bool. n_gold (int): gold, with what has no answer.

        0.9 gold, 0.7, 0.6 gold, 0.2; 2 gold     F1 2/3, 1/2, 4/5, 2/3     0.4
    """
    order = numpy.argsort(-probabilities, kind="stable")
    sorted_ = probabilities[order].astype("float64")
    f = 2 * numpy.cumsum(is_gold[order]) / (numpy.arange(1, len(order) + 1) + n_gold)
    # a threshold cannot part equal probabilities
    f[:-1][sorted_[:-1] == sorted_[1:]] = 0.0
    if not len(f) or not f.max():
        return None
    last = int(f.argmax())
    following = sorted_[last + 1] if last + 1 < len(sorted_) else 0.0
    return float((sorted_[last] + following) / 2)


def global_threshold(probabilities: Floats2d, rows: Ints1d, types: Ints1d, n_gold: int) -> float | None:
    """The one threshold of the highest micro F1. probabilities (mentions, types); rows, types: where gold is."""
    looked_at = probabilities >= MIN_PROBABILITY
    is_gold = numpy.zeros(probabilities.shape, dtype=bool)
    is_gold[rows, types] = True
    return best_threshold(probabilities[looked_at], is_gold[looked_at], n_gold)


def label_thresholds(probabilities: Floats2d, rows: Ints1d, types: Ints1d) -> dict[int, float]:
    """Type -> threshold of its highest F1, of types with at least MIN_GOLD gold mentions."""
    found = {}
    n_gold = numpy.bincount(types, minlength=probabilities.shape[1])
    for label in numpy.flatnonzero(n_gold >= MIN_GOLD).tolist():
        is_gold = numpy.zeros(len(probabilities), dtype=bool)
        is_gold[rows[types == label]] = True
        threshold = best_threshold(probabilities[:, label], is_gold, int(n_gold[label]))
        if threshold is not None:
            found[label] = threshold
    return found


def imply_parents(probabilities: Floats2d, parent_rows: Sequence[Sequence[int]]) -> None:
    """Raise the probability of what a type implies to its own, in place.

    probabilities (mentions, types). parent_rows: of each type the columns of those that it implies.
    """
    for label, implied in enumerate(parent_rows):
        for parent in implied:
            numpy.maximum(probabilities[:, parent], probabilities[:, label], out=probabilities[:, parent])
