import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_luke.features.windows import context_windows, span_getter_windows

VOCAB = spacy.blank("xx").vocab


def _doc(n, sent_starts=None):
    return Doc(VOCAB, words=[f"w{i}" for i in range(n)], sent_starts=sent_starts)


def _tuples(windows):
    return [(w.start, w.end, w.target_start, w.target_end) for w in windows]


def test_a_doc_that_fits_is_one_window():
    assert _tuples(context_windows(_doc(5), numpy.full(5, 2), 10)) == [(0, 5, 0, 5)]
    assert context_windows(_doc(0), numpy.zeros(0, dtype=int), 10) == []


def test_words_in_halves_with_context_on_both_sides():
    # the drawing in the docstring
    windows = context_windows(_doc(10), numpy.ones(10, dtype=int), 4)
    assert _tuples(windows) == [(0, 4, 0, 2), (1, 5, 2, 4), (3, 7, 4, 6), (5, 9, 6, 8), (6, 10, 8, 10)]


def test_the_spare_of_a_short_side_goes_to_the_other():
    # sentences of 2, 6 and 2 words: the middle one has 4 pieces free, 2 on each side
    starts = [True, False, True, False, False, False, False, False, True, False]
    windows = context_windows(_doc(10, starts), numpy.ones(10, dtype=int), 9)
    assert _tuples(windows) == [(0, 9, 0, 2), (0, 9, 2, 8), (1, 10, 8, 10)]


def test_every_sentence_a_target_of_its_own():
    starts = [True, False, True, False, False, True]
    windows = context_windows(_doc(6, starts), numpy.ones(6, dtype=int), 20, by_sentence=True)
    assert _tuples(windows) == [(0, 6, 0, 2), (0, 6, 2, 5), (0, 6, 5, 6)]
    windows = context_windows(_doc(6, starts), numpy.ones(6, dtype=int), 4, by_sentence=True)
    assert _tuples(windows) == [(0, 4, 0, 2), (1, 5, 2, 5), (2, 6, 5, 6)]  # half of 1 is 0, the longer side gets 1
    assert _tuples(context_windows(_doc(6), numpy.ones(6, dtype=int), 20, by_sentence=True)) == [(0, 6, 0, 6)]


def test_a_sentence_over_the_limit_is_cut_between_words():
    starts = [True] + [False] * 9
    windows = context_windows(_doc(10, starts), numpy.ones(10, dtype=int), 4)
    assert [w[2:] for w in _tuples(windows)] == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)]


def test_a_word_over_the_limit_stands_alone():
    windows = context_windows(_doc(3), numpy.asarray([1, 9, 1]), 4)
    assert (1, 2, 1, 2) in _tuples(windows)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.integers(4, 20),
    st.booleans(),
    st.booleans(),
    st.randoms(),
)
def test_targets_cover_the_doc_and_windows_fit(lengths, limit, with_sentences, by_sentence, rnd):
    starts = [True] + [rnd.random() < 0.3 for _ in lengths[1:]] if with_sentences else None
    windows = context_windows(_doc(len(lengths), starts), numpy.asarray(lengths), limit, by_sentence=by_sentence)
    assert [i for w in windows for i in range(w.target_start, w.target_end)] == list(range(len(lengths)))
    for w in windows:
        assert w.start <= w.target_start < w.target_end <= w.end
        assert sum(lengths[w.start : w.end]) <= limit


def test_windows_of_a_span_getter_share_an_overlap():
    doc = _doc(10)
    windows = span_getter_windows(doc, [doc[0:6], doc[4:10]], numpy.ones(10, dtype=int), 8)
    assert _tuples(windows) == [(0, 6, 0, 5), (4, 10, 5, 10)]


def test_words_in_no_span_are_not_asked():
    doc = _doc(10)
    windows = span_getter_windows(doc, [doc[0:3], doc[6:8]], numpy.ones(10, dtype=int), 8)
    assert _tuples(windows) == [(0, 3, 0, 3), (6, 8, 6, 8)]


def test_a_span_that_does_not_fit_is_cut_again():
    doc = _doc(10)
    windows = span_getter_windows(doc, [doc[0:8], doc[8:10]], numpy.ones(10, dtype=int), 4)
    assert [i for w in windows for i in range(w.target_start, w.target_end)] == list(range(10))
    assert all(w.end - w.start <= 4 for w in windows)


@pytest.mark.parametrize("name,args", [("strided_spans", {"window": 4, "stride": 3}), ("doc_spans", {})])
def test_span_getters_of_spacy_transformers(name, args):
    pytest.importorskip("spacy_transformers", reason="span getters come with spacy-transformers")
    getter = spacy.registry.get("span_getters", f"spacy-transformers.{name}.v1")(**args)
    doc = _doc(10)
    windows = span_getter_windows(doc, getter([doc])[0], numpy.ones(10, dtype=int), 20)
    assert [i for w in windows for i in range(w.target_start, w.target_end)] == list(range(10))
