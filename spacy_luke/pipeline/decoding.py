"""Scores of spans -> which of them are entities."""

from __future__ import annotations

import numpy

from ..models.ner import NONE_CLASS


def decode(spans: numpy.ndarray, scores: numpy.ndarray, taken: numpy.ndarray) -> list[tuple[int, int]]:
    """Best first without overlap (studio-ousia/luke examples/ner/metrics/span_to_label_f1.py): spans
    whose best class is a label, by its score, each accepted if none of its words is taken.

    spans (spans, 2), scores (spans, classes), taken (words,) bool, changed in place.
    RETURNS: (row, class) of the accepted spans, best first.
    """
    if not len(scores):
        return []
    best = scores.argmax(axis=1)
    rows = numpy.flatnonzero(best != NONE_CLASS)
    order = rows[numpy.argsort(-scores[rows, best[rows]], kind="stable")]
    accepted = []
    for row, (start, end) in zip(order.tolist(), spans[order].tolist()):
        if not taken[start:end].any():
            taken[start:end] = True
            accepted.append((row, int(best[row])))
    return accepted


def softmax(scores: numpy.ndarray) -> numpy.ndarray:
    """Probabilities (spans, classes) of scores that are not normalised."""
    if not len(scores):
        return scores.copy()
    exp = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)
