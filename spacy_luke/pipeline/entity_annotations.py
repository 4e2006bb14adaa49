"""Scores of spans -> entities and span group of a Doc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.tokens import Span, SpanGroup

from ..models.ner import NONE_CLASS
from .decoding import decode, softmax

if TYPE_CHECKING:
    from spacy.tokens import Doc


def write_entities(
    doc: Doc,
    spans: numpy.ndarray,
    scores: numpy.ndarray,
    labels: Sequence[str],
    *,
    overwrite: bool,
    spans_key: str,
    min_score: float,
) -> None:
    """Write doc.ents and doc.spans[spans_key], see `LukeNER`.

    spans (spans, 2): word offsets. scores (spans, 1 + labels), not normalised.
    """
    kept, blocked = ((), ()) if overwrite else (doc.ents, _blocked(doc))
    taken = numpy.zeros(len(doc), dtype=bool)
    for span in (*kept, *blocked):
        taken[span.start : span.end] = True
    found = [
        Span(doc, int(spans[row, 0]), int(spans[row, 1]), label=labels[label - 1])
        for row, label in decode(spans, scores, taken)
    ]
    doc.set_ents([*kept, *found], blocked=list(blocked), default="outside")
    probabilities = softmax(scores)
    probabilities[:, NONE_CLASS] = 0.0
    above = numpy.argwhere(probabilities >= max(min_score, 1e-9))
    places = zip(spans[above[:, 0]].tolist(), above[:, 1].tolist())
    group = SpanGroup(
        doc, name=spans_key, spans=[Span(doc, start, end, label=labels[label - 1]) for (start, end), label in places]
    )
    group.attrs["scores"] = probabilities[above[:, 0], above[:, 1]]
    doc.spans[spans_key] = group


def _blocked(doc: Doc) -> list[Span]:
    """The words that `doc.set_ents(..., blocked=...)` keeps from being entities: spaCy notes them as
    entities that begin and have no type."""
    iob, types = doc.to_array([ENT_IOB, ENT_TYPE]).T
    return [doc[i : i + 1] for i in numpy.flatnonzero((iob == 3) & (types == 0)).tolist()]
