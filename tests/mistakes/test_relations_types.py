"""Mistakes in relations and in types."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.annotations import set_relations, set_types
from spacy_luke.mistakes import relation_mistakes, type_mistakes
from spacy_luke.relation_scorers import build_relation_scorer_v1
from spacy_luke.typing_scorers import build_typing_scorer_v1

VOCAB = spacy.blank("xx").vocab


def related(gold, found, entities=range(6)) -> Example:
    """gold, found: (head, label, tail), words of a Doc of six; entities: those that were found."""
    docs = [Doc(VOCAB, list("abcdef")) for _ in range(2)]
    for doc, rows, words in ((docs[0], gold, range(6)), (docs[1], found, entities)):
        spans = {i: Span(doc, i, i + 1, "X") for i in words}
        set_relations(doc, [(spans[h], spans[t], label) for h, label, t in rows], entities=list(spans.values()))
    return Example(docs[1], docs[0])


def test_groups_of_relations():
    gold = [(0, "r", 1), (1, "s", 2), (2, "t", 3), (3, "u", 4), (4, "v", 5), (0, "w", 5)]
    found = [(0, "r", 1), (2, "s", 1), (2, "x", 3), (4, "x", 3), (0, "v", 4)]
    mistakes = relation_mistakes([related(gold, found, entities=range(5))])
    assert mistakes.right == 1
    rows = sorted((m.group, m.gold, m.found, m.note) for m in mistakes.mistakes)
    assert rows == [
        ("direction", "s", "s", "b → c"),
        ("entity", "v", "", "e → f"),
        ("entity", "w", "", "a → f"),
        ("label", "t", "x", "c → d"),
        ("missed", "u", "", "d → e"),
        ("spurious", "", "v", "a → e"),
        ("spurious", "", "x", "e → d"),
    ]
    scores = build_relation_scorer_v1()([related(gold, found, entities=range(5))])
    assert_same(mistakes, scores["rel_micro_p"], scores["rel_micro_r"])


def assert_same(mistakes, p, r):
    """The confusion table tells what the scorer counts."""
    confusion = mistakes.confusion
    assert sum(n for (gold, said), n in confusion.items() if gold == said) == mistakes.right
    assert r == mistakes.right / sum(n for (gold, _), n in confusion.items() if gold)
    assert p == mistakes.right / sum(n for (_, said), n in confusion.items() if said)


def test_a_symmetric_relation_has_no_wrong_direction():
    gold, found = [(0, "r", 1), (1, "r", 0)], [(0, "r", 1)]
    assert relation_mistakes([related(gold, found)]).counts() == {
        "direction": 0,
        "label": 0,
        "entity": 0,
        "missed": 1,
        "spurious": 0,
    }


def test_several_labels_of_a_pair():
    mistakes = relation_mistakes([related([(0, "r", 1), (0, "s", 1)], [(0, "s", 1), (0, "t", 1), (0, "u", 1)])])
    assert mistakes.right == 1 and [(m.group, m.gold, m.found) for m in mistakes.mistakes] == [
        ("label", "r", "t"),
        ("spurious", "", "u"),
    ]


def test_docs_without_the_gold_group_are_left_out():
    eg = related([], [(0, "r", 1)])
    assert relation_mistakes([eg]).counts()["spurious"] == 1
    del eg.reference.spans["luke_relations"]
    assert not relation_mistakes([eg]).mistakes


def typed(gold, found) -> Example:
    """word -> types."""
    docs = [Doc(VOCAB, list("abcdef")) for _ in range(2)]
    for doc, rows in zip(docs, (gold, found)):
        spans = {i: Span(doc, i, i + 1, "X") for i in rows}
        doc.ents = list(spans.values())
        set_types(doc, [(spans[i], types) for i, types in rows.items()])
    return Example(docs[1], docs[0])


def test_groups_of_types():
    gold = {0: ["person", "artist"], 1: ["city"], 2: ["city", "place"], 3: ["date"], 4: []}
    found = {0: ["person"], 1: ["city", "port"], 2: ["place", "town"], 5: ["date"], 4: ["date"]}
    mistakes = type_mistakes([typed(gold, found)])
    assert mistakes.right == 3
    assert sorted((m.group, m.start // 2, m.gold, m.found) for m in mistakes.mistakes) == [
        ("mention", 3, "date", ""),
        ("missed", 0, "artist", ""),
        ("spurious", 1, "", "port"),
        ("spurious", 4, "", "date"),
        ("spurious", 5, "", "date"),
        ("type", 2, "city", "town"),
    ]
    scores = build_typing_scorer_v1()([typed(gold, found)])
    assert_same(mistakes, scores["types_micro_p"], scores["types_micro_r"])


def test_types_imply_their_parents():
    eg = typed({0: ["/a/b"]}, {0: ["/a/c"]})
    mistakes = type_mistakes([eg], hierarchy="/")
    assert mistakes.right == 1 and [(m.gold, m.found) for m in mistakes.mistakes] == [("/a/b", "/a/c")]
    del eg.reference.spans["luke_typing"]
    assert not type_mistakes([eg], hierarchy="/").mistakes
