"""Gold links on the words of the predicted Doc, the right option of each, and which are masked."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.features.link_options import link_options
from spacy_luke.training.link_targets import UNKNOWN, choose_masked, gold_links, link_targets
from spacy_luke.types import Candidates

from ..linking import memory_kb

NLP = spacy.blank("xx")


def _example(predicted: list[str], reference: list[str], spans, key=None) -> Example:
    gold = Doc(NLP.vocab, reference)
    mentions = [Span(gold, start, end, label="X", kb_id=id) for start, end, id in spans]
    if key:
        gold.spans[key] = mentions
    else:
        gold.ents = mentions
    return Example(Doc(NLP.vocab, predicted), gold)


def _found(example, key=None):
    links = [(link.mention, link.entity) for link in gold_links(example, key)]
    return [(mention.start, mention.end, mention.label_, entity) for mention, entity in links]


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (["New", "York", "and", "Tokyo"], [(0, 2, "X", "Q1"), (3, 4, "X", "NIL")]),
        (["New", "Yo", "rk", "and", "To", "kyo"], [(0, 3, "X", "Q1"), (4, 6, "X", "NIL")]),
        (["New York", "and", "Tokyo"], [(0, 1, "X", "Q1"), (2, 3, "X", "NIL")]),
        (["New York and", "Tokyo"], [(1, 2, "X", "NIL")]),  # not stretched over "and"
        (["New", "York and Tokyo"], []),
        (["\n", "New", "\n", "York", " ", "and", "Tokyo"], [(1, 4, "X", "Q1"), (6, 7, "X", "NIL")]),
    ],
)
def test_gold_mentions_begin_and_end_with_words(predicted, expected):
    gold = ["New", "York", "and", "Tokyo"]
    assert _found(_example(predicted, gold, [(0, 2, "Q1"), (3, 4, "NIL")])) == expected


def test_gold_in_a_span_group_may_overlap():
    example = _example(["New", "York"], ["New", "York"], [(0, 2, "Q1"), (1, 2, "Q2"), (0, 1, "")], "gold")
    assert _found(example, "gold") == [(0, 2, "X", "Q1"), (1, 2, "X", "Q2"), (0, 1, "X", "")]
    assert _found(example, "other") == _found(example) == []


def test_the_right_option():
    priors = numpy.asarray([0.5, 0.25], "f")
    candidates = [Candidates(["Q1", "Q2"], priors), Candidates([], priors[:0]), Candidates(["Q2"], priors[:1])] * 2
    options = link_options(memory_kb(NLP.vocab, ["Q1", "Q2"], {}), candidates, 32)
    links = ["Q2", "NIL", "NIL", "", "Q1", "Q1"]
    assert link_targets(links, candidates, options).tolist() == [1, 3, 5, UNKNOWN, UNKNOWN, UNKNOWN]


def test_masked_share_of_each_doc():
    doc_of = numpy.repeat([0, 2, 3], [1, 5, 40])
    every = []
    for _ in range(30):
        masked = choose_masked(doc_of, 0.9)
        assert [int(masked[doc_of == doc].sum()) for doc in (0, 2, 3)] == [1, 4, 36]
        every.append(masked)
    assert all(0 < numpy.sum(every, axis=0)) and len({tuple(masked) for masked in every}) > 20  # new ones each time
    assert choose_masked(doc_of, 0.0).sum() == 3  # at least one of each
    assert not len(choose_masked(doc_of[:0], 0.9))
