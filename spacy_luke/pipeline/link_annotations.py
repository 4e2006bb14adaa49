"""The answers of luke_linker, and how they are written to a Doc."""

from __future__ import annotations

from typing import NamedTuple

from spacy.tokens import Doc, Span, SpanGroup

from ..annotations import NIL
from .asked import Asked
from .disambiguation import Decisions


class Link(NamedTuple):
    """The answer for one mention."""

    entity: str  # id or NIL
    candidates: list[str]
    scores: list[float]  # (candidates,) probabilities; with `nil` they add up to 1
    nil: float
    step: int  # the pass in which it was decided, from 0; -1 = no candidates, nothing to decide


def links_of(asked: Asked, decided: Decisions) -> list[Link]:
    """The answer for each mention."""
    starts = asked.options.nil_rows - asked.options.lengths
    links = []
    for row, found in enumerate(asked.candidates):
        *scores, nil = decided.probabilities[starts[row] : asked.options.nil_rows[row] + 1].tolist()
        best = int(decided.chosen[row] - starts[row])
        links.append(Link((found.ids + [NIL])[best], found.ids, scores, nil, int(decided.order[row])))
    return links


def write_links(doc: Doc, key: str, links: list[tuple[Span, Link]]) -> None:
    """doc.spans[key]: the mentions with their ids, candidates and probabilities, see `LukeLinker`."""
    group = SpanGroup(doc, name=key)
    for span, link in links:
        group.append(Span(doc, span.start, span.end, label=span.label, kb_id=link.entity))
    group.attrs["candidates"] = [link.candidates for _, link in links]
    group.attrs["scores"] = [link.scores for _, link in links]
    group.attrs["nil"] = [link.nil for _, link in links]
    group.attrs["steps"] = [link.step for _, link in links]
    doc.spans[key] = group
