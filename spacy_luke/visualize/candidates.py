"""Style "candidates": what each mention may be, as bars, and when luke_linker decided it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span

from ..annotations import NIL
from ..errors import Errors
from .html import bar, entity_link, escape, note
from .names import names_in

LINKER_KEY = "luke_linker"
_CELL = "padding: 0 0.7rem 0 0; text-align: {align}; white-space: nowrap"


class Choice(NamedTuple):
    """One mention and what it may be."""

    mention: Span
    chosen: str  # id or NIL
    options: list[tuple[str, float]]  # (ids and NIL, probability), the most probable first
    step: int | None  # the pass in which it was decided, from 0; -1 = nothing to decide; None = not noted

    @property
    def probability(self) -> float:
        """Of what was chosen."""
        return dict(self.options).get(self.chosen, 0.0)


def get_choices(doc: Doc, spans_key: str = LINKER_KEY) -> list[Choice]:
    """What luke_linker noted of each mention, in the order of the text; nothing if the Doc has no such group.

    RAISES ValueError LK731: a group whose attributes are not those of luke_linker.
    """
    if spans_key not in doc.spans:
        return []
    group = doc.spans[spans_key]
    try:
        candidates, scores, nils = (group.attrs[key] for key in ("candidates", "scores", "nil"))
        steps = group.attrs.get("steps", [None] * len(group))
        rows = zip(group, candidates, scores, nils, steps, strict=True)
        return [Choice(span, span.kb_id_, _sorted(ids, p, nil), step) for span, ids, p, nil, step in rows]
    except (KeyError, TypeError, ValueError) as err:
        raise ValueError(Errors.LK731.format(key=spans_key, found=sorted(group.attrs), mentions=len(group))) from err


def candidates(doc: Doc, options: Mapping[str, Any]) -> str:
    """A table for each mention: the `top` most probable candidates (5 if not given) and NIL."""
    key = options.get("linker_key", LINKER_KEY)
    name, top = names_in(options, doc.lang_), options.get("top", 5)
    choices = get_choices(doc, key)
    if not choices:
        return note(f'No mention was linked: doc.spans["{key}"] is empty.')
    return "".join(_table(choice, options, name, top) for choice in choices)


def _table(choice: Choice, options: Mapping[str, Any], name, top: int) -> str:
    rows = "".join(_rows(choice, options, name, top))
    label = f" <small>{escape(choice.mention.label_)}</small>" if choice.mention.label_ else ""
    when = "" if choice.step is None or choice.step < 0 else f" <small>decided in pass {choice.step + 1}</small>"
    head = f'<figcaption style="font-weight: bold">{escape(choice.mention.text)}{label}{when}</figcaption>'
    return f'<figure class="candidates" style="margin: 1rem 0">{head}<table>{rows}</table></figure>'


def _rows(choice: Choice, options: Mapping[str, Any], name, top: int) -> Iterator[str]:
    shown = [row for place, row in enumerate(choice.options) if place < top or row[0] in (NIL, choice.chosen)]
    for entity, p in shown:
        color, weight = ("#2f7d4f", "bold") if entity == choice.chosen else ("#6aa9e0", "normal")
        cells = [
            ("left", entity_link(entity, options)),
            ("left", escape(name(entity))),
            ("left", bar(p, color)),
            ("right", f"{p:.3f}"),
        ]
        tds = "".join(f'<td style="{_CELL.format(align=align)}">{cell}</td>' for align, cell in cells)
        yield f'<tr style="font-weight: {weight}">{tds}</tr>'
    if len(shown) < len(choice.options):
        rest = sum(p for _, p in choice.options) - sum(p for _, p in shown)
        more = f"{len(choice.options) - len(shown)} more, together {max(rest, 0.0):.3f}"
        yield f'<tr><td colspan="4" style="color: #777">{more}</td></tr>'


def _sorted(ids: list[str], scores: list[float], nil: float) -> list[tuple[str, float]]:
    rows = [*((str(entity), float(p)) for entity, p in zip(ids, scores, strict=True)), (NIL, float(nil))]
    return sorted(rows, key=lambda row: -row[1])
