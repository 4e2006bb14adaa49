"""Scores of pairs -> probabilities and gradients, one label for each pair or several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinc.api import Ops
    from thinc.types import Floats2d

# The score of a class that is not allowed; small enough for a probability of 0.
NOT_ALLOWED = -1e9


def probabilities(ops: Ops, scores: Floats2d, allowed: Any, multi_label: bool) -> Floats2d:
    """Of each class, 0 where it is not allowed: softmax over the others, or a sigmoid for each.

    scores (pairs, classes), not normalised; allowed (pairs, classes) bool.
    """
    scores = ops.xp.where(allowed, scores, NOT_ALLOWED).astype("f")
    if not len(scores):
        return scores
    return ops.sigmoid(scores) * allowed if multi_label else ops.softmax(scores)


def pair_loss(ops: Ops, scores: Floats2d, targets: Any, allowed: Any, multi_label: bool) -> tuple[float, Floats2d]:
    """Cross-entropy, the mean over pairs, and with several labels over labels; its gradient.

    targets (pairs, classes) 0 or 1: one 1 in each row, or with several labels any number.
    """
    xp = ops.xp
    found = probabilities(ops, scores, allowed, multi_label)
    d_scores = (found - targets) * allowed
    losses = -xp.log(xp.maximum(found, 1e-30)) * targets
    if multi_label:
        losses -= xp.log(xp.maximum(1.0 - found, 1e-30)) * (1.0 - targets)
    n = max(len(scores) * (scores.shape[1] if multi_label else 1), 1)
    return float(losses.sum()) / n, (d_scores / n).astype("f")
