"""Gold entities that can never be found, counted by hand."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.features.questions import AskedSpans
from spacy_luke.training.reach import Reach, gold_spans

VOCAB = spacy.blank("xx").vocab


def _example(words, gold_words, ents, spaces=None):
    return Example(Doc(VOCAB, words=words, spaces=spaces), Doc(VOCAB, words=gold_words, ents=ents))


WORDS = ["John", "Smith", "lives", "in", "Kyoto"]
SMITH = _example(WORDS, WORDS, ["B-PER", "I-PER", "O", "O", "B-LOC"])


def test_entities_that_are_not_suggested():
    for spans, lost in (([[0, 1], [4, 5]], {("PER", 2): 1}), ([], {("PER", 2): 1, ("LOC", 1): 1})):
        reach = Reach()
        reach.add(SMITH, numpy.asarray(spans, dtype="i").reshape(-1, 2))
        assert reach.unsuggested == lost and reach.n_gold == 2


def test_entities_that_are_not_asked():
    def ask(docs, spans):
        assert docs == [SMITH.predicted] and spans.data.tolist() == [[0, 2], [4, 5]] and spans.lengths.tolist() == [2]
        return AskedSpans([], numpy.asarray([1]), 2)

    reach = Reach()
    for suggested in (numpy.asarray([[4, 5], [1, 3], [0, 2]]), None):
        reach.add(SMITH, suggested)
    assert not reach.unsuggested and reach.unasked(ask) == {("PER", 2): 2}
    with pytest.warns(UserWarning, match=r"LKW503.*'ner' .* 2 of 4 gold .*50\.0 %.*2: 2.*PER: 2") as seen:
        reach.warn("ner", ask)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "words,gold_words,ents,expected",
    [
        # other words
        (["New", "York"], ["NewYork"], ["B-LOC"], [[0, 2]]),
        (["Tokyo", "Kyoto"], ["To", "kyo", "Kyoto"], ["B-LOC", "O", "B-LOC"], [[0, 0], [1, 2]]),
        (["Tokyo"], ["To", "kyo"], ["B-LOC", "B-PER"], [[0, 0], [0, 0]]),
        # other blanks, as a word of their own or not
        (["a", "  ", "Tokyo"], ["a", "Tokyo"], ["O", "B-LOC"], [[2, 3]]),
        (["a", "Tokyo"], ["a", "  ", "Tokyo"], ["O", "O", "B-LOC"], [[1, 2]]),
        (["New", " ", "York"], ["New", "York"], ["B-LOC", "I-LOC"], [[0, 3]]),
        ([" ", "Tokyo"], ["Tokyo", " "], ["B-LOC", "I-LOC"], [[1, 2]]),
        # spaCy aligns in lower case, and that of \u0130 has two characters
        (["\u0130stanbul", "Ankara"], ["i\u0307stanbul", "Ankara"], ["O", "B-LOC"], [[1, 2]]),
        (["Tokyo"], ["Tokyo"], None, []),
        ([], [], [], []),
    ],
)
@pytest.mark.parametrize("spaced", [True, False])
def test_words_under_gold_entities(words, gold_words, ents, expected, spaced):
    """Whether the words of the predicted Doc stand close, as Japanese ones, or with blanks as in the gold Doc."""
    example = _example(words, gold_words, ents, [spaced] * len(words))
    assert gold_spans(example).tolist() == expected
    reach = Reach()
    reach.add(example, numpy.asarray([span for span in expected if span[1]], dtype="i").reshape(-1, 2))
    assert reach.unsuggested.total() == expected.count([0, 0])
