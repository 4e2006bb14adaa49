"""Docs and spans -> the questions that the encoder is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence

import numpy

from ..tokenization.alignment import align, word_offsets
from ..types import Question, SlotView, Window
from .windows import SpanGetter, context_windows, span_getter_windows

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Ints1d, Ints2d

    from ..tokenization.pieces import PieceTokenizer
    from ..types import Alignment, Pieces

# Slots that share a pass when they see each other (studio-ousia/luke examples/ner/reader.py).
MAX_SLOTS = 128


@dataclass(frozen=True)
class AskedSpans:
    """Questions about spans, and which span each slot stands for."""

    questions: list[Question]
    rows: Ints1d  # (slots of all questions,) int64: row of the span, -1 = it is context, and asked in another window
    n_spans: int  # rows that there are; one that no slot stands for was not asked


def ask_spans(
    docs: Sequence[Doc],
    spans: Ints2d,
    lengths: Ints1d,
    tokenizer: PieceTokenizer,
    *,
    slot_id: int,
    view: SlotView,
    limit: int,
    get_spans: SpanGetter | None = None,
    max_slots: int = MAX_SLOTS,
) -> AskedSpans:
    """One slot for each span, as in LUKE's NER (studio-ousia/luke examples/ner/reader.py).

    Words are tokenised one by one, as LUKE does: where a piece lies over two words, as in Japanese text
    tokenised as a whole, spans that differ by one word could not be told apart.

    A span is asked in the window whose target holds its first word, if the window holds all of it.
    It is not asked if it has no piece (white space, characters the tokenizer drops). With view "full"
    every sentence is asked on its own, and its slots are cut into ceil(n / max_slots) equal chunks, the
    words repeated, as LUKE does; with "words" all spans of a window are asked at once, since a slot
    does not change what another sees.

    spans (spans, 2), lengths (docs,): a suggester's answer, word offsets, on the CPU.
    slot_id (int): the entity of each slot, [MASK].
    limit (int): pieces a window may hold, special pieces included.
    """
    words = [word_offsets(doc) for doc in docs]
    pieces = tokenizer.encode_words([doc.text for doc in docs], *zip(*words)) if docs else []
    windows_of = get_spans(docs) if get_spans is not None else None
    questions, rows = [], []
    offset = 0
    for i, doc in enumerate(docs):
        doc_spans = spans[offset : offset + lengths[i]]
        alignment = align(pieces[i], *words[i])
        windows = _windows(doc, i, pieces[i], alignment, windows_of, limit - 2, view)
        slot_spans = _slot_spans(doc_spans, alignment)
        for window, inside in zip(windows, _asked_in(windows, doc_spans, slot_spans)):
            for chunk in _chunks(inside, view, max_slots):
                slots = slot_spans[chunk]
                questions.append(_question(window, pieces[i], alignment, slots, tokenizer, slot_id, view, limit - 2))
                rows.append(chunk + offset)
        offset += int(lengths[i])
    flat = numpy.concatenate(rows) if rows else numpy.zeros(0, dtype="int64")
    return AskedSpans(questions, flat, len(spans))


def _windows(
    doc: Doc, index: int, pieces: Pieces, alignment: Alignment, windows_of, limit: int, view: SlotView
) -> list[Window]:
    lengths = _pieces_of_words(alignment, len(pieces.ids))
    if windows_of is None:
        return context_windows(doc, lengths, limit, index, by_sentence=view == "full")
    return span_getter_windows(doc, windows_of[index], lengths, limit, index)


def _pieces_of_words(alignment: Alignment, n_pieces: int) -> Ints1d:
    """Pieces that a word adds to a window at most, (words,): its own, those up to the next word, and
    for the first word those before it."""
    following = numpy.append(alignment.first[1:], n_pieces)
    lengths = numpy.maximum(alignment.last, following) - alignment.first
    lengths[:1] += alignment.first[:1]
    return lengths


def _asked_in(windows: list[Window], spans: Ints2d, slot_spans: Ints2d) -> list[Ints1d]:
    """Rows of the spans that are asked in each window, in order. Looks at every span once, however
    many windows there are."""
    borders = numpy.asarray([(w.target_start, w.target_end, w.end) for w in windows], dtype="int64").reshape(-1, 3)
    starts, ends = spans[:, 0], spans[:, 1]
    window = numpy.searchsorted(borders[:, 1], starts, side="right")
    rows = numpy.flatnonzero((window < len(windows)) & (slot_spans[:, 1] > slot_spans[:, 0]))
    target_start, _, end = borders[window[rows]].T
    rows = rows[(starts[rows] >= target_start) & (ends[rows] <= end)]
    rows = rows[numpy.argsort(window[rows], kind="stable")]
    return numpy.split(rows, numpy.searchsorted(window[rows], numpy.arange(1, len(windows))))


def _slot_spans(spans: Ints2d, alignment: Alignment) -> Ints2d:
    """Pieces under each span: from its first word's first piece to its last word's last one."""
    return numpy.stack([alignment.first[spans[:, 0]], alignment.last[spans[:, 1] - 1]], axis=1)


def _chunks(rows: Ints1d, view: SlotView, max_slots: int) -> list[Ints1d]:
    if view == "words" or len(rows) <= max_slots:
        return [rows] if len(rows) else []
    n_chunks = -(-len(rows) // max_slots)
    size = -(-len(rows) // n_chunks)
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def _question(
    window: Window,
    pieces: Pieces,
    alignment: Alignment,
    slot_spans: Ints2d,
    tokenizer: PieceTokenizer,
    slot_id: int,
    view: SlotView,
    limit: int,
) -> Question:
    lo = int(alignment.first[window.start]) if window.start else 0
    hi = int(alignment.last[window.end - 1]) if window.end < len(alignment.last) else len(pieces.ids)
    hi = min(hi, lo + limit)  # only a single word of more pieces than the encoder holds is cut here
    ids = numpy.concatenate([[tokenizer.cls], pieces.ids[lo:hi], [tokenizer.sep]]).astype("int64")
    slot_spans = numpy.minimum(slot_spans, hi) - lo + 1
    return Question(ids, numpy.full(len(slot_spans), slot_id, dtype="int64"), slot_spans, view)
