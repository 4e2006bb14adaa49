"""Doc -> windows that fit the encoder, each with context on both sides of what is asked in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Sequence

import numpy

from ..types import Window

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from thinc.types import Ints1d

SpanGetter = Callable[[Sequence["Doc"]], list[list["Span"]]]


def context_windows(
    doc: Doc, lengths: Ints1d, limit: int, index: int = 0, by_sentence: bool = False
) -> list[Window]:
    """Cut a Doc as LUKE's NER does (examples/ner/reader.py): a target, and text around it up to `limit`.

    A Doc that fits is one window. A longer one is cut into targets of whole sentences, up to half of
    `limit` at a time, so that the other half is context:

        text     A B C D E F G H I J     limit 4
        targets  A B|C D|E F|G H|I J
        windows  A B C D
                   B C D E
                       D E F G ...

    A sentence over half of `limit` stands alone; one over `limit`, or a Doc without sentence
    boundaries, is cut between words.

    lengths (words,): pieces of each word. A word of more than `limit` pieces is its own window.
    limit (int): pieces a window may hold, special pieces not counted.
    index (int): the Doc's place in its batch, written into the windows.
    by_sentence (bool): every sentence is a target of its own, as in LUKE: only its own spans are asked
        together, at the price of a window for each. Without sentence boundaries it changes nothing.
    """
    bounds = numpy.concatenate([[0], numpy.cumsum(lengths)])  # bounds[i]: pieces before word i
    if not len(doc):
        return []
    if bounds[-1] <= limit and not (by_sentence and doc.has_annotation("SENT_START")):
        return [Window(index, 0, len(doc), 0, len(doc))]
    targets = _sentences(doc, bounds, limit)
    if not by_sentence:
        targets = _pack(targets, bounds, limit // 2)
    return [Window(index, *_with_context(start, end, bounds, limit), start, end) for start, end in targets]


def span_getter_windows(
    doc: Doc, spans: Sequence[Span], lengths: Ints1d, limit: int, index: int = 0
) -> list[Window]:
    """Windows from the spans of a registered spacy-transformers span getter.

    Where two spans overlap, the text is asked in the one that gives it more context: targets meet in
    the middle of the overlap. A span that does not fit `limit` is cut by the rule of
    `context_windows`. Words in no span are not asked.
    """
    spans = [span for span in spans if len(span)]
    windows = []
    for i, span in enumerate(spans):
        start = max(_meet(spans[i - 1], span), span.start) if i else span.start
        end = min(_meet(span, spans[i + 1]), span.end) if i + 1 < len(spans) else span.end
        if lengths[span.start : span.end].sum() <= limit:
            windows.append(Window(index, span.start, span.end, start, end))
            continue
        for part in context_windows(span.as_doc(), lengths[span.start : span.end], limit, index):
            lo, hi = part.start + span.start, part.end + span.start
            target = max(part.target_start + span.start, start), min(part.target_end + span.start, end)
            if target[0] < target[1]:
                windows.append(Window(index, lo, hi, *target))
    return windows


def _meet(left: Span, right: Span) -> int:
    """The middle between two neighbouring spans, or of their overlap."""
    return (right.start + left.end) // 2


def _sentences(doc: Doc, bounds, limit: int) -> list[tuple[int, int]]:
    """Sentences, and for those over the limit, or the whole Doc where there are none, stretches of
    words of up to half of it. Word offsets, end exclusive."""
    whole = [(s.start, s.end) for s in doc.sents] if doc.has_annotation("SENT_START") else [(0, len(doc))]
    parts = []
    for start, end in whole:
        fits = bounds[end] - bounds[start] <= limit
        words = [(i, i + 1) for i in range(start, end)]
        parts += [(start, end)] if fits else _pack(words, bounds, limit // 2)
    return parts


def _pack(units, bounds, size: int) -> list[tuple[int, int]]:
    """Join neighbours while they hold at most `size` pieces together."""
    targets = [units[0]]
    for start, end in units[1:]:
        if bounds[end] - bounds[targets[-1][0]] <= size:
            targets[-1] = (targets[-1][0], end)
        else:
            targets.append((start, end))
    return targets


def _with_context(start: int, end: int, bounds, limit: int) -> tuple[int, int]:
    """Whole words on both sides: half of what is free on the shorter side, the rest on the other."""
    free = int(limit - (bounds[end] - bounds[start]))
    left, right = int(bounds[start]), int(bounds[-1] - bounds[end])
    half = max(free, 0) // 2
    if left < right:
        left = min(left, half)
        right = min(right, free - left)
    else:
        right = min(right, half)
        left = min(left, free - right)
    lo = int(numpy.searchsorted(bounds, bounds[start] - left, side="left")) if left > 0 else start
    hi = int(numpy.searchsorted(bounds, bounds[end] + right, side="right")) - 1 if right > 0 else end
    return min(lo, start), max(hi, end)
