"""Docs and their mentions -> the windows in which the mentions are linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

from ..tokenization.alignment import align, word_offsets
from ..types import MentionWindow, Pieces, Question
from .questions import MAX_SLOTS
from .windows import context_windows

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Floats2d, Ints1d, Ints2d

    from ..tokenization.pieces import PieceTokenizer


def mention_windows(
    docs: Sequence[Doc],
    mentions: Sequence[Ints2d],
    tokenizer: PieceTokenizer,
    *,
    limit: int,
    max_slots: int = MAX_SLOTS,
) -> list[MentionWindow]:
    """All mentions of a Doc in one window where that fits, as in LUKE's entity disambiguation
    (studio-ousia/luke examples/entity_disambiguation/dataloader.py); texts are tokenised between mentions.

    A longer Doc is cut into windows with context on both sides. A mention is seen in every window that
    holds it, and asked in the one that shows most of the text around it. Windows of more than `max_slots`
    mentions are repeated, each time with the next of them. A mention without a piece, or longer than a
    window, is in none.

    mentions: for each Doc (mentions, 2) word offsets, on the CPU. They may overlap.
    limit (int): pieces a window may hold, special pieces included.
    """
    windows = []
    offset = 0
    for index, (doc, spans) in enumerate(zip(docs, mentions, strict=True)):
        if len(spans):
            windows += _windows_of(doc, index, spans, offset, tokenizer, limit - 2, max_slots)
        offset += len(spans)
    return windows


def _windows_of(
    doc: Doc, index: int, spans: Ints2d, offset: int, tokenizer: PieceTokenizer, limit: int, max_slots: int
) -> list[MentionWindow]:
    starts, ends = word_offsets(doc)
    borders = numpy.stack([starts[spans[:, 0]], ends[spans[:, 1] - 1]], axis=1)
    pieces = tokenizer.encode_segments(doc.text, borders.ravel().tolist())
    of_mentions = align(pieces, borders[:, 0], borders[:, 1]) if _in_order(borders) else _align_each(pieces, borders)
    places = numpy.stack([of_mentions.first, of_mentions.last], axis=1)
    runs = _runs(doc, pieces, starts, ends, limit)
    home = _most_context(places, runs)
    found = []
    for number, (lo, hi) in enumerate(runs):
        inside = numpy.flatnonzero((places[:, 0] >= lo) & (places[:, 1] <= hi) & (places[:, 0] < places[:, 1]))
        ids = numpy.concatenate([[tokenizer.cls], pieces.ids[lo:hi], [tokenizer.sep]]).astype("int64")
        for rows in numpy.array_split(inside, -(-len(inside) // max_slots)) if len(inside) else ():
            if (home[rows] == number).any():
                slots = places[rows] - lo + 1
                found.append(MentionWindow(index, ids, rows + offset, slots, home[rows] == number))
    return found


def _runs(doc: Doc, pieces: Pieces, starts: Ints1d, ends: Ints1d, limit: int) -> list[tuple[int, int]]:
    """First piece and one past the last of each window."""
    if len(pieces.ids) <= limit:
        return [(0, len(pieces.ids))]
    words = align(pieces, starts, ends)
    # pieces up to the next word: one over two words counts once, so a window may be one piece too long
    lengths = numpy.diff(numpy.append(words.first, len(pieces.ids)))
    windows = context_windows(doc, lengths, limit - 1)
    runs = [(int(words.first[w.start]), int(words.last[w.end - 1])) for w in windows]
    return [(lo, min(hi, lo + limit)) for lo, hi in runs]


def _most_context(places: Ints2d, runs: list[tuple[int, int]]) -> Ints1d:
    """(mentions,) which run shows most text on the shorter side of each mention; -1 = none holds it."""
    los, his = numpy.asarray(runs, dtype="int64").T
    before, behind = places[:, :1] - los, his - places[:, 1:]
    # at the ends of the text there is no more to show
    before = numpy.where(los == 0, len(los) + his.max(), before)
    behind = numpy.where(his == his.max(), len(los) + his.max(), behind)
    room = numpy.where((places[:, :1] >= los) & (places[:, 1:] <= his), numpy.minimum(before, behind), -1)
    best = room.argmax(axis=1)
    return numpy.where((room.max(axis=1) >= 0) & (places[:, 0] < places[:, 1]), best, -1)


def _in_order(borders: Ints2d) -> bool:
    return bool((borders[1:, 0] >= borders[:-1, 1]).all())


def _align_each(pieces: Pieces, borders: Ints2d):
    """`align` wants words in order; overlapping mentions are aligned through their sorted borders."""
    from ..types import Alignment

    firsts = [align(pieces, [start], [end]) for start, end in borders]
    return Alignment(
        numpy.concatenate([a.first for a in firsts]), numpy.concatenate([a.last for a in firsts])
    )


def ask_window(window: MentionWindow, mask: int, table_rows: int, shown: Ints1d, vectors: Floats2d) -> Question:
    """The window as a question: a mention is [MASK], or the entity it is known to stand for.

    mask (int): entity id of [MASK]. table_rows (int): rows of the encoder's entity table.
    shown (mentions of the batch,): row of `vectors` that each mention shows, -1 = [MASK].
    vectors: (vectors, emb).
    """
    rows = shown[window.mentions]
    known = rows >= 0
    ids = numpy.full(len(rows), mask, dtype="int64")
    ids[known] = table_rows + numpy.arange(known.sum())
    return Question(window.piece_ids, ids, window.spans, "full", vectors[rows[known]] if known.any() else None)
