"""Where results live on a Doc: span groups whose attrs hold plain values, so they survive DocBin, to_bytes,
copies and other processes. Gold is written and read in the same places.

    doc.spans["luke_relations"]   the entities, attrs["relations"] = [[head, tail, label, score], ...]: head and
                                  tail are places in the group
    doc._.relations               all of them, span._.relations those of a span, as Relation

    doc.spans["luke_typing"]      a span for each entity and type, attrs["scores"]
    span._.luke_types             the types of a span and their scores
"""

from __future__ import annotations

from numbers import Real
from typing import Iterable, Mapping, NamedTuple, Sequence

from spacy.tokens import Doc, Span, SpanGroup

from .errors import Errors

RELATIONS_KEY = "luke_relations"
TYPES_KEY = "luke_typing"

# The kb_id of a mention that was looked at, and that the knowledge base has no entity for.
NIL = "NIL"


class Relation(NamedTuple):
    """head -- label --> tail."""

    head: Span
    tail: Span
    label: str
    score: float = 1.0  # probability; 1.0 for gold


def has_relations(doc: Doc, spans_key: str = RELATIONS_KEY) -> bool:
    """Has anybody said what the relations of a Doc are, if only that there is none? A group without
    attrs["relations"] has nothing but entities: Doc.from_docs makes such groups, it drops attrs."""
    return spans_key in doc.spans and "relations" in doc.spans[spans_key].attrs


def get_relations(doc: Doc, spans_key: str = RELATIONS_KEY) -> list[Relation]:
    """The relations of a Doc, in the order they are written in; none if it has no such group.

    RAISES ValueError LK262: a relation that is not [head, tail, label] or [head, tail, label, score] with
        places in the group.
    """
    if spans_key not in doc.spans:
        return []
    entities = list(doc.spans[spans_key])
    found = []
    for row in doc.spans[spans_key].attrs.get("relations", ()):
        try:
            head, tail, label, score = (*row, 1.0) if len(row) == 3 else row
            relation = Relation(entities[_place(head)], entities[_place(tail)], str(label), float(score))
        except (TypeError, ValueError, IndexError) as err:
            raise ValueError(Errors.LK262.format(found=row, key=spans_key, entities=len(entities))) from err
        found.append(relation)
    return found


def set_relations(
    doc: Doc,
    relations: Iterable[Relation | tuple],
    *,
    entities: Sequence[Span] | None = None,
    spans_key: str = RELATIONS_KEY,
) -> None:
    """Write relations, gold or predicted, in place of those that the Doc has.

    relations: Relation, or (head, tail, label) or (head, tail, label, score) with Spans of this Doc.
    entities: all that were looked at, with a relation or without; None = doc.ents. Heads and tails that are
        not among them are added. A Doc with the group and without a relation says: there is none.
    RAISES ValueError LK263: a head, tail or entity that is not a Span of this Doc; LK264: a label that is not a
        string or empty, a score that is not a number.
    """
    kept = list(doc.ents if entities is None else entities)
    places = {_key(doc, span): place for place, span in reversed(list(enumerate(kept)))}
    rows: list[list] = []
    for relation in relations:
        head, tail, label, score = Relation(*relation)
        if not isinstance(label, str) or not label or not isinstance(score, Real):
            raise ValueError(Errors.LK264.format(label=label, score=score))
        for span in (head, tail):
            if places.setdefault(_key(doc, span), len(kept)) == len(kept):
                kept.append(span)
        rows.append([places[_key(doc, head)], places[_key(doc, tail)], label, float(score)])
    doc.spans[spans_key] = SpanGroup(doc, name=spans_key, spans=kept, attrs={"relations": rows})


def get_span_relations(span: Span) -> list[Relation]:
    """Those whose head or tail has the same words."""
    return [r for r in get_relations(span.doc) if _words(span) in (_words(r.head), _words(r.tail))]


def get_types(span: Span, types_key: str = TYPES_KEY) -> dict[str, float]:
    """The types of the same words and their scores, the surest first; 1.0 where the group has no scores."""
    if types_key not in span.doc.spans:
        return {}
    group = span.doc.spans[types_key]
    scores = group.attrs.get("scores", [1.0] * len(group))
    found = {s.label_: float(p) for s, p in zip(group, scores) if _words(s) == _words(span) and s.label}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def set_types(
    doc: Doc, types: Iterable[tuple[Span, Mapping[str, float] | Iterable[str]]], *, types_key: str = TYPES_KEY
) -> None:
    """Write types, gold or predicted, in place of those that the Doc has.

    types: Spans of this Doc and the types of each, or type -> score. A Span without types is written with an
        empty label: it is known to have none. One that is not given is not annotated.
    RAISES ValueError LK263: a Span of another Doc.
    """
    rows = []
    for span, labels in types:
        scored = labels if isinstance(labels, Mapping) else dict.fromkeys(labels, 1.0)
        start, end, _ = _key(doc, span)
        rows += [(start, end, label, float(score)) for label, score in (scored or {"": 1.0}).items()]
    spans = [Span(doc, start, end, label=label) for start, end, label, _ in rows]
    scores = [score for *_, score in rows]
    doc.spans[types_key] = SpanGroup(doc, name=types_key, spans=spans, attrs={"scores": scores})


def register_extensions() -> None:
    """doc._.relations, span._.relations and span._.luke_types; what a user has defined under these names stays."""
    for kind, name, getter in (
        (Doc, "relations", get_relations),
        (Span, "relations", get_span_relations),
        (Span, "luke_types", get_types),
    ):
        if not kind.has_extension(name):
            kind.set_extension(name, getter=getter)  # type: ignore[arg-type]


def _place(place: int) -> int:
    if not isinstance(place, int) or place < 0:
        raise IndexError(place)
    return place


def _words(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _key(doc: Doc, span: Span) -> tuple[int, int, int]:
    if not isinstance(span, Span) or span.doc is not doc:
        raise ValueError(Errors.LK263.format(found=span))
    return span.start, span.end, span.label
