"""What the encoder is asked in each task: pieces with special pieces and markers, and slots over them.

    entity_span_classification   <s> Tokyo is a city </s>               slots over the mentions
    None (entities given)        the same
    entity_classification        <s> <ent> Tokyo <ent> is a city </s>   the slot covers its markers
    entity_pair_classification   <s> <ent> Tokyo <ent> is in <ent2> Japan <ent2> </s>

The numbers are those of LukeTokenizer and MLukeTokenizer (transformers 4.53.2, `task`), but for

- the text of a special piece inside a text: theirs becomes the special piece, ours stays text;
- overlapping head and tail: their markers and positions shift against each other, ours are nested;
- byte-level BPE of letters that a newer Unicode version classes differently (their `regex`, our `tokenizers`);
- SentencePiece: two ways of cutting with the same score (′′ + ′ or ′ + ′′), and texts with a literal "▁";
- mentions of more than 30 pieces: spans here are whole, who makes positions of them keeps the first 30.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Sequence

import numpy

from ..errors import Errors
from .plain import cuts_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from thinc.types import Ints1d, Ints2d

    from .pieces import PieceTokenizer

Task = Literal["entity_classification", "entity_pair_classification", "entity_span_classification"]


def encode_task(
    tokenizer: PieceTokenizer, text: str, spans: ArrayLike, task: Task | None = None
) -> tuple[Ints1d, Ints2d]:
    """The text cut at the borders of its mentions, as LukeTokenizer cuts it for `task`.

    spans: (mentions, 2) characters [start, end); one for entity_classification, head and tail for
        entity_pair_classification.
    RETURNS: piece ids (pieces,) with special pieces and markers, and slot spans (mentions, 2): first
        piece and one past the last, markers included. Both int64.
    RAISES: LK207 for a span outside the text or a wrong number of spans.
    """
    wanted = {"entity_classification": 1, "entity_pair_classification": 2}.get(task or "")
    borders = numpy.asarray(spans, dtype="int64").reshape(-1, 2)
    if wanted not in (None, len(borders)):
        raise ValueError(Errors.LK207.format(found=f"{len(borders)} spans", wanted=f"{wanted} for {task}"))
    wrong = (borders[:, 0] < 0) | (borders[:, 0] >= borders[:, 1]) | (borders[:, 1] > len(text))
    if wrong.any():
        start, end = borders[wrong][0].tolist()
        raise ValueError(Errors.LK207.format(found=f"the span ({start}, {end})", wanted=f"spans within (0, {len(text)})"))
    pieces = tokenizer.encode_segments(text, numpy.unique(borders).tolist())
    runs = numpy.searchsorted(pieces.starts, cuts_at(text, borders))
    markers = (tokenizer.ent, tokenizer.ent2)[: wanted or 0]
    if None in markers:
        raise ValueError(Errors.LK208.format(task=task))
    return surround(pieces.ids, runs, markers, tokenizer.cls, tokenizer.sep)  # type: ignore[arg-type]


def surround(
    ids: Ints1d, spans: ArrayLike, markers: Sequence[int], cls: int, sep: int
) -> tuple[Ints1d, Ints2d]:
    """Put special pieces around a run of pieces, and a marker on both sides of each span.

    ids: (pieces,). spans: (spans, 2) first piece and one past the last, counted in `ids`.
    markers: (spans,) the marker of each span, or empty for none.
    RETURNS: the new ids, and the spans counted in them, markers included. Spans inside others get their
        markers inside theirs.
    """
    ids = numpy.asarray(ids, dtype="int64")
    spans = numpy.asarray(spans, dtype="int64").reshape(-1, 2)
    if not len(markers):
        return numpy.concatenate([[cls], ids, [sep]]), spans + 1
    # (place, closing before opening, inner before outer closing and outer before inner opening, which span)
    inserts: list[tuple[int, int, int, int]] = []
    for i in range(len(markers)):
        start, end = spans[i].tolist()
        inserts.append((start, 1, -end, i))
        inserts.append((end, 0, -start, -i) if start < end else (end, 2, 0, -i))
    inserts.sort()
    which = [abs(i) for _, _, _, i in inserts]
    places = numpy.asarray([place for place, _, _, _ in inserts], dtype="int64")
    marked = numpy.insert(ids, places, [markers[i] for i in which])
    slots = spans.copy()
    for rank, (place, kind, _, _) in enumerate(inserts):
        slots[which[rank], 0 if kind == 1 else 1] = place + rank + (kind != 1)
    return numpy.concatenate([[cls], marked, [sep]]), slots + 1
