"""Docs and marked spans -> questions with <ent> and <ent2> in the text, and a slot over each marked span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence

import numpy

from ..errors import Errors
from ..tokenization.alignment import align, word_offsets
from ..tokenization.plain import cut_at
from ..tokenization.tasks import surround
from ..types import Question

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Ints1d, Ints2d

    from ..tokenization.pieces import PieceTokenizer
    from ..types import Pieces


# Characters that are looked at on both sides, for each piece that fits a window: a mean length of pieces that only
# runs of blanks reach. Of such a text beyond a window's reach less is shown than would fit.
REACH = 16


@dataclass(frozen=True)
class Marked:
    """One question for each group of marked spans that fits a window."""

    questions: list[Question]
    rows: Ints1d  # (questions,) int64: which of all groups each question is about


def marked_questions(
    docs: Sequence[Doc],
    groups: Sequence[Ints2d],
    tokenizer: PieceTokenizer,
    *,
    slot_ids: tuple[int, ...],
    limit: int,
    reads_pieces: bool = False,
) -> Marked:
    """The input of LUKE's entity typing and relation classification (studio-ousia/luke
    examples/{entity_typing,relation_classification}/reader.py): the text is tokenised between the borders of the
    marked spans, <ent> stands on both sides of the first, <ent2> of the second, slots cover their markers.

        He met Bob in Rome.   [(2, 3), (4, 5)]   <s> He met <ent> Bob <ent> in <ent2> Rome <ent2> . </s>

    A text that fits gives the numbers of LukeTokenizer (see tokenization/tasks.py). Of a longer one stands in
    the question what holds all spans of the group, with as much text on both sides as fits, in whole words.
    A group has no question if no window holds it, or if one of its spans has no piece.

    groups: for each Doc (groups, spans of a group, 2) word offsets; they may overlap.
    slot_ids: the entity of each slot of a group, [MASK] and for a second [MASK2]; as many as spans of a group.
    limit (int): pieces a window may hold, special pieces and markers included.
    reads_pieces (bool): does the head look at the pieces, too.
    RAISES ValueError LK208: the tokenizer has no markers.
    """
    markers = (tokenizer.ent, tokenizer.ent2)[: len(slot_ids)]
    if None in markers:
        raise ValueError(Errors.LK208.format(task="A question with marked spans"))
    room = limit - 2 - 2 * len(markers)
    questions, rows = [], []
    offset = 0
    for doc, doc_groups in zip(docs, groups, strict=True):
        doc_groups = numpy.asarray(doc_groups, dtype="int64").reshape(-1, len(slot_ids), 2)
        for row, ids, places in _cut_out(doc, doc_groups, tokenizer, room):
            ids, slots = surround(ids, places, markers, tokenizer.cls, tokenizer.sep)  # type: ignore[arg-type]
            asked = numpy.asarray(slot_ids, dtype="int64")
            questions.append(Question(ids, asked, slots, "full", reads_pieces=reads_pieces))
            rows.append(offset + row)
        offset += len(doc_groups)
    return Marked(questions, numpy.asarray(rows, dtype="int64"))


def _cut_out(doc: Doc, groups: Ints2d, tokenizer: PieceTokenizer, room: int) -> list[tuple[int, Ints1d, Ints2d]]:
    """For each group that fits: its row, the pieces of its window, the spans (spans, 2) counted in them. Groups
    of the same borders, as both directions of a pair, are tokenised once."""
    text = doc.text  # spaCy joins its words each time
    starts, ends = word_offsets(doc)
    borders = numpy.stack([starts[groups[..., 0]], ends[groups[..., 1] - 1]], axis=-1) if len(groups) else groups
    same: dict[tuple[int, ...], list[int]] = {}
    for row, chars in enumerate(borders):
        same.setdefault(tuple(sorted(set(chars.ravel().tolist()))), []).append(row)
    found = []
    for key, rows in same.items():
        words = _near(starts, ends, key, REACH * room)
        begin, end = int(starts[words][0]), int(ends[words][-1])
        begin, end = begin * bool(words.start), end if words.stop < len(doc) else len(text)
        stretch = text[begin:end]
        pieces = tokenizer.encode_segments(stretch, [border - begin for border in key])
        for row in rows:
            cuts = [[cut_at(stretch, border - begin) for border in span] for span in borders[row].tolist()]
            places = numpy.searchsorted(pieces.starts, numpy.asarray(cuts))
            kept = int(places.min()), int(places.max())
            if kept[1] - kept[0] > room or (places[:, 0] >= places[:, 1]).any():
                continue
            lo, hi = 0, len(pieces.ids)
            if hi > room:
                lo, hi = _widen(*kept, hi, room)
                lo, hi = _whole_words(pieces, starts[words] - begin, ends[words] - begin, kept, (lo, hi))
            found.append((row, pieces.ids[lo:hi], places - lo))
    return sorted(found, key=lambda each: each[0])


def _near(starts: Ints1d, ends: Ints1d, borders: tuple[int, ...], reach: int) -> slice:
    """The words that begin at most `reach` characters before the borders and end as many behind: what lies further
    away is in no window, and long texts with many pairs need not be tokenised as a whole for each."""
    first = int(numpy.searchsorted(starts, borders[0] - reach))
    return slice(first, int(numpy.searchsorted(ends, borders[-1] + reach, side="right")))


def _widen(lo: int, hi: int, n: int, room: int) -> tuple[int, int]:
    """[lo, hi) of n pieces with what is free on both sides: half of it on the shorter side, the rest on the
    other, as around a sentence of LUKE's NER (examples/ner/reader.py)."""
    free = room - (hi - lo)
    left, right = lo, n - hi
    if left < right:
        left = min(left, free // 2)
        right = min(right, free - left)
    else:
        right = min(right, free // 2)
        left = min(left, free - right)
    return lo - left, hi + right


def _whole_words(pieces: Pieces, starts, ends, kept: tuple[int, int], window: tuple[int, int]) -> tuple[int, int]:
    """The window without words that it cuts, never smaller than what must be kept."""
    words = align(pieces, starts, ends)
    lo, hi = window
    if lo > 0:
        following = words.first[words.first >= lo]
        lo = int(following[0]) if len(following) else lo
    if hi < len(pieces.ids):
        complete = words.last[words.last <= hi]
        hi = int(complete[-1]) if len(complete) else hi
    return min(lo, kept[0]), max(hi, kept[1])
