"""Decisions of luke_linker equal those of the paper's loop, in every mode."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.pipeline import linker as linker_module
from spacy_luke.pipeline.disambiguation import disambiguate

from ..linking import answers, words_doc
from .loop import MENTIONS, WORDS, Setting, alias_of, best, random_priors

PRIORS = random_priors()


@pytest.fixture(scope="module", params=[True, False], ids=["entity-aware", "plain"])
def setting(tmp_path_factory, request):
    return Setting(tmp_path_factory.mktemp("luke"), use_entity_aware_attention=request.param)


@pytest.fixture
def decisions(monkeypatch):
    """What `disambiguate` returned, call by call."""
    seen = []

    def noted(*args, **kwargs):
        seen.append(disambiguate(*args, **kwargs))
        return seen[-1]

    monkeypatch.setattr(linker_module, "disambiguate", noted)
    return seen


def assert_same(found, expected, tolerance=1e-4):
    assert found.keys() == expected.keys()
    for span in expected:
        assert found[span] == pytest.approx(expected[span], abs=tolerance), span


def test_the_head_of_the_checkpoint_arrives(setting):
    _, linker = setting.linker(PRIORS)
    head, transform = linker.model.get_ref("head"), setting.model.entity_predictions.transform
    numpy.testing.assert_array_equal(head.get_param("W"), transform.dense.weight.detach().numpy())
    numpy.testing.assert_array_equal(head.get_param("beta"), transform.LayerNorm.bias.detach().numpy())
    assert linker.model.get_ref("candidate_scores").get_param("scale") == 1.0


@pytest.mark.parametrize("mode", ["local", "exact"])
def test_equals_the_loop(setting, mode, decisions):
    expected, order = setting.loop.run(WORDS, MENTIONS, PRIORS, mode)
    nlp, linker = setting.linker(PRIORS, mode)
    doc = linker(words_doc(nlp, WORDS, MENTIONS))
    assert_same(answers(doc), expected)
    links = {span: best(options) for span, options in expected.items()}
    assert {(e.start, e.end): e.kb_id_ for e in doc.ents} == links
    assert {(s.start, s.end): s.kb_id_ for s in doc.spans["luke_linker"]} == links
    [decided] = decisions
    assert doc.spans["luke_linker"].attrs["steps"] == decided.order.tolist()
    if order is None:
        assert decided.passes.tolist() == [1] and not decided.order.any()
    else:
        assert [MENTIONS[i] for i in numpy.argsort(decided.order)] == order
        assert sorted(decided.order.tolist()) == list(range(len(MENTIONS)))
        assert 2 < decided.passes[0] <= len(MENTIONS)


def test_what_is_decided_changes_what_follows(setting):
    """Or the test above could not tell the modes apart, nor an entity from NIL."""
    local, exact = (setting.loop.run(WORDS, MENTIONS, PRIORS, mode)[0] for mode in ("local", "exact"))
    assert sum(local[span] != pytest.approx(exact[span], abs=1e-2) for span in MENTIONS) > 3
    assert 0 < sum(best(options) == "NIL" for options in exact.values()) < len(MENTIONS) - 3


def test_several_docs_at_once_each_by_its_own_loop(setting):
    mentions = [MENTIONS, MENTIONS[3:5], [], MENTIONS[::2], MENTIONS[8:]]
    nlp, linker = setting.linker(PRIORS, "exact")
    docs = [words_doc(nlp, WORDS, spans) for spans in mentions]
    for doc, spans in zip(linker.pipe(docs, batch_size=3), mentions):
        assert_same(answers(doc), setting.loop.run(WORDS, spans, PRIORS, "exact")[0])


@pytest.mark.parametrize("mode", ["global", "exact"])
def test_steps_do_not_depend_on_other_docs(setting, mode):
    nlp, linker = setting.linker(PRIORS, mode)
    docs = [words_doc(nlp, WORDS, spans) for spans in (MENTIONS[3:5], MENTIONS, MENTIONS[::2])]
    alone = [linker(doc.copy()).spans["luke_linker"].attrs["steps"] for doc in docs]
    assert [doc.spans["luke_linker"].attrs["steps"] for doc in linker.pipe(docs, batch_size=3)] == alone
    assert max(alone[0]) < max(alone[1])


def test_a_mention_without_candidates_has_no_step(setting):
    known = alias_of(WORDS, MENTIONS[0])
    nlp, linker = setting.linker({known: PRIORS[known]})
    doc = linker(words_doc(nlp, WORDS, MENTIONS[:2]))
    assert doc.spans["luke_linker"].attrs["steps"] == [0, -1]


@pytest.mark.parametrize("mode", ["global", "exact", "local"])
def test_one_mention_is_the_same_in_every_mode(setting, mode, decisions):
    expected, _ = setting.loop.run(WORDS, MENTIONS[3:4], PRIORS, "local")
    nlp, linker = setting.linker(PRIORS, mode)
    assert_same(answers(linker(words_doc(nlp, WORDS, MENTIONS[3:4]))), expected)
    assert decisions[0].passes.tolist() == [1]


@pytest.mark.parametrize(("confidence", "same"), [(1.0, "exact"), (0.0, "local")])
def test_the_ends_of_confidence(setting, confidence, same):
    nlp, linker = setting.linker(PRIORS, "global", confidence=confidence)
    expected, _ = setting.loop.run(WORDS, MENTIONS, PRIORS, same)
    assert_same(answers(linker(words_doc(nlp, WORDS, MENTIONS))), expected)


def test_full_confidence_is_exact_even_for_those_that_are_entirely_sure(setting, decisions):
    """Probabilities that float32 rounds to 1 are still decided one at a time."""
    orders = []
    for mode in ("exact", "global"):
        nlp, linker = setting.linker(PRIORS, mode, confidence=1.0)
        linker.model.get_ref("candidate_scores").set_param("b", numpy.asarray([1000.0], "f"))
        doc = linker(words_doc(nlp, WORDS, MENTIONS))
        assert {nil["NIL"] for nil in answers(doc).values()} == {1.0}
        orders.append(decisions[-1].order.tolist())
    assert orders[0] == orders[1] == list(range(len(MENTIONS)))


def test_confidence_saves_passes(setting, decisions):
    nlp, linker = setting.linker(PRIORS)
    for confidence in (1.0, 0.6, 0.4, 0.0):
        linker.cfg["confidence"] = confidence
        linker(words_doc(nlp, WORDS, MENTIONS))
    passes = [int(found.passes[0]) for found in decisions]
    assert passes == sorted(passes, reverse=True) and passes[0] > passes[2] > passes[3] == 1


def test_the_three_surest_are_decided_however_unsure(setting, decisions):
    """The first pass is that of the exact mode: what it finds surest, second and third surest is decided at once."""
    nlp, linker = setting.linker(PRIORS, confidence=0.999)
    linker(words_doc(nlp, WORDS, MENTIONS))
    [found] = decisions
    steps = numpy.bincount(found.order)
    assert steps[:-1].tolist() == [3] * (len(steps) - 1) and found.passes[0] == -(-len(MENTIONS) // 3) > 2
    linker.cfg["mode"] = "local"
    local = answers(linker(words_doc(nlp, WORDS, MENTIONS)))
    surest = sorted(range(len(MENTIONS)), key=lambda i: -max(local[MENTIONS[i]].values()))[:3]
    assert sorted(surest) == numpy.flatnonzero(found.order == 0).tolist()


def test_candidates_and_nil_share_all_probability(setting):
    nlp, linker = setting.linker(PRIORS)
    for span, options in answers(linker(words_doc(nlp, WORDS, MENTIONS))).items():
        assert list(options) == [*PRIORS[alias_of(WORDS, span)][0], "NIL"]
        assert sum(options.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("mode", ["global", "exact", "local"])
def test_neither_the_order_of_mentions_nor_the_neighbours_of_a_doc_change_anything(setting, mode):
    nlp, linker = setting.linker(PRIORS, mode, spans_key="mentions", confidence=0.4)
    alone = {}

    def ask(mentions):
        key = frozenset(mentions)
        if key not in alone:
            alone[key] = answers(linker(words_doc(nlp, WORDS, sorted(mentions), "mentions")))
        return alone[key]

    some = st.permutations(MENTIONS).flatmap(lambda order: st.integers(0, len(order)).map(lambda n: order[:n]))

    @settings(max_examples=10, deadline=None, derandomize=True)
    @given(st.lists(some, min_size=1, max_size=4))
    def check(batch):
        docs = [words_doc(nlp, WORDS, mentions, "mentions") for mentions in batch]
        for doc, mentions in zip(linker.pipe(docs), batch):
            assert [(s.start, s.end) for s in doc.spans["luke_linker"]] == mentions
            assert_same(answers(doc), ask(mentions), 1e-5)

    check()
