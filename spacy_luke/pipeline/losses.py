"""Scores and gold -> loss and gradient of spans (luke_ner), mentions and types (luke_typing), pairs (luke_relations)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinc.api import Ops
    from thinc.types import Floats2d, Ints1d

# The score of a class that is not allowed; small enough for a probability of 0.
NOT_ALLOWED = -1e9


def span_loss(ops: Ops, scores: Floats2d, classes: Ints1d, asked: Any, has_proposer: bool) -> tuple[float, Floats2d]:
    """Cross-entropy, the mean over the spans that were asked; its gradient.

    scores (spans, classes); with the proposer's as one more column, whose binary cross-entropy, is it an entity or
    not, is added. classes (spans,), asked (spans,) bool.
    """
    xp, n_classes = ops.xp, scores.shape[1] - has_proposer
    rows = xp.arange(len(classes))
    d_scores = xp.zeros_like(scores)
    d_labels = ops.softmax(scores[:, :n_classes])
    losses = -xp.log(xp.maximum(d_labels[rows, classes], 1e-30))
    d_labels[rows, classes] -= 1.0
    d_scores[:, :n_classes] = d_labels
    if has_proposer:
        is_entity = (classes > 0).astype("f")
        found = ops.sigmoid(scores[:, -1])
        losses += -xp.log(xp.maximum(1.0 - xp.abs(is_entity - found), 1e-30))
        d_scores[:, -1] = found - is_entity
    n_asked = max(int(asked.sum()), 1)
    d_scores *= asked[:, None] / n_asked
    return float(losses[asked].sum()) / n_asked, d_scores


def types_loss(ops: Ops, scores: Floats2d, rows: Ints1d, types: Ints1d, asked: Any) -> tuple[float, Floats2d]:
    """Binary cross-entropy, added up over the types, the mean over the mentions that were asked; its gradient.

    scores (mentions, types); rows, types: the places that should be 1; asked (mentions,) bool.
    """
    xp = ops.xp
    share = asked[:, None] / max(int(asked.sum()), 1)
    # log(1 + e^x) - x * gold, for any x
    losses = xp.maximum(scores, 0) + xp.log1p(xp.exp(-abs(scores)))
    losses[rows, types] -= scores[rows, types]
    d_scores = ops.sigmoid(scores)
    d_scores[rows, types] -= 1.0
    return float((losses * share).sum()), (d_scores * share).astype("float32")


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
