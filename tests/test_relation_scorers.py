"""Scores of relations by hand, and KBP37's against the formula of boun-tabi/RELX."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_relations
from spacy_luke.relation_scorers import build_relation_scorer_v1

NLP = spacy.blank("xx")
SCORE = build_relation_scorer_v1()


def _doc(relations, n=6, words=None):
    doc = Doc(NLP.vocab, words or [f"w{i}" for i in range(n)])
    if relations is not None:
        set_relations(doc, [(doc[h : h + 1], doc[t : t + 1], label) for h, t, label in relations])
    return doc


def _score(*pairs):
    """(predicted, gold) relations of each Doc"""
    return SCORE([Example(_doc(predicted), _doc(gold)) for predicted, gold in pairs])


def test_micro_and_macro_by_hand():
    scores = _score(
        # 1 right a, 1 wrong a, 1 wrong b
        ([(0, 1, "a"), (1, 0, "a"), (2, 3, "b")], [(0, 1, "a"), (2, 3, "a"), (4, 5, "a")]),
        ([(0, 1, "b"), (0, 1, "a")], [(0, 1, "b"), (0, 1, "a")]),  # both labels of a pair
        ([(0, 1, "c")], []),  # "c" is not a label of gold
    )
    # a: 2 right of 3 predicted, 4 gold; b: 1 right of 2 predicted, 1 gold; c: 1 predicted
    assert scores["rel_micro_p"] == pytest.approx(3 / 6)
    assert scores["rel_micro_r"] == pytest.approx(3 / 5)
    assert scores["rel_micro_f"] == pytest.approx(2 * 0.5 * 0.6 / 1.1)
    assert scores["rel_macro_p"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores["rel_macro_r"] == pytest.approx((2 / 4 + 1) / 2)
    assert scores["rel_macro_f"] == pytest.approx((4 / 7 + 2 / 3) / 2)
    assert set(scores["rel_per_type"]) == {"a", "b", "c"} and scores["rel_per_type"]["a"]["p"] == pytest.approx(2 / 3)
    assert scores["rel_directed_macro_f"] is None


def test_the_direction_and_the_entities_count():
    assert _score(([(1, 0, "a")], [(0, 1, "a")]))["rel_micro_f"] == 0.0
    assert _score(([(0, 2, "a")], [(0, 1, "a")]))["rel_micro_f"] == 0.0


def test_docs_without_gold_are_left_out():
    assert _score(([(0, 1, "a")], None)) == dict.fromkeys(_score())
    assert _score(([(0, 1, "a")], None), ([(0, 1, "a")], [(0, 1, "a")]))["rel_micro_p"] == 1.0
    # nothing was found, and the pipe did not even run
    assert _score((None, [(0, 1, "a")]))["rel_micro_r"] == 0.0


def test_other_words():
    gold = _doc([(0, 2, "a")], words=["Ada", "met", "Bob"])
    predicted = _doc([(0, 3, "a")], words=["Ada", "m", "et", "Bob"])
    assert SCORE([Example(predicted, gold)])["rel_micro_f"] == 0.0  # " m et" are other characters
    predicted = Doc(NLP.vocab, ["Ada", "m", "et", "Bob"], spaces=[True, False, True, False])
    set_relations(predicted, [(predicted[0:1], predicted[3:4], "a")])
    gold = Doc(NLP.vocab, ["Ada", "met", "Bob"], spaces=[True, True, False])
    set_relations(gold, [(gold[0:1], gold[2:3], "a")])
    assert SCORE([Example(predicted, gold)])["rel_micro_f"] == 1.0


def test_directed_as_the_authors_of_relx_count():
    """finetune.py: for each of the relations the micro F1 of its two directions, then their mean."""
    rng = numpy.random.default_rng(0)
    names = ["no_relation", *(f"r{i}({d})" for i in range(4) for d in ("e1,e2", "e2,e1"))]
    gold, found = rng.integers(0, 9, 300), rng.integers(0, 9, 300)
    found[:150] = gold[:150]
    expected = []
    for i in range(4):
        labels = (2 * i + 1, 2 * i + 2)
        right = sum(g == f and g in labels for g, f in zip(gold, found))
        expected.append(2 * right / (sum(g in labels for g in gold) + sum(f in labels for f in found)))
    pairs = [[[(0, 1, names[k])] if k else [] for k in (f, g)] for g, f in zip(gold, found)]
    scores = _score(*pairs)
    assert scores["rel_directed_macro_f"] == pytest.approx(numpy.mean(expected))
    assert 0.5 < scores["rel_directed_macro_f"] < 0.7
    assert scores["rel_macro_f"] != pytest.approx(scores["rel_directed_macro_f"], abs=1e-4)
