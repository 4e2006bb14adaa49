"""Mistakes in links: each group, and the counts of the scorer."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.mistakes import link_mistakes
from spacy_luke.scorers import build_linker_scorer_v1

from ..visualize.docs import choices

NLP = spacy.blank("xx")


def example(words, gold, found) -> Example:
    """gold: (first word, one past the last, id); found: the same and the candidates."""
    docs = [Doc(NLP.vocab, words) for _ in range(2)]
    for doc, rows in zip(docs, (gold, found)):
        doc.ents = [Span(doc, *row[:2], "X", kb_id=row[2]) for row in rows]
    rows = [
        (ent, ent.kb_id_, row[3], [0.5] * len(row[3]), 0.1, 0) for ent, row in zip(docs[1].ents, found) if ent.kb_id_
    ]
    choices(docs[1], rows)
    return Example(docs[1], docs[0])


@pytest.mark.parametrize(
    ("gold", "said", "candidates", "group"),
    [
        ("Q1", "Q1", ["Q1"], None),
        ("Q1", "Q2", ["Q2", "Q1"], "wrong entity"),
        ("Q1", "Q2", ["Q2"], "missing candidate"),
        ("Q1", "NIL", [], "missing candidate"),
        ("Q1", "NIL", ["Q1"], "NIL"),
        ("NIL", "Q1", ["Q1"], "NIL"),
        ("NIL", "NIL", ["Q1"], None),
        ("Q1", "", [], "missed mention"),
        ("NIL", "", [], None),
        ("", "Q1", ["Q1"], None),
    ],
)
def test_groups(gold, said, candidates, group):
    words = ["Smith", "saw", "Rome"]
    mistakes = link_mistakes(
        [example(words, [(0, 1, gold), (2, 3, "Q9")], [(0, 1, said, candidates), (2, 3, "Q9", ["Q9"])])]
    )
    assert [m.group for m in mistakes.mistakes] == ([group] if group else [])
    if group:
        assert [(m.gold, m.found) for m in mistakes.mistakes] == [(gold, said)]


@pytest.mark.parametrize(
    ("words", "gold", "whole"),
    [
        (["John", "Smith", "and", "smith"], [(0, 2, "Q1"), (3, 4, "Q1")], "John Smith"),
        (["夏目", "漱石", "と", "漱石"], [(0, 2, "Q1"), (3, 4, "Q1")], "夏目 漱石"),
        (["John", "Smith", "and", "Smith"], [(0, 2, "Q3"), (3, 4, "Q1")], None),
        (["Smithson", "Ltd", "and", "Smith"], [(0, 2, "Q1"), (3, 4, "Q1")], None),
    ],
)
def test_partial_names(words, gold, whole):
    found = [(*gold[0], ["Q1", "Q3"]), (3, 4, "Q2", ["Q2"])]
    [mistake] = link_mistakes([example(words, gold, found)]).mistakes
    assert (mistake.group, mistake.note) == (("partial name", whole) if whole else ("missing candidate", ""))


def test_missed_and_spurious():
    eg = example(["Smith", "saw", "Rome"], [(0, 1, "Q1")], [(1, 2, "NIL", []), (2, 3, "Q9", ["Q9"])])
    assert [(m.group, m.start, m.end) for m in link_mistakes([eg]).mistakes] == [
        ("missed mention", 0, 5),
        ("spurious", 10, 14),
    ]


def test_what_is_not_annotated_is_not_judged():
    eg = example(["Smith", "saw", "Rome"], [(0, 1, ""), (2, 3, "")], [(0, 1, "Q1", ["Q1"]), (2, 3, "Q2", ["Q2"])])
    assert not link_mistakes([eg]).mistakes
    eg = example(["Smith", "saw", "Rome"], [(0, 1, "Q1"), (1, 3, "")], [(0, 1, "Q1", ["Q1"]), (2, 3, "Q2", ["Q2"])])
    assert not link_mistakes([eg]).mistakes


def test_counts_are_those_of_the_scorer():
    words = ["a", "b", "c", "d", "e", "f"]
    gold = [(0, 1, "Q1"), (1, 2, "Q2"), (2, 3, "NIL"), (3, 4, "Q4")]
    found = [(0, 1, "Q1", ["Q1"]), (1, 2, "Q3", ["Q3", "Q2"]), (2, 3, "Q5", ["Q5"]), (4, 6, "Q6", ["Q6"])]
    examples = [
        example(words, gold, found),
        example(words, [], [(0, 1, "Q1", ["Q1"])]),
        example(words, gold[:3], found[:2]),
    ]
    mistakes, scores = link_mistakes(examples), build_linker_scorer_v1()(examples)
    confusion = mistakes.confusion
    right, gold_links = confusion["entity", "entity"], sum(n for (g, _), n in confusion.items() if g == "entity")
    said = right + confusion["entity", "wrong entity"] + confusion["", "wrong entity"]
    assert scores["nel_micro_r"] == right / gold_links
    assert scores["nel_micro_p"] == right / said
    assert mistakes.counts() == {
        "missed mention": 1,
        "partial name": 0,
        "missing candidate": 0,
        "NIL": 1,
        "wrong entity": 2,
        "spurious": 2,
    }
