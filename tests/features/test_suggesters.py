import pytest
import spacy
from spacy.tokens import Doc

from spacy_luke.features.suggesters import build_word_span_suggester_v1

VOCAB = spacy.blank("xx").vocab


def _spans(words, max_words, sent_starts=None):
    doc = Doc(VOCAB, words=words, sent_starts=sent_starts)
    found = build_word_span_suggester_v1(max_words)([doc])
    assert found.lengths.tolist() == [len(found.data)]
    return [tuple(row) for row in found.data.tolist()]


def test_all_spans_by_start_then_length():
    assert _spans(["a", "b", "c"], 2) == [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]


def test_no_span_crosses_a_sentence_boundary():
    assert _spans(["a", "b", "c"], 3, [True, False, True]) == [(0, 1), (0, 2), (1, 2), (2, 3)]


def test_white_space_neither_borders_a_span_nor_counts():
    assert _spans([" ", "a", "\n", "b", "\t"], 2) == [(1, 2), (1, 4), (3, 4)]


def test_empty_and_blank_docs():
    assert _spans([], 3) == []
    assert _spans([" ", "\n"], 3) == []
    nothing = build_word_span_suggester_v1(3)([])
    assert nothing.data.size == 0 and nothing.lengths.shape == (0,)


def test_equals_the_stock_suggester_where_both_apply():
    docs = [Doc(VOCAB, words=list("abcdefg")), Doc(VOCAB, words=list("xy"))]
    stock = spacy.registry.misc.get("spacy.ngram_range_suggester.v1")(1, 4)(docs)
    ours = build_word_span_suggester_v1(4)(docs)
    assert ours.lengths.tolist() == stock.lengths.tolist()
    for a, b in zip(ours, stock):
        assert sorted(map(tuple, a.data.tolist())) == sorted(map(tuple, b.data.tolist()))


def test_at_least_one_word():
    with pytest.raises(ValueError, match="LK231.*up to 0 words"):
        build_word_span_suggester_v1(0)
