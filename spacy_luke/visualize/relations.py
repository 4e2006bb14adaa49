"""Style "relations": arcs from head to tail over the text, as SVG.

    +---founded 0.98--v
    Ada  ...........  Acme  in  Kyoto
    PERSON            ORG       LOC

Rows break only where no arc passes. Text between entities is shortened in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from unicodedata import east_asian_width

from spacy.tokens import Doc

from ..annotations import RELATIONS_KEY, Relation, get_relations
from .html import FONT, color_of, escape, note

ROW = 1000  # pixels after which a row ends, where it may
GAP = 40  # characters of text between entities that are shown in full
SIDE = 16  # of a longer one, those on each side
LEVEL, FOOT = 22, 16  # pixels between arcs; for each line of labels below the text
# Pixels of a character: at least about right in any font, the browser makes texts exactly as long as they are said to be.
THIN, NARROW, BROAD, WIDE, LABEL = 4, 8, 11, 14, 8  # as i, a, M, 漢; of a label
_THIN, _BROAD = frozenset(" fijlrtI.,;:'!|()[]-"), frozenset("mwMWOQG@%—")


class Piece(NamedTuple):
    """A stretch of the text in a row."""

    text: str
    start: int  # characters of the Doc
    x: float
    width: float  # of the place it has; of an entity at least that of its label, the text is in the middle

    @property
    def text_x(self) -> float:
        return self.x + (self.width - _width(self.text)) / 2


def relations(doc: Doc, options: Mapping[str, Any]) -> str:
    """Entities and the arcs between them."""
    key = options.get("relations_key", RELATIONS_KEY)
    found = get_relations(doc, key)
    spans = dict.fromkeys((s.start_char, s.end_char, s.label_) for s in doc.spans.get(key, ()) if len(s))
    if not spans:
        return note(f'No entities to relate: doc.spans["{key}"] is empty.')
    drawn = "".join(_row(row, list(spans), found) for row in _rows(doc.text, list(spans), found))
    return drawn + ("" if found else note("No relations."))


def _rows(text: str, spans: list[tuple], found: list[Relation]) -> Iterator[list[Piece]]:
    """The text in pieces, entities that overlap in one, row by row."""
    arcs = [sorted((r.head.start_char, r.tail.start_char)) for r in found]
    row: list[Piece] = []
    x = 0.0
    for start, end, is_entity in _pieces(text, spans):
        shown = text[start:end]
        if not is_entity and len(shown) > GAP:
            shown = f"{shown[:SIDE]} … {shown[-SIDE:]}"
        shown = "".join(" " if char.isspace() else char for char in shown)
        if is_entity and row and x > ROW and not any(first < start <= last for first, last in arcs):
            yield row
            row, x = [], 0.0
        labels = [LABEL * len(label) for first, last, label in spans if is_entity and start <= first < end]
        row.append(Piece(shown, start, x, max([_width(shown), *labels])))
        x += row[-1].width
    if row:
        yield row


def _pieces(text: str, spans: list[tuple]) -> Iterator[tuple[int, int, bool]]:
    done = 0
    merged: list[list[int]] = []
    for start, end, _ in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    for start, end in merged:
        if start > done:
            yield done, start, False
        yield start, end, True
        done = end
    if done < len(text):
        yield done, len(text), False


def _row(pieces: list[Piece], spans: list[tuple], found: list[Relation]) -> str:
    spans = [span for span in spans if any(p.start <= span[0] < p.start + len(p.text) for p in pieces)]
    placed = {span: _place(pieces, span) for span in spans}
    ends = [(r, _key(r.head), _key(r.tail)) for r in found]
    arcs = _levels([(r, placed[head], placed[tail]) for r, head, tail in ends if head in placed and tail in placed])
    depth = {span: sum(other != span and _holds(span, other) for other in spans) for span in spans}
    base = LEVEL * (1 + max((level for *_, level in arcs), default=0))
    height = base + 24 + FOOT * (1 + max(depth.values(), default=0))
    width = pieces[-1].x + pieces[-1].width
    left = min([0.0, *(min(a, b, (a + b) / 2 - _width(name) / 2) for _, name, a, b, _ in arcs)])
    right = max([width, *(max(a, b, (a + b) / 2 + _width(name) / 2) for _, name, a, b, _ in arcs)])
    drawn = [_box(span, placed[span], depth[span], base) for span in spans]
    drawn += [_text(piece, base) for piece in pieces]
    drawn += [_arc(*arc, base) for arc in arcs]
    size = (
        f'width="{right - left + 8:.0f}" height="{height}" viewBox="{left - 4:.0f} 0 {right - left + 8:.0f} {height}"'
    )
    style = f"font: 14px {FONT}; max-width: none"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{style}">{"".join(drawn)}</svg>'
    return f'<div class="relations" dir="ltr" style="overflow-x: auto">{svg}</div>'


def _levels(arcs: list[tuple[Relation, tuple, tuple]]) -> list[tuple[Relation, str, float, float, int]]:
    """(relation, what is written on it, x of head, x of tail, level): the shortest lowest, none across another."""
    placed: list[tuple[float, float, int]] = []
    found = []
    for relation, (head_x, head_w), (tail_x, tail_w) in sorted(arcs, key=lambda arc: abs(arc[1][0] - arc[2][0])):
        side = 1 if head_x <= tail_x else -1  # so that arcs in and out of an entity do not meet
        a, b = head_x + head_w / 2 + 3 * side, tail_x + tail_w / 2 - 9 * side
        name = relation.label if relation.score == 1.0 else f"{relation.label} {relation.score:.2f}"
        half = _width(name) / 2
        low, high = min(a, b, (a + b) / 2 - half), max(a, b, (a + b) / 2 + half)
        level = 1 + max((lev for start, end, lev in placed if start < high and low < end), default=0)
        placed.append((low, high, level))
        found.append((relation, name, a, b, level))
    return found


def _arc(relation: Relation, name: str, a: float, b: float, level: int, base: int) -> str:
    top, foot, color = base - level * LEVEL + 8, base - 2, "#555"
    hint = escape(f"{relation.head.text} → {relation.label} ({relation.score:.3f}) → {relation.tail.text}")
    line = f'<path d="M{a:.1f},{foot} V{top} H{b:.1f} V{foot - 4}" fill="none" stroke="{color}"/>'
    arrow = f'<path d="M{b - 4:.1f},{foot - 7} L{b + 4:.1f},{foot - 7} L{b:.1f},{foot} Z" fill="{color}"/>'
    style = "font-size: 12px; paint-order: stroke; stroke: #fff; stroke-width: 5px"
    text = f'<text x="{(a + b) / 2:.1f}" y="{top + 4}" text-anchor="middle" style="{style}">{escape(name)}</text>'
    return f'<g class="arc"><title>{hint}</title>{line}{arrow}{text}</g>'


def _box(span: tuple, place: tuple[float, float], depth: int, base: int) -> str:
    x, width, label = *place, escape(span[2])
    rect = f'<rect x="{x:.1f}" y="{base}" width="{width:.1f}" height="22" rx="4" fill="{color_of(span[2])}" fill-opacity="0.6"/>'
    y = base + 34 + FOOT * depth
    return f'{rect}<text x="{x + width / 2:.1f}" y="{y}" text-anchor="middle" style="font-size: 10px; font-weight: bold">{label}</text>'


def _text(piece: Piece, base: int) -> str:
    size = f'x="{piece.text_x:.1f}" y="{base + 16}" textLength="{_width(piece.text):.1f}" style="white-space: pre"'
    return f"<text {size}>{escape(piece.text)}</text>"


def _place(pieces: list[Piece], span: tuple) -> tuple[float, float]:
    """x and width of a span: it lies in one piece."""
    [piece] = [p for p in pieces if p.start <= span[0] < p.start + len(p.text)]
    before, inside = piece.text[: span[0] - piece.start], piece.text[span[0] - piece.start : span[1] - piece.start]
    return piece.text_x + _width(before), _width(inside)


def _holds(span: tuple, other: tuple) -> bool:
    """Does the other one hold this one, or come first of the same words?"""
    return other[0] <= span[0] and span[1] <= other[1] and (other[:2] != span[:2] or other[2] < span[2])


def _key(span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def _width(text: str) -> float:
    return float(sum(map(_char_width, text)))


def _char_width(char: str) -> int:
    if char in _THIN:
        return THIN
    if char in _BROAD:
        return BROAD
    return WIDE if east_asian_width(char) in "WF" else NARROW
