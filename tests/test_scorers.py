"""Linking scores, with numbers worked out by hand."""

from __future__ import annotations

import pytest
import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example

from spacy_luke.scorers import build_linker_scorer_v1

NLP = spacy.blank("xx")
WORDS = "a b c d e f g h i j".split()
score = build_linker_scorer_v1()


def doc(*ents: tuple[int, int, str, str], missing: list[int] = (), words=WORDS) -> Doc:
    """ents: (first word, one past the last, label, id)"""
    made = Doc(NLP.vocab, words=words)
    spans = [Span(made, start, end, label, kb_id=kb_id) for start, end, label, kb_id in ents]
    made.set_ents(spans, missing=[made[i : i + 1] for i in missing], default="outside")
    return made


def with_candidates(made: Doc, *ids: list[str]) -> Doc:
    group = SpanGroup(made, name="luke_linker", spans=list(made.ents), attrs={"candidates": list(ids)})
    made.spans["luke_linker"] = group
    return made


def f(p: float, r: float) -> float:
    return 2 * p * r / (p + r)


GOLD = [
    (0, 1, "PER", "Q1"), (1, 3, "LOC", "Q2"), (3, 4, "LOC", "Q3"), (4, 5, "PER", "NIL"), (5, 6, "PER", "NIL"),
    (6, 7, "LOC", "Q4"), (7, 8, "LOC", ""),
]  # fmt: skip
FOUND = [
    (0, 1, "PER", "Q1"),  # right
    (1, 2, "LOC", "Q2"),  # wrong borders: invented, and the gold one is missed
    (3, 4, "PER", "Q9"),  # wrong id
    (4, 5, "PER", "NIL"),  # right, where NIL counts
    (5, 6, "PER", "Q8"),  # wrong, where NIL counts; ignored where it does not
    (6, 7, "LOC", "NIL"),  # missed
    (7, 8, "LOC", "Q7"),  # not annotated
    (8, 9, "ORG", "Q6"),  # invented
    (9, 10, "ORG", "NIL"),  # invented, where NIL counts
]


def test_every_case_once():
    scores = score([Example(doc(*FOUND), doc(*GOLD))])
    # InKB: gold Q1 Q2 Q3 Q4; predicted Q1 Q2' Q9 Q6; right Q1
    assert scores["nel_micro_p"] == scores["nel_micro_r"] == scores["nel_micro_f"] == 1 / 4
    # with NIL: 6 gold, 8 predicted, right Q1 and one NIL
    assert (scores["nel_with_nil_p"], scores["nel_with_nil_r"]) == (2 / 8, 2 / 6)
    assert scores["nel_with_nil_f"] == pytest.approx(f(2 / 8, 2 / 6))
    # NIL: gold 2, predicted 3, right 1
    assert (scores["nel_nil_p"], scores["nel_nil_r"]) == (1 / 3, 1 / 2)
    # gold mentions with an id that are predicted mentions: Q1 Q3 Q4; with NIL two more
    assert (scores["nel_accuracy"], scores["nel_with_nil_accuracy"]) == (1 / 3, 2 / 5)
    assert scores["nel_candidate_recall"] is None


def test_by_type():
    scores = score([Example(doc(*FOUND), doc(*GOLD))])
    # LOC: gold Q2 Q3 Q4; predicted Q2' and, under the gold label, Q9. ORG has no gold
    assert scores["nel_per_type"] == {
        "PER": {"p": 1, "r": 1, "f": 1}, "LOC": {"p": 0, "r": 0, "f": 0}, "ORG": {"p": 0, "r": 0, "f": 0},
    }  # fmt: skip
    # PER: gold Q1 NIL NIL, predicted Q1 NIL Q8
    assert scores["nel_with_nil_per_type"]["PER"] == pytest.approx({"p": 2 / 3, "r": 2 / 3, "f": 2 / 3})


def test_counts_are_added_up_over_docs():
    one = Example(doc((0, 1, "A", "Q1")), doc((0, 1, "A", "Q1"), (2, 3, "A", "Q2")))
    two = Example(doc((0, 1, "A", "Q1"), (1, 2, "A", "Q3")), doc((0, 1, "A", "Q1")))
    scores = score([one, two])
    assert (scores["nel_micro_p"], scores["nel_micro_r"]) == (2 / 3, 2 / 3)


def test_candidate_recall_is_about_the_mentions_that_were_found():
    found = doc((0, 1, "A", "Q1"), (1, 2, "A", "Q5"), (2, 3, "A", "Q9"), (3, 4, "A", "Q7"))
    found = with_candidates(found, ["Q1"], ["Q5", "Q2"], [], ["Q7"])
    gold = doc((0, 1, "A", "Q1"), (1, 2, "A", "Q2"), (2, 3, "A", "Q3"), (3, 4, "A", "NIL"), (4, 5, "A", "Q4"))
    assert score([Example(found, gold)])["nel_candidate_recall"] == 2 / 3
    [again] = DocBin().from_bytes(DocBin(docs=[found]).to_bytes()).get_docs(NLP.vocab)
    assert score([Example(again, gold)])["nel_candidate_recall"] == 2 / 3


def test_ambiguous_names_and_what_the_prior_alone_would_say():
    """Not counted: one candidate, gold not among them, NIL. The prior is right on Q1 and Q4, the links on Q1, Q2 and Q3."""
    right = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "NIL")
    said = ("Q1", "Q2", "Q3", "NIL", "Q5", "Q7", "Q7")
    candidates = (["Q1", "Q9"], ["Q9", "Q2"], ["Q8", "Q9", "Q3"], ["Q4", "Q9"], ["Q5"], ["Q7", "Q8"], ["Q7", "Q8"])
    gold, found = (doc(*[(i, i + 1, "A", id) for i, id in enumerate(ids)]) for ids in (right, said))
    scores = score([Example(with_candidates(found, *candidates), gold)])
    assert (scores["nel_ambiguous_accuracy"], scores["nel_ambiguous_prior"]) == (3 / 4, 2 / 4)
    assert scores["nel_candidate_recall"] == 5 / 6
    one = score([Example(with_candidates(doc((0, 1, "A", "Q5")), ["Q5"]), doc((0, 1, "A", "Q5")))])
    assert one["nel_ambiguous_accuracy"] is None and one["nel_ambiguous_prior"] is None


def test_what_is_not_annotated_is_not_judged():
    found = doc((0, 2, "A", "Q1"), (2, 3, "A", "Q2"), (3, 5, "A", "Q3"), (6, 8, "A", "Q4"), (8, 9, "A", "NIL"))
    # word 1 and 8 have no annotation; 3 is a mention whose link is not known
    gold = doc((2, 3, "A", "Q2"), (3, 4, "A", ""), missing=[1, 8])
    scores = score([Example(found, gold)])
    assert (scores["nel_micro_p"], scores["nel_micro_r"]) == (1 / 2, 1)
    assert scores["nel_with_nil_p"] == 1 / 2


def test_an_alternative_of_a_gold_mention_is_neither_right_nor_wrong():
    gold = doc((0, 3, "A", "Q1"), (4, 5, "A", "Q2"))
    gold.spans["nel_alternatives"] = [Span(gold, 0, 2, "A", kb_id="Q1")]
    found = doc((0, 2, "A", "Q1"), (2, 3, "A", "Q1"), (4, 5, "A", "Q2"))
    scores = score([Example(found, gold)])
    assert (scores["nel_micro_p"], scores["nel_micro_r"]) == (1 / 2, 1 / 2)
    assert build_linker_scorer_v1(alternatives_key="x")([Example(found, gold)])["nel_micro_p"] == 1 / 3


def test_docs_without_links_do_not_count():
    right = Example(doc((0, 1, "A", "Q1")), doc((0, 1, "A", "Q1")))
    only_names = Example(doc((0, 1, "A", "Q1"), (5, 6, "A", "Q1")), doc((0, 1, "A", "")))
    nothing_known = Example(doc((0, 1, "A", "Q1")), Doc(NLP.vocab, words=WORDS))
    assert score([right, only_names, nothing_known])["nel_micro_f"] == 1
    # annotated, and there is no entity in it
    assert score([right, Example(doc((0, 1, "A", "Q1")), doc())])["nel_micro_p"] == 1 / 2


def test_no_gold_no_number():
    assert set(score([]).values()) == {None}
    assert set(score([Example(doc(), doc())]).values()) == {None}
    only_nil = score([Example(doc((0, 1, "A", "NIL")), doc((0, 1, "A", "NIL")))])
    assert only_nil["nel_micro_f"] is only_nil["nel_per_type"] is only_nil["nel_accuracy"] is None
    assert only_nil["nel_nil_f"] == only_nil["nel_with_nil_f"] == only_nil["nel_with_nil_accuracy"] == 1


def test_words_may_be_others_than_those_of_the_gold_doc():
    gold = doc((0, 2, "A", "Q1"), words=["New", "York", "City"])
    found = Doc(NLP.vocab, words=["New York", "City"])
    found.ents = [Span(found, 0, 1, "A", kb_id="Q1")]
    assert score([Example(found, gold)])["nel_micro_f"] == 1


def test_equal_to_spacy_where_no_mention_is_missed_or_invented_and_all_have_links():
    gold = doc((0, 1, "A", "Q1"), (1, 2, "A", "Q2"), (2, 3, "B", "Q3"), (3, 4, "B", "Q4"))
    found = doc((0, 1, "A", "Q1"), (1, 2, "A", "Q7"), (2, 3, "B", "NIL"), (3, 4, "B", ""))
    ours = score([Example(found, gold)])
    theirs = Scorer.score_links([Example(found, gold)], negative_labels=["NIL", ""])
    assert ours["nel_micro_p"] == 1 / 2 and ours["nel_micro_r"] == 1 / 4
    for key in ("nel_micro_p", "nel_micro_r", "nel_micro_f"):
        assert ours[key] == theirs[key]
    assert ours["nel_per_type"] == theirs["nel_f_per_type"]


def test_spacy_finds_the_scorer_and_a_pipe_can_use_it():
    nlp = spacy.blank("xx")
    config = {"scorer": {"@scorers": "spacy_luke.linker_scorer.v1"}, "use_gold_ents": False}
    linker = nlp.add_pipe("entity_linker", config=config)
    assert linker.scorer([Example(doc(*FOUND), doc(*GOLD))])["nel_micro_p"] == 1 / 4
