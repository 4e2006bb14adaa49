"""Gold links -> the mentions to train on, and the option that is right for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy
from spacy.tokens import Span

from ..annotations import NIL
from ..scorers import gold_mentions
from .aligned import predicted_words

if TYPE_CHECKING:
    from spacy.training import Example
    from thinc.types import Ints1d

    from ..types import Candidates, LinkOptions

# A mention that trains nothing: its gold is not annotated, or not among its candidates.
UNKNOWN = -1


class GoldLink(NamedTuple):
    mention: Span  # of example.predicted
    entity: str  # id, NIL, or "" = not annotated


def gold_links(example: Example, spans_key: str | None = None) -> list[GoldLink]:
    """The gold mentions that begin and end with words of example.predicted, by aligned words.

    spans_key: of the span group with gold, None = reference.ents, or reference.spans["nel_mentions"] if it is there.
    """
    found = []
    for span in _gold_spans(example, spans_key):
        words = predicted_words(example, span)
        if words is not None:
            found.append(GoldLink(Span(example.predicted, *words, label=span.label), span.kb_id_))
    return found


def misaligned_links(example: Example, spans_key: str | None = None) -> list[Span]:
    """The linked gold mentions, spans of example.reference, that `gold_links` leaves out."""
    spans = _gold_spans(example, spans_key)
    return [span for span in spans if span.kb_id and predicted_words(example, span) is None]


def _gold_spans(example: Example, spans_key: str | None) -> Sequence[Span]:
    reference = example.reference
    if spans_key is None:
        return gold_mentions(reference)
    return [span for span in reference.spans.get(spans_key, ()) if len(span)]


def link_targets(links: Sequence[str], candidates: Sequence[Candidates], options: LinkOptions) -> Ints1d:
    """(mentions,) int64: the place of the right option among all options, UNKNOWN where there is none.
    links: id, NIL or "" of each mention."""
    starts = options.nil_rows - options.lengths
    targets = numpy.full(len(links), UNKNOWN, dtype="int64")
    for row, (link, found) in enumerate(zip(links, candidates, strict=True)):
        if link == NIL:
            targets[row] = options.nil_rows[row]
        elif link in found.ids:
            targets[row] = starts[row] + found.ids.index(link)
    return targets


def choose_masked(doc_of: Ints1d, share: float) -> numpy.ndarray:
    """(mentions,) bool: `share` of the mentions of each Doc, at least one, drawn from NumPy's global
    generator, which `spacy train` seeds (studio-ousia/luke examples/entity_disambiguation/train.py)."""
    masked = numpy.zeros(len(doc_of), dtype=bool)
    for doc in numpy.unique(doc_of).tolist():
        rows = numpy.flatnonzero(doc_of == doc)
        masked[numpy.random.permutation(rows)[: max(1, round(len(rows) * share))]] = True
    return masked
