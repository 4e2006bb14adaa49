"""Which class a suggested span has, and which spans train."""

from __future__ import annotations

import numpy
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.training.span_targets import UNKNOWN, sample_spans, span_classes

VOCAB = spacy.blank("xx").vocab
WORDS = ["John", "Smith", "lives", "in", "Kyoto"]


def _example(ents):
    return Example(Doc(VOCAB, words=WORDS), Doc(VOCAB, words=WORDS, ents=ents))


def test_classes_by_hand():
    example = _example(["B-PER", "I-PER", "O", "O", "B-LOC"])
    spans = numpy.asarray([[0, 2], [0, 1], [4, 5], [2, 4]])
    assert span_classes(example, spans, {"LOC": 1, "PER": 2}).tolist() == [2, 0, 1, 0]
    assert span_classes(example, spans, {"LOC": 1}).tolist() == [UNKNOWN, 0, 1, 0]


def test_a_span_suggested_twice_has_its_class_twice():
    spans = numpy.asarray([[4, 5], [0, 2], [4, 5]])
    example = _example(["O", "O", "O", "O", "B-LOC"])
    assert span_classes(example, spans, {"LOC": 1}).tolist() == [1, 0, 1]


def test_words_without_annotation_are_unknown():
    reference = Doc(VOCAB, words=WORDS)
    spans = numpy.asarray([[0, 1], [1, 3], [2, 3]])
    reference.set_ents([], missing=[reference[0:2]], default="outside")
    example = Example(Doc(VOCAB, words=WORDS), reference)
    assert span_classes(example, spans, {}).tolist() == [UNKNOWN, UNKNOWN, 0]


def _sampled(n_words, entity, n_negatives):
    spans = numpy.asarray([[i, i + 1] for i in range(n_words)])
    classes = numpy.zeros(n_words, dtype="int64")
    covered = numpy.asarray([[0, entity], *spans]), numpy.asarray([1, *classes])
    rows = sample_spans(*covered, n_negatives)
    assert rows[0] == 0 and sorted(set(rows)) == rows.tolist()
    near = sum(1 for row in rows[1:] if row <= entity)
    return near, len(rows) - 1 - near


def test_half_of_the_negatives_touch_an_entity():
    assert _sampled(20, 10, 8) == (4, 4)


def test_negatives_of_one_kind_make_up_for_those_of_the_other():
    assert _sampled(20, 18, 12) == (10, 2)
    assert _sampled(20, 2, 12) == (2, 10)
    assert _sampled(20, 2, 100) == (2, 18)
