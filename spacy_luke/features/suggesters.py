"""Which spans are asked about. Stock suggesters of spaCy work as well: a suggester is any function
`(docs, *, ops) -> Ragged`, rows (start word, one past the last word)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Callable, Iterable, Sequence

import numpy
from spacy.attrs import IS_SPACE, SENT_START
from thinc.api import Ops, get_current_ops
from thinc.types import Ragged

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Ints2d


def build_word_span_suggester_v1(max_words: int = 10):
    """All spans of up to `max_words` words, the candidate spans of LUKE's NER (examples/ner/reader.py).

    Where a Doc has sentence boundaries no span crosses one. No span begins or ends with white space,
    which does not count as a word either. Spans come sorted by start, then by length.

    max_words (int): the longest span, in words, at least 1.
    RETURNS: `(docs, *, ops=None) -> Ragged` with data (spans, 2) int32: word offsets in each Doc.
    RAISES ValueError LK231: max_words below 1.
    """
    if max_words < 1:
        raise ValueError(Errors.LK231.format(max_words=max_words))
    return partial(suggest_word_spans, max_words=max_words)


def suggest_word_spans(docs: Iterable[Doc], *, max_words: int, ops: Ops | None = None) -> Ragged:
    """See `build_word_span_suggester_v1`."""
    ops = ops or get_current_ops()
    spans = [_doc_spans(doc, max_words) for doc in docs]
    data = numpy.concatenate(spans) if spans else numpy.zeros((0, 2), dtype="i")
    return Ragged(ops.asarray2i(data), ops.asarray1i([len(s) for s in spans]))


def _doc_spans(doc: Doc, max_words: int):
    words, sentences = _visible_words(doc)
    n = len(words)
    # Row i, column j: the span of j + 1 words that begins with word i.
    firsts = numpy.repeat(numpy.arange(n), max_words).reshape(n, max_words)
    lasts = firsts + numpy.arange(max_words)
    inside = lasts < n
    firsts, lasts = firsts[inside], lasts[inside]
    same = sentences[firsts] == sentences[lasts]
    return numpy.stack([words[firsts[same]], words[lasts[same]] + 1], axis=1).astype("i")


def _visible_words(doc: Doc):
    """Which words are not white space, (n,) each: their offset in the Doc, and their sentence."""
    table = doc.to_array([IS_SPACE, SENT_START])
    words = numpy.flatnonzero(table[:, 0] == 0)
    if not doc.has_annotation("SENT_START"):
        return words, numpy.zeros_like(words)
    return words, numpy.cumsum(table[:, 1] == 1)[words]


def suggested_spans(suggester: Callable[..., Ragged], docs: Sequence[Doc], ops: Ops, name: str) -> list[Ints2d]:
    """What any suggester says of each Doc, (spans, 2), on the CPU. Spans that begin or end with white space are left
    out: the encoder cannot tell them from the same spans without it.

    name (str): of the pipe, for the message. RAISES ValueError LK504: a span that is not in its Doc.
    """
    if not docs:
        return []
    suggested = suggester(docs, ops=ops)
    data, lengths = ops.to_numpy(suggested.dataXd).reshape(-1, 2), ops.to_numpy(suggested.lengths)
    found = []
    for doc, spans in zip(docs, numpy.split(data, numpy.cumsum(lengths)[:-1])):
        outside = (spans[:, 0] < 0) | (spans[:, 0] >= spans[:, 1]) | (spans[:, 1] > len(doc))
        if outside.any():
            start, end = spans[outside][0]
            raise ValueError(Errors.LK504.format(name=name, start=start, end=end, words=len(doc)))
        visible = doc.to_array(IS_SPACE) == 0
        found.append(spans[visible[spans[:, 0]] & visible[spans[:, 1] - 1]])
    return found
