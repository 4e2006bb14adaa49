"""Docs and their mentions -> the windows in which the mentions are linked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

import numpy

from ..tokenization.alignment import align, word_offsets
from ..tokenization.plain import cut_at
from ..types import EarlierMentions, MentionWindow, Pieces, Question
from .carried import SHARE
from .questions import MAX_SLOTS, AskedSpans
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

    A longer Doc is cut into windows with context on both sides and room for what `carry` puts in front of them. A
    mention is seen in every window that holds it, and asked in the one that shows most of the text around it. Windows
    of more than `max_slots` mentions are repeated, each time with the next of them. A mention without a piece, or
    longer than a window, is in none.

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
    # as in encode_task: a "▁" in front of a mention is part of it
    cuts = [cut_at(doc.text, border) for border in borders.ravel().tolist()]
    places = numpy.searchsorted(pieces.starts, numpy.asarray(cuts)).reshape(-1, 2)
    runs = _runs(doc, pieces, starts, ends, limit)
    runs += _runs_of_the_rest(places, runs, limit, len(pieces.ids))
    home = _most_context(places, runs, len(pieces.ids))
    in_text = numpy.argsort(places[:, 0], kind="stable")
    in_text = in_text[places[in_text, 0] < places[in_text, 1]]
    rows_in_text, places_in_text = in_text + offset, places[in_text]
    found = []
    for number, (lo, hi) in enumerate(runs):
        inside = numpy.flatnonzero((places[:, 0] >= lo) & (places[:, 1] <= hi) & (places[:, 0] < places[:, 1]))
        ids = numpy.concatenate([[tokenizer.cls], pieces.ids[lo:hi], [tokenizer.sep]]).astype("int64")
        for rows in numpy.array_split(inside, -(-len(inside) // max_slots)) if len(inside) else ():
            if (home[rows] == number).any():
                slots = places[rows] - lo + 1
                n = int(numpy.isin(in_text, rows).argmax())
                room = limit - (hi - lo)
                earlier = EarlierMentions(rows_in_text[:n], places_in_text[:n], pieces.ids, lo, room) if n else None
                found.append(MentionWindow(index, ids, rows + offset, slots, home[rows] == number, earlier))
    return found


def _runs(doc: Doc, pieces: Pieces, starts: Ints1d, ends: Ints1d, limit: int) -> list[tuple[int, int]]:
    """First piece and one past the last of each window."""
    n = len(pieces.ids)
    if n <= limit:
        return [(0, n)]
    words = align(pieces, starts, ends)
    # blanks in front of a word are its own; a piece over two words is the second one's, and counts once more
    # where a window ends with the first, so the limit is one less
    solid = numpy.flatnonzero(pieces.starts < pieces.ends)
    begins = numpy.append(0, solid + 1)[numpy.searchsorted(solid, words.first)]
    begins = numpy.append(begins, n)
    begins[0] = 0
    windows = context_windows(doc, numpy.diff(begins), limit - 1 - limit // SHARE)
    runs = [(int(begins[w.start]), int(max(begins[w.end], words.last[w.end - 1]))) for w in windows]
    return [(lo, min(hi, lo + limit)) for lo, hi in runs]


def _runs_of_the_rest(places: Ints2d, runs: list[tuple[int, int]], limit: int, n: int) -> list[tuple[int, int]]:
    """Windows for the mentions that fit one but that all others cut, each in the middle of its own."""
    los, his = numpy.asarray(runs, dtype="int64").T
    is_cut = ~((places[:, :1] >= los) & (places[:, 1:] <= his)).any(axis=1)
    more: list[tuple[int, int]] = []
    for start, end in places[is_cut].tolist():
        if 0 < end - start <= limit and not any(lo <= start and end <= hi for lo, hi in more):
            lo = max(0, min(start - (limit - (end - start)) // 2, n - limit))
            more.append((lo, lo + limit))
    return more


def _most_context(places: Ints2d, runs: list[tuple[int, int]], n: int) -> Ints1d:
    """(mentions,) which run shows most text on the shorter side of each mention; -1 = none holds it.
    n (int): pieces of the text; at its ends there is no more to show."""
    los, his = numpy.asarray(runs, dtype="int64").T
    before, behind = places[:, :1] - los, his - places[:, 1:]
    before = numpy.where(los == 0, n, before)
    behind = numpy.where(his == n, n, behind)
    room = numpy.where((places[:, :1] >= los) & (places[:, 1:] <= his), numpy.minimum(before, behind), -1)
    best = room.argmax(axis=1)
    return numpy.where((room.max(axis=1) >= 0) & (places[:, 0] < places[:, 1]), best, -1)


def ask_window(
    window: MentionWindow, mask: int, table_rows: int, shown: Ints1d, vectors: Floats2d, *, reads_pieces: bool = False
) -> Question:
    """The window as a question: a mention is [MASK], or the entity it is known to stand for.

    mask (int): entity id of [MASK]. table_rows (int): rows of the encoder's entity table.
    shown (mentions of the batch,): row of `vectors` that each mention shows, -1 = [MASK].
    vectors: (vectors, emb). reads_pieces (bool): does the head look at the pieces, too.
    """
    rows = shown[window.mentions]
    known = rows >= 0
    ids = numpy.full(len(rows), mask, dtype="int64")
    ids[known] = table_rows + numpy.arange(known.sum())
    vectors = vectors[rows[known]] if known.any() else None
    return Question(window.piece_ids, ids, window.spans, "full", vectors, reads_pieces)


def ask_all_masked(
    docs: Sequence[Doc],
    mentions: Sequence[Ints2d],
    tokenizer: PieceTokenizer,
    *,
    mask: int,
    limit: int,
    reads_pieces: bool,
) -> AskedSpans:
    """One question for each of the windows, all mentions [MASK]: what luke_linker asks before it knows any."""
    windows = mention_windows(docs, mentions, tokenizer, limit=limit)
    n_mentions, no_vectors = sum(map(len, mentions)), numpy.zeros((0, 0), dtype="float32")
    nothing = numpy.full(n_mentions, -1)
    questions = [ask_window(w, mask, 0, nothing, no_vectors, reads_pieces=reads_pieces) for w in windows]
    rows = [numpy.where(w.is_asked, w.mentions, -1) for w in windows]
    return AskedSpans(questions, numpy.concatenate([numpy.zeros(0, dtype="int64"), *rows]), n_mentions)


def batch_mentions(
    docs: Sequence[Doc], mentions: Sequence[Ints2d], size: int, *, whole_docs: bool
) -> Iterator[tuple[list[Doc], list[Ints2d]]]:
    """Docs and their mentions in order, up to `size` mentions at a time; a Doc may come more than once, or with
    `whole_docs`, where its mentions see each other, is a chunk of its own if it has more."""
    parts: tuple[list, list] = ([], [])
    n = 0
    for doc, spans in zip(docs, mentions):
        while len(spans):
            taken = spans if whole_docs else spans[: size - n]
            if n and n + len(taken) > size:
                yield parts
                parts, n = ([], []), 0
            spans = spans[len(taken) :]
            parts[0].append(doc)
            parts[1].append(taken)
            n += len(taken)
            if n >= size:
                yield parts
                parts, n = ([], []), 0
    if n:
        yield parts
