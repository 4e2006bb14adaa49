"""Priors without the mention that asks: against a knowledge base that was built without it."""

from __future__ import annotations

import numpy
import pytest
import spacy

from spacy_luke.features.candidates import build_candidate_generator_v1
from spacy_luke.features.own_mention import counted_here, without_own_mention
from spacy_luke.kb import MMapKB
from spacy_luke.types import Candidates

from ..linking import spacy_kb, words_doc

ENTITIES = [{"id": "Q1", "count": 7}, {"id": "Q2"}, {"id": "Q3", "count": 2}, {"id": "Q4"}]
# alias -> counts
COUNTS = {"Paris": {"Q1": 3, "Q2": 1, "Q3": 0}, "Rome": {"Q4": 1}, "Nice": {"Q2": 1, "Q3": 1}}


def _kb(vocab, counts=COUNTS) -> MMapKB:
    kb = MMapKB(vocab, 0)
    kb.add_entities(ENTITIES)
    links = [(alias, id, n) for alias, of_alias in counts.items() for id, n in of_alias.items()]
    kb.add_aliases([{"alias": alias, "entity": id, "count": n} for alias, id, n in links])
    return kb


def _candidates(kb, texts, **settings):
    doc = words_doc(spacy.blank("en"), texts, [(i, i + 1) for i in range(len(texts))])
    return build_candidate_generator_v1(**settings)(kb, [list(doc.ents)])[0]


def _less(alias: str, id: str) -> dict:
    return {**COUNTS, alias: {**COUNTS[alias], id: COUNTS[alias][id] - 1}}


@pytest.mark.parametrize("alias, gold", [(alias, id) for alias, ids in COUNTS.items() for id, n in ids.items() if n])
def test_as_if_it_had_not_been_counted(alias, gold):
    vocab = spacy.blank("en").vocab
    kb = _kb(vocab)
    (found,) = without_own_mention(kb, [alias], [gold], _candidates(kb, [alias]))
    (expected,) = _candidates(_kb(vocab, _less(alias, gold)), [alias])
    assert found.ids == expected.ids
    numpy.testing.assert_allclose(found.priors, expected.priors, rtol=1e-6)
    assert found.priors.dtype == numpy.dtype("f")


def test_by_hand():
    kb = _kb(spacy.blank("en").vocab)
    texts = ["Paris", "Paris", "Nice", "Rome", "Oslo"]
    links = ["Q1", "NIL", "Q3", "", "Q1"]
    before = _candidates(kb, texts)
    found = without_own_mention(kb, texts, links, before)
    # two and one were counted, all the named weigh as much as 0.01 links
    assert dict(zip(found[0].ids, found[0].priors.tolist())) == pytest.approx({"Q1": 2 / 3.01, "Q2": 1 / 3.01, "Q3": 0.01 / 3.01})
    assert found[2].ids == ["Q2", "Q3"] and found[2].priors.tolist() == pytest.approx([1 / 1.01, 0.01 / 1.01])
    assert [found[i] is before[i] for i in range(5)] == [False, True, False, True, True]


def test_the_candidates_are_the_same():
    kb = _kb(spacy.blank("en").vocab)
    (found,) = without_own_mention(kb, ["Paris"], ["Q2"], _candidates(kb, ["Paris"], top_k=2))
    assert found.ids == ["Q1", "Q2"]  # though the other one that has no count is more popular now
    assert found.priors.tolist() == pytest.approx([3 / 3.01, 0.01 / 3.01 / 4])  # popular: 2 + 1 of Q3, 0 + 1 of Q2


def test_what_a_generator_left_out_stays_out():
    kb = _kb(spacy.blank("en").vocab)
    (whole,) = _candidates(kb, ["Paris"])
    given = Candidates(whole.ids[1:], whole.priors[1:])
    (found,) = without_own_mention(kb, ["Paris"], ["Q2"], [given])
    assert sorted(found.ids) == ["Q2", "Q3"] and found.priors.sum() < 0.01


def test_what_is_not_counted_stays():
    vocab = spacy.blank("en").vocab
    given, other = _kb(vocab), spacy_kb(vocab)
    given.add_aliases([{"alias": "Bonn", "entities": ["Q1", "Q2"], "priors": [0.5, 0.25]}])
    for kb, text, link in ((given, "Bonn", "Q2"), (given, "PARIS", "Q1"), (other, "Tokyo", "Q1")):
        before = _candidates(kb, [text])
        assert before[0].ids and without_own_mention(kb, [text], [link], before) == before
    assert without_own_mention(given, [], [], []) == []


def test_which_knowledge_bases_have_counted_the_training_mentions():
    vocab = spacy.blank("en").vocab
    kb, all_of_it = _kb(vocab), {(alias, id) for alias, ids in COUNTS.items() for id, n in ids.items() if n}
    assert counted_here(kb, all_of_it) and counted_here(kb, all_of_it | {("Oslo", "unknown")})
    assert not counted_here(kb, all_of_it | {("Paris", "Q3")})  # named, never counted
    assert not counted_here(kb, all_of_it | {("Oslo", "Q1")})
    assert not counted_here(kb, set()) and not counted_here(kb, {("Oslo", "unknown")})
    assert not counted_here(spacy_kb(vocab), {("Tokyo", "Q1")})
