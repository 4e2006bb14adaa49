"""Partial names: who takes over whose candidates, worked out by hand."""

from __future__ import annotations

import random

import numpy
import spacy
from spacy.tokens import Doc, Span

from spacy_luke.features.partial_names import partial_name_candidates
from spacy_luke.types import Candidates

NLP = spacy.blank("xx")


def run(words: str, spans: list, known: dict, types: dict | None = None, **settings):
    """The candidates of each span after the heuristic.

    spans: (first word, one past the last, label); known: text of a mention -> {id: prior}
    """
    doc = Doc(NLP.vocab, words=words.split("|"))
    mentions = [Span(doc, start, end, label) for start, end, label in spans]
    before = [known.get(m.text, {}) for m in mentions]
    candidates = [Candidates(list(c), numpy.array(list(c.values()), dtype="float32")) for c in before]
    settings = {"top_k": 30, **settings}
    found = partial_name_candidates(mentions, candidates, types=lambda name: (types or {}).get(name, ()), **settings)
    return [dict(zip(c.ids, c.priors.tolist())) for c in found]


KNOWN = {
    "John Smith": {"Q1": 0.75, "Q2": 0.25},
    "Smith John": {"Q9": 1.0},
    "Adam Smith": {"Q3": 0.5},
    "Smith": {"Q4": 1.0},
    "Smith Inc": {"Q5": 1.0},
}
TEXT = "John|Smith|met|Adam|Smith|and|Smith"
SPANS = [(0, 2, "PERSON"), (3, 5, "PERSON"), (6, 7, "PERSON")]


def test_the_mean_over_the_longer_names():
    *long, smith = run(TEXT, SPANS, KNOWN)
    assert long == [KNOWN["John Smith"], KNOWN["Adam Smith"]]
    assert smith == {"Q1": 0.375, "Q3": 0.25, "Q2": 0.125} and list(smith) == ["Q1", "Q3", "Q2"]


def test_a_name_that_is_there_twice_weighs_twice():
    *_, smith = run("John|Smith|John|Smith|Adam|Smith|Smith",
                    [(0, 2, "PER"), (2, 4, "PER"), (4, 6, "PER"), (6, 7, "PER")], KNOWN)  # fmt: skip
    assert numpy.allclose([smith[q] for q in ("Q1", "Q2", "Q3")], [1.5 / 3, 0.5 / 3, 0.5 / 3])


def test_the_best_top_k_of_the_union():
    assert run(TEXT, SPANS, KNOWN, top_k=1)[-1] == {"Q1": 0.375}


def test_a_person_by_its_label_or_by_the_type_of_its_first_candidate():
    spans = [(0, 2, ""), (2, 3, "")]
    words, known = "John|Smith|Smith", KNOWN
    assert run(words, spans, known)[1] == KNOWN["Smith"]
    assert run(words, spans, known, {"Q1": ["Human"]})[1] == KNOWN["John Smith"]
    assert run(words, spans, known, {"Q2": ["human"]})[1] == KNOWN["Smith"]
    assert run(words, [(0, 2, "人名"), (2, 3, "")], known)[1] == KNOWN["John Smith"]
    assert run("Smith|Inc|Smith", [(0, 2, "ORG"), (2, 3, "PERSON")], known)[1] == KNOWN["Smith"]


def test_a_mention_with_another_label_is_left_alone():
    person, org = (0, 2, "PERSON"), (2, 3, "ORG")
    assert run("John|Smith|Smith", [person, org], KNOWN)[1] == KNOWN["Smith"]
    # also where the longer name is a person by a type only
    assert run("John|Smith|Smith", [(0, 2, ""), (2, 3, "ORG")], KNOWN, {"Q1": ["person"]})[1] == KNOWN["Smith"]
    # one label for everything says nothing
    assert run("John|Smith|Smith", [(0, 2, "X"), (2, 3, "X")], KNOWN, {"Q1": ["person"]})[1] == KNOWN["John Smith"]


def test_longer_names_need_candidates_and_all_tokens_in_order():
    assert run("Jane|Smith|Smith", [(0, 2, "PER"), (2, 3, "PER")], KNOWN)[1] == KNOWN["Smith"]
    assert run("John|Smith|Smith|John", [(0, 2, "PER"), (2, 4, "PER")], KNOWN)[1] == KNOWN["Smith John"]
    assert run("John|Smith|Smiths", [(0, 2, "PER"), (2, 3, "PER")], KNOWN)[1] == {}
    # the same name twice is not part of itself
    assert run("Smith|Smith", [(0, 1, "PER"), (1, 2, "PER")], KNOWN) == [KNOWN["Smith"]] * 2


def test_normal_forms_of_tokens_are_compared():
    assert run("John|Smith|SMITH", [(0, 2, "PER"), (2, 3, "PER")], KNOWN)[1] == KNOWN["John Smith"]


JAPANESE = {"夏目 漱石": {"Q1": 1.0}, "ジョン ・ スミス": {"Q2": 1.0}, "田中町": {"Q3": 1.0}}


def test_japanese_names_are_bounded_by_tokens():
    text, spans = "夏目|漱石|と|漱石", [(0, 2, "人名"), (3, 4, "人名")]
    assert run(text, spans, JAPANESE)[1] == {"Q1": 1.0}
    text, spans = "ジョン|・|スミス|と|ジョン|スミス", [(0, 3, "人名"), (5, 6, "人名"), (4, 6, "人名")]
    _, smith, same = run(text, spans, JAPANESE)
    assert smith == {"Q2": 1.0} and same == {}
    assert run("田中町|の|田中", [(0, 1, "人名"), (2, 3, "人名")], JAPANESE)[1] == {}


def test_a_place_is_no_part_of_a_writer():
    known = {"松本 清張": {"Q1": 1.0}, "松本": {"Q2": 0.75, "Q1": 0.25}}
    words, writer = "松本|清張|は|松本|で", (0, 2, "PERSON")
    for label in ("LOC", "GPE", "地名"):
        assert run(words, [writer, (3, 4, label)], known)[1] == known["松本"]
    assert run(words, [writer, (3, 4, "PERSON")], known)[1] == {"Q1": 1.0}
    assert run(words, [(0, 2, ""), (3, 4, "LOC")], known, {"Q1": ["human"]})[1] == known["松本"]


def test_honorifics_behind_the_name():
    text, spans = "夏目|漱石|と|漱石|先生", [(0, 2, "人名"), (3, 5, "人名")]
    assert run(text, spans, JAPANESE)[1] == {}
    assert run(text, spans, JAPANESE, honorifics=True)[1] == {"Q1": 1.0}


def test_the_order_of_mentions_changes_nothing():
    words = "A|B|C|A|B|B|C|B|A"
    known = {"A B C": {"Q1": 1.0}, "A B": {"Q2": 0.5, "Q3": 0.25}, "B C": {"Q4": 0.5}, "B": {"Q5": 1.0}}
    spans = [(0, 3, "PER"), (3, 5, "PER"), (5, 7, "PER"), (7, 8, "PER"), (8, 9, "PER")]
    expected = dict(zip(spans, run(words, spans, known)))
    # A B: in A B C; B: in A B C, A B and B C; all with the candidates that those had before
    assert expected[spans[1]] == {"Q1": 1.0}
    assert numpy.allclose([expected[spans[3]][q] for q in ("Q1", "Q2", "Q4", "Q3")], numpy.array([1, 0.5, 0.5, 0.25]) / 3)
    for _ in range(5):
        random.shuffle(spans)
        assert dict(zip(spans, run(words, spans, known))) == expected
