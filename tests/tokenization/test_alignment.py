"""Words and the pieces under them, numbers worked out by hand."""

import numpy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_luke.tokenization.alignment import align, word_offsets
from spacy_luke.types import Pieces


def pieces(*offsets):
    starts, ends = numpy.asarray(offsets, dtype="int64").reshape(-1, 2).T
    return Pieces(numpy.arange(len(offsets)), starts, ends)


def test_piece_over_two_words_belongs_to_both():
    found = align(pieces((0, 3), (4, 9), (9, 10)), [0, 8], [8, 10])
    assert found.first.tolist() == [0, 1]
    assert found.last.tolist() == [2, 3]


def test_blanks_match_nothing():
    # "a  b": words a, " " (spaCy's second blank is a word), b; pieces a, ▁ over the blanks, b
    found = align(pieces((0, 1), (3, 3), (3, 4)), [0, 2, 3], [1, 3, 4])
    assert found.first.tolist() == [0, 2, 2]
    assert found.last.tolist() == [1, 2, 3]


def test_word_without_piece():
    # the middle word is dropped by the normaliser, the last one lies behind all pieces
    found = align(pieces((0, 2), (3, 4)), [0, 2, 3, 4], [2, 3, 4, 6])
    assert (found.last - found.first).tolist() == [1, 0, 1, 0]
    assert found.first.tolist() == [0, 1, 1, 2]


def test_one_character_in_several_pieces():
    found = align(pieces((0, 1), (0, 1), (0, 1), (1, 2)), [0, 1], [1, 2])
    assert found.first.tolist() == [0, 3]
    assert found.last.tolist() == [3, 4]


def test_nothing_at_all():
    assert align(pieces(), [], []).first.shape == (0,)
    assert align(pieces(), [0], [3]).last.tolist() == [0]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=12), st.lists(st.integers(1, 4), max_size=8))
def test_align_is_overlap(steps, lengths):
    """The same as asking every word about every piece."""
    offsets, at = [], 0
    for gap, length in steps:
        offsets.append((at + gap, at + gap + length))
        at += gap + length
    row = pieces(*offsets)
    ends = numpy.cumsum([0, *lengths])
    found = align(row, ends[:-1], ends[1:])
    for word, (start, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        under = [i for i, (a, b) in enumerate(offsets) if a < b and a < end and b > start]
        if under:
            assert (found.first[word], found.last[word]) == (under[0], under[-1] + 1)
        else:
            assert found.first[word] == found.last[word]


def test_word_offsets():
    words, spaces = ["New", " ", "York", "'s", "東京", "😀", "."], [True, False, False, True, False, False, False]
    doc = Doc(Vocab(), words=words, spaces=spaces)
    starts, ends = word_offsets(doc)
    assert [doc.text[a:b] for a, b in zip(starts, ends, strict=True)] == words
    assert starts.dtype == numpy.int64
    assert word_offsets(Doc(Vocab()))[0].shape == (0,)
