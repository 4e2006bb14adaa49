"""Gold relations on proposed pairs, and what is out of reach."""

from __future__ import annotations

import numpy
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_relations
from spacy_luke.features.pairs import build_pair_getter_v1
from spacy_luke.relation_scorers import score_relations
from spacy_luke.training.relation_targets import UNKNOWN, classes_of, gold_pairs, sample_pairs

NLP = spacy.blank("xx")
KEY = "luke_relations"


def _example(relations, words=("Ada", "founded", "Acme", "in", "Kyoto"), predicted=None):
    gold = Doc(NLP.vocab, list(words))
    ada, acme, kyoto = (gold.char_span(*span) for span in ((0, 3), (12, 16), (20, 25)))
    spans = {"ada": ada, "acme": acme, "kyoto": kyoto}
    gold.ents = [spacy.tokens.Span(gold, s.start, s.end, label=k.upper()) for k, s in spans.items()]
    spans = dict(zip(spans, gold.ents))
    set_relations(gold, [(spans[h], spans[t], label) for h, t, label in relations])
    return Example(predicted or Doc(NLP.vocab, list(words)), gold)


def _gold(example, **config):
    getter = build_pair_getter_v1(**config)
    return gold_pairs(example, getter([example.reference])[0], KEY)


def test_labels_of_pairs():
    found = _gold(_example([("ada", "acme", "b"), ("ada", "acme", "a"), ("kyoto", "ada", "c"), ("ada", "acme", "b")]))
    starts = [tuple(pair) for pair in found.spans[:, :, 0].tolist()]
    expected = {(0, 2): ("b", "a"), (0, 4): (), (2, 0): (), (2, 4): (), (4, 0): ("c",), (4, 2): ()}
    assert dict(zip(starts, found.gold)) == expected
    assert (found.n_gold, found.lost) == (3, [])


def test_what_is_not_proposed_is_lost():
    found = _gold(_example([("ada", "acme", "a"), ("ada", "kyoto", "b"), ("ada", "ada", "c")]), max_words=1)
    assert (found.n_gold, sorted(found.lost)) == (3, ["b", "c"])
    example = _example([("ada", "acme", "a"), ("ada", "acme", "b"), ("acme", "ada", "c")])
    found = _gold(example, constraints={"a": [["ADA", "*"], ["ACME", "*"]]})
    pairs = {tuple(p): labels for p, labels in zip(found.spans[:, :, 0].tolist(), found.gold)}
    assert pairs[0, 2] == ("a",) and (2, 0) not in pairs  # not "none": it has a relation
    assert (found.n_gold, sorted(found.lost)) == (3, ["b", "c"])


def test_no_gold_group():
    example = _example([])
    assert _gold(example).n_gold == 0
    del example.reference.spans[KEY]
    assert _gold(example) is None


def test_docs_put_together_lose_their_relations_and_are_not_none():
    """Doc.from_docs keeps the spans of a group and drops its attrs."""
    gold = Doc.from_docs([_example([("ada", "acme", "a")]).reference for _ in range(2)])
    assert len(gold.spans[KEY]) == 6
    example = Example(Doc.from_docs([gold]), gold)
    assert _gold(example) is None
    assert score_relations([example], spans_key=KEY)["rel_micro_f"] is None


def test_other_words():
    """"Acme in" is one word of the predicted Doc: its pairs are left out, the others are where they are."""
    predicted = Doc(NLP.vocab, ["A", "da", "founded", "Acme in", "Kyoto"], spaces=[False, True, True, True, False])
    example = _example([("ada", "acme", "a"), ("kyoto", "ada", "b")], predicted=predicted)
    found = _gold(example)
    assert found.spans.tolist() == [[[0, 2], [4, 5]], [[4, 5], [0, 2]]]
    assert found.gold == [(), ("b",)] and found.lost == ["a"] and found.n_gold == 2


def test_pairs_of_predicted_entities():
    example = _example([("ada", "acme", "a")])
    doc = example.predicted
    doc.ents = [doc.char_span(0, 3, "X"), doc.char_span(20, 25, "Y")]
    found = gold_pairs(example, build_pair_getter_v1()([doc])[0], KEY)
    assert found.gold == [(), ()] and found.lost == ["a"]
    doc.ents = [doc.char_span(0, 3, "X"), doc.char_span(12, 16, "Y")]
    found = gold_pairs(example, build_pair_getter_v1()([doc])[0], KEY)
    assert found.gold == [("a",), ()] and found.lost == []


def test_classes():
    gold = [(), ("a",), ("x", "b", "a"), ("x",)]
    assert classes_of(gold, {"a": 1, "b": 2}).tolist() == [0, 1, 2, UNKNOWN]


def test_sampled_negatives():
    classes = numpy.asarray([0, 1, 0, UNKNOWN, 2, 0, 0])
    assert sample_pairs(classes, None).tolist() == [0, 1, 2, 4, 5, 6]
    assert sample_pairs(classes, 9).tolist() == [0, 1, 2, 4, 5, 6]
    draws = [sample_pairs(classes, 2).tolist() for _ in range(20)]
    assert all(len(rows) == 4 and {1, 4} < set(rows) and 3 not in rows for rows in draws)
    assert len({tuple(rows) for rows in draws}) > 1
    assert sample_pairs(classes, 0).tolist() == [1, 4]
