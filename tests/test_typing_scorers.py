"""Typing scores, with numbers worked out by hand."""

from __future__ import annotations

import random

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example

from spacy_luke.typing_scorers import build_typing_scorer_v1

NLP = spacy.blank("xx")
WORDS = "a b c d e f g h".split()
score = build_typing_scorer_v1()


def doc(types: dict[int, str] | None, ents=None, words=WORDS, key="luke_typing") -> Doc:
    """types: word -> its types, separated by blanks, "" = none. ents: words that are entities; None: not annotated."""
    made = Doc(NLP.vocab, words=words)
    if types is not None:
        spans = [Span(made, i, i + 1, label) for i, labels in types.items() for label in labels.split() or [""]]
        made.spans[key] = SpanGroup(made, spans=spans, attrs={"scores": [1.0] * len(spans)})
    if ents is not None:
        made.set_ents([Span(made, i, i + 1, "ENTITY") for i in ents], default="outside")
    return made


def prf(name: str, p: float, r: float) -> dict:
    return {f"types_{name}_p": p, f"types_{name}_r": r, f"types_{name}_f": 2 * p * r / (p + r) if p + r else 0.0}


def assert_scores(scores: dict, **expected: tuple[float, float]):
    for name, (p, r) in expected.items():
        for key, value in prf(name, p, r).items():
            assert scores[key] == pytest.approx(value), key


# gold and predicted types of each mention
GOLD = {0: "person artist", 1: "place city", 2: "group", 3: "event time", 4: ""}
FOUND = {
    0: "person artist",  # all right
    1: "place country capital",  # one of three right, one of two found
    2: "",  # nothing
    3: "event",  # right, one missing
    4: "object",  # it has none of the types
}


def test_every_case_once():
    scores = score([Example(doc(FOUND), doc(GOLD))])
    # P: mentions 0 1 3 4. T: 0 1 2 3. Strict: only mention 0
    # macro precision (1 + 1/3 + 1 + 0) / 4, recall (1 + 1/2 + 0 + 1/2) / 4
    # micro: 2 + 1 + 1 right, of 2 + 3 + 1 + 1 predicted and 2 + 2 + 1 + 2 gold
    assert_scores(scores, strict=(1 / 4, 1 / 4), macro=(7 / 12, 1 / 2), micro=(4 / 7, 4 / 7))
    assert scores["types_per_type"]["place"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert scores["types_per_type"]["object"] == scores["types_per_type"]["group"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert len(scores["types_per_type"]) == 10


def test_as_the_scorer_of_open_entity():
    """Its macro and micro, written down again from the definition over pairs (gold, predicted)."""
    random.seed(1)
    labels = "abcdef"
    gold, found = ({i: " ".join(random.sample(labels, random.randint(low, 4))) for i in range(8)} for low in (1, 0))
    scores = score([Example(doc(found), doc(gold))])
    pairs = [(set(gold[i].split()), set(found[i].split())) for i in range(8)]
    answered = [(g, f) for g, f in pairs if f]
    assert 0 < len(answered) < 8
    macro = sum(len(g & f) / len(f) for g, f in answered) / len(answered), sum(len(g & f) / len(g) for g, f in pairs) / 8
    right = sum(len(g & f) for g, f in pairs)
    micro = right / sum(len(f) for _, f in pairs), right / sum(len(g) for g, _ in pairs)
    assert_scores(scores, macro=macro, micro=micro)


def test_mentions_of_the_recogniser():
    gold = doc({0: "person", 1: "place"}, ents=[0, 1, 2])
    found = doc({0: "person", 2: "event", 3: "time time2"})
    scores = score([Example(found, gold)])
    # 1 is missed, 2 is an entity whose types nobody wrote down, 3 is invented
    assert_scores(scores, strict=(1 / 2, 1 / 2), macro=(1 / 2, 1 / 2), micro=(1 / 3, 1 / 2))
    # without annotation of entities nobody knows whether 3 is one
    assert_scores(score([Example(found, doc({0: "person", 1: "place"}))]), micro=(1, 1 / 2))


def test_counts_are_added_up_over_docs_and_docs_without_types_do_not_count():
    examples = [
        Example(doc({0: "a"}), doc({0: "a"})),
        Example(doc({0: "b c"}), doc({0: "b d"})),
        Example(doc({0: "x"}), doc(None)),
    ]
    assert_scores(score(examples), strict=(1 / 2, 1 / 2), macro=(3 / 4, 3 / 4), micro=(2 / 3, 2 / 3))


def test_no_gold_no_number():
    for examples in ([], [Example(doc({0: "a"}), doc(None))], [Example(doc(None), doc({0: ""}))]):
        assert set(score(examples).values()) == {None}
    assert score([Example(doc(None), doc({0: "a"}))])["types_micro_f"] == 0.0


def test_a_hierarchy_implies_parents_on_both_sides():
    gold, found = doc({0: "/person/artist"}), doc({0: "/person/artist /person"})
    assert score([Example(found, gold)])["types_micro_p"] == 1 / 2
    other = build_typing_scorer_v1(hierarchy="/")([Example(found, gold)])
    assert_scores(other, strict=(1, 1), micro=(1, 1))
    found = doc({0: "/person/author"})
    assert_scores(build_typing_scorer_v1(hierarchy="/")([Example(found, gold)]), strict=(0, 0), micro=(1 / 2, 1 / 2))


def test_words_may_be_others_and_docs_may_come_from_a_docbin():
    gold = Doc(NLP.vocab, words=["New", "York", "City"])
    gold.spans["luke_typing"] = [Span(gold, 0, 2, "place")]
    found = doc({0: "place"}, words=["New York", "City"])
    docs = [next(DocBin(docs=[made]).get_docs(NLP.vocab)) for made in (found, gold)]
    assert score([Example(*docs)])["types_strict_f"] == 1


def test_spacy_finds_the_scorer():
    block = {"scorer": {"@scorers": "spacy_luke.typing_scorer.v1", "types_key": "other"}}
    scorer = spacy.registry.resolve(block)["scorer"]
    scores = scorer([Example(doc(FOUND, key="other"), doc(GOLD, key="other"))])
    assert scores["types_micro_f"] == pytest.approx(4 / 7)
