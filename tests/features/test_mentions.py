"""Windows with mentions: pieces as LukeTokenizer makes them, every mention asked once, nothing cut."""

from __future__ import annotations

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_luke.features.mentions import ask_window, mention_windows
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.tokenization.tasks import encode_task

from ..vocabularies import TEXTS, write_bpe, write_sentencepiece

NLP = spacy.blank("xx")


@pytest.fixture(scope="module", params=[write_bpe, write_sentencepiece], ids=["bpe", "unigram"])
def tokenizer(request, tmp_path_factory):
    return PieceTokenizer.from_directory(request.param(tmp_path_factory.mktemp("vocabulary")))


def _doc(text: str, spans):
    """A Doc whose words are the spans and what lies between them; RETURNS: it, and the spans in words."""
    borders = sorted({0, len(text), *(border for span in spans for border in span)})
    words = [text[a:b] for a, b in zip(borders, borders[1:])]
    doc = Doc(NLP.vocab, words, spaces=[False] * len(words))
    assert doc.text == text
    return doc, numpy.asarray([[borders.index(border) for border in span] for span in spans])


def _words(n: int) -> Doc:
    rng = numpy.random.default_rng(0)
    return Doc(NLP.vocab, rng.choice(["Tokyo", "is", "capital", "東京", "of", "\n", "Kyoto's", "\u200b"], n).tolist())


def test_a_text_that_fits_is_what_luke_tokenizer_makes(tokenizer):
    """encode_task is compared with transformers in its own tests."""
    for text, *spans in TEXTS:
        doc, words = _doc(text, spans)
        ids, slots = encode_task(tokenizer, text, spans)
        [window] = mention_windows([doc], [words], tokenizer, limit=512)
        assert window.piece_ids.tolist() == ids.tolist(), text
        assert window.spans.tolist() == slots.tolist(), text
        assert window.mentions.tolist() == [0, 1] and window.is_asked.all()


def test_mentions_may_overlap_and_come_in_any_order(tokenizer):
    text, spans = "ABC株式会社のJohn Smith氏", [(8, 18), (0, 7), (8, 12), (3, 7), (0, 7)]
    doc, words = _doc(text, spans)
    ids, slots = encode_task(tokenizer, text, spans)
    [window] = mention_windows([doc], [words], tokenizer, limit=512)
    assert window.piece_ids.tolist() == ids.tolist() and window.spans.tolist() == slots.tolist()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.data())
def test_every_mention_that_fits_is_asked_once(tokenizer, data):
    docs = [_words(n) for n in data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))]
    limit, max_slots = data.draw(st.integers(8, 30)), data.draw(st.integers(1, 5))
    spans = []
    for doc in docs:
        places = st.tuples(st.integers(0, len(doc) - 1), st.integers(1, 8))
        places = places.map(lambda place, n=len(doc): (place[0], min(n, sum(place))))  # noqa: B008
        spans.append(numpy.asarray(data.draw(st.lists(places, max_size=8)), dtype="int64").reshape(-1, 2))
    doc_of = numpy.repeat(numpy.arange(len(docs)), [len(s) for s in spans])
    pieces = [each for doc, places in zip(docs, spans) for each in _pieces(tokenizer, doc, places)]
    asked = []
    for window in mention_windows(docs, spans, tokenizer, limit=limit, max_slots=max_slots):
        assert len(window.piece_ids) <= limit and 0 < len(window.mentions) <= max_slots
        assert window.piece_ids[0] == tokenizer.cls and window.piece_ids[-1] == tokenizer.sep
        assert (doc_of[window.mentions] == window.doc).all() and window.is_asked.any()
        assert (window.spans[:, 0] >= 1).all() and (window.spans[:, 1] < len(window.piece_ids)).all()
        asked += window.mentions[window.is_asked].tolist()
        for row, (first, last) in zip(window.mentions, window.spans):
            assert window.piece_ids[first:last].tolist() == pieces[row]
    assert len(asked) == len(set(asked))
    for row in set(range(len(pieces))) - set(asked):
        assert not 0 < len(pieces[row]) <= limit - 2


def _pieces(tokenizer, doc: Doc, places) -> list[list[int]]:
    """Those of each mention when all of the text is one window."""
    spans = [(doc[start:end].start_char, doc[start:end].end_char) for start, end in places.tolist()]
    ids, slots = encode_task(tokenizer, doc.text, spans)
    return [ids[first:last].tolist() for first, last in slots.tolist()]


def test_more_mentions_than_slots_see_the_same_words(tokenizer):
    doc = _words(30)
    spans = numpy.asarray([(i, i + 1) for i in range(30) if doc[i].text not in ("\n", "\u200b")])
    windows = mention_windows([doc], [spans], tokenizer, limit=512, max_slots=8)
    assert [len(w.mentions) for w in windows] == [len(part) for part in numpy.array_split(spans, len(windows))]
    assert len({tuple(w.piece_ids) for w in windows}) == 1
    assert numpy.concatenate([w.mentions for w in windows]).tolist() == list(range(len(spans)))


def test_mentions_are_masked_or_shown(tokenizer):
    doc, words = _doc("Tokyo is in Japan", [(0, 5), (9, 11), (12, 17)])
    [window] = mention_windows([doc], [words], tokenizer, limit=512)
    vectors = numpy.arange(8, dtype="f").reshape(4, 2)
    question = ask_window(window, 2, 10, numpy.asarray([3, -1, 1]), vectors)
    assert question.slot_ids.tolist() == [10, 2, 11]
    assert question.entity_vectors.tolist() == vectors[[3, 1]].tolist()
    question = ask_window(window, 2, 10, numpy.asarray([-1, -1, -1]), vectors)
    assert question.slot_ids.tolist() == [2, 2, 2] and question.entity_vectors is None


def test_docs_without_mentions_or_words(tokenizer):
    docs = [Doc(NLP.vocab, []), _words(5)]
    assert mention_windows(docs, [numpy.zeros((0, 2), "int64")] * 2, tokenizer, limit=20) == []


def test_a_mention_without_a_piece_is_not_asked(tmp_path):
    """SentencePiece drops a zero width space."""
    tokenizer = PieceTokenizer.from_directory(write_sentencepiece(tmp_path))
    doc = Doc(NLP.vocab, ["in", "\u200b", "Tokyo"])
    [window] = mention_windows([doc], [numpy.asarray([(1, 2), (2, 3)])], tokenizer, limit=20)
    assert window.mentions.tolist() == [1]
