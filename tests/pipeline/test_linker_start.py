"""What luke_linker knows behind `initialize`: what the first links say of dot product, prior, label and NIL."""

from __future__ import annotations

import math

import numpy
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from spacy_luke.pipeline import linker_start
from spacy_luke.pipeline.asked import questions_about
from spacy_luke.pipeline.linker_start import BIAS, LEAST

from ..linking import add_linker, answers, memory_kb, words_doc, write_luke
from ..tiny import encoder_config

WORDS = ["Tokyo", "Japan", "nowhere", "quick", "fox"]
# Tokyo is Q1 or Q2, Japan Q3 or Q4; "nowhere" has no candidates; "" = not annotated; Q9 is no candidate.
GOLD = {"Tokyo": ["Q1", "Q1", "Q2", "NIL", "Q9"], "Japan": ["Q3", "Q4", "Q3", "Q3", ""], "nowhere": ["NIL", "Q1"]}


def _examples(nlp, n: int, gold=GOLD) -> list[Example]:
    rng, found = numpy.random.default_rng(0), []
    for _ in range(n):
        words = rng.choice(WORDS, 8).tolist()
        doc = words_doc(nlp, words, [])
        doc.ents = [Span(doc, i, i + 1, label="X", kb_id=rng.choice(gold[w])) for i, w in enumerate(words) if w in gold]
        found.append(Example(words_doc(nlp, words, []), doc))
    return found


def _weights(linker) -> dict[str, float]:
    scores = linker.model.get_ref("candidate_scores")
    return {name: float(scores.get_param(name)[0]) for name in ("scale", "prior", "label", "b")}


def _decided(nlp, linker, examples) -> list[tuple[str, dict[str, float]]]:
    """The mentions whose gold is an option besides others, and what the linker says of their options."""
    found = []
    for eg in examples:
        doc = linker(words_doc(nlp, [t.text for t in eg.reference], [(e.start, e.end) for e in eg.reference.ents]))
        rows = zip(eg.reference.ents, answers(doc).values())
        found += [(ent.kb_id_, options) for ent, options in rows if ent.kb_id_ in options and len(options) > 1]
    return found


@pytest.fixture
def nlp():
    return spacy.blank("en")


def test_says_nil_as_often_as_it_is(nlp, xlmr):
    examples = _examples(nlp, 60)
    linker = add_linker(nlp, xlmr, examples, mode="local")
    decided = _decided(nlp, linker, examples)
    right = sum(gold == "NIL" for gold, _ in decided)
    said = sum(options["NIL"] for _, options in decided)
    assert 10 < right < len(decided) / 4
    b = _weights(linker)["b"]
    # where the derivative of the likelihood is that of what was thought before; here all mentions are in sight, not only those with a link
    assert right - said == pytest.approx(b / BIAS**2, abs=0.05)


@pytest.mark.parametrize("pretrained", [False, True])
def test_no_other_weights_explain_the_links_better(nlp, xlmr, tmp_path, pretrained):
    if pretrained:
        write_luke(tmp_path)
    examples = _examples(nlp, 40)
    kb = lambda vocab: memory_kb(vocab, width=16 if pretrained else 32)  # noqa: E731
    linker = add_linker(nlp, tmp_path if pretrained else xlmr, examples, kb=kb, mode="local")
    scores, unit = linker.model.get_ref("candidate_scores"), 1.0 if pretrained else 32**-0.5
    found = _weights(linker)
    assert scores.attrs["scale"] == pytest.approx(unit)

    def objective() -> float:
        w = _weights(linker)
        before = ((w["scale"] - unit) / unit) ** 2 + (w["prior"] - 1) ** 2 + (w["b"] / BIAS) ** 2
        return sum(math.log(options[gold]) for gold, options in _decided(nlp, linker, examples)) - before / 2

    best = objective()
    for name, value in found.items():
        for step in (-0.1, 0.1):
            of_one = unit if name == "scale" else 1.0
            if name == "label" or (name != "b" and value + step * of_one < LEAST * of_one - 1e-6):
                continue
            scores.set_param(name, numpy.asarray([value + step * of_one], "f"))
            assert objective() < best
        scores.set_param(name, numpy.asarray([value], "f"))


def test_vectors_that_contradict_the_links_are_hardly_listened_to(nlp, xlmr):
    """The links of the same text with vectors of the right candidates, and with those of the wrong ones."""
    examples = _examples(nlp, 30, {"Tokyo": ["Q1"], "Japan": ["Q3"]})
    linker = add_linker(nlp, xlmr, examples)
    queries = {}
    for asked, links in (linker._ask_annotated([eg]) for eg in examples):
        shown = numpy.full(len(links), -1)
        questions = questions_about(linker.model, asked.windows, shown, asked.options)
        queries |= dict(zip(links, linker.model.layers[0].predict(questions)))
    mean = sum(queries.values()) / 2
    right = 0.1 * numpy.stack([queries["Q1"] - mean, mean * 0, queries["Q3"] - mean, mean * 0])
    weights = []
    for vectors in (right, -right):
        kb = lambda vocab: memory_kb(vocab, vectors=vectors)  # noqa: E731,B023
        weights.append(_weights(add_linker(spacy.blank("en"), xlmr, examples, kb=kb))["scale"])
    unit = 32**-0.5
    assert weights[0] > unit
    assert weights[1] == pytest.approx(LEAST * unit)


def test_what_is_switched_off_stays_off(nlp, xlmr):
    model = {"encoder": encoder_config(xlmr), "use_prior": False, "use_labels": False}
    found = _weights(add_linker(nlp, xlmr, _examples(nlp, 20), model=model))
    assert found["prior"] == found["label"] == 0.0 and found["b"] != 0.0


@pytest.mark.parametrize("gold", [{}, {"Tokyo": ["Q9", ""]}, {"nowhere": ["NIL"]}], ids=["none", "no candidates", "NIL"])
def test_nothing_to_learn_from(nlp, xlmr, gold):
    found = _weights(add_linker(nlp, xlmr, _examples(nlp, 5, gold)))
    assert found == pytest.approx({"scale": 32**-0.5, "prior": 1.0, "label": 1.0, "b": 0.0})


def test_a_knowledge_base_of_the_same_texts_does_not_make_the_prior_always_right(nlp, xlmr):
    """Every Doc names an entity in a way of its own, which another entity has, too: counted, it is always right."""

    def kb(vocab):
        found = memory_kb(vocab, priors={})
        for i in range(40):
            found.add_aliases([{"alias": WORDS[0] + str(i), "entity": id, "count": 1} for id in ("Q1", "Q2")])
        return found

    examples = []
    for i in range(40):
        doc = words_doc(nlp, [WORDS[0] + str(i), "is", "old"], [])
        doc.ents = [Span(doc, 0, 1, label="X", kb_id="Q1" if i % 2 else "Q2")]
        examples.append(Example(words_doc(nlp, [t.text for t in doc], []), doc))
    linker = add_linker(nlp, xlmr, examples, kb=kb)
    assert linker.cfg["counted"]
    assert _weights(linker)["prior"] == pytest.approx(LEAST)  # the other one, which was counted, is always wrong


def test_what_a_knowledge_base_has_counted_elsewhere_stays(nlp, xlmr):
    """Tokyo was seen in other texts, Japan was not: these texts are not those that were counted."""

    def kb(vocab):
        found = memory_kb(vocab, priors={})
        found.add_aliases([{"alias": "Tokyo", "entity": id, "count": n} for id, n in (("Q1", 2), ("Q2", 1))])
        found.add_aliases([{"alias": "Japan", "entity": "Q3", "count": 0}])
        return found

    examples = _examples(nlp, 20, {"Tokyo": ["Q1"], "Japan": ["Q3"]})
    linker = add_linker(nlp, xlmr, examples, kb=kb)
    assert not linker.cfg["counted"]
    asked, _ = linker._ask_annotated(examples)
    priors = {found.ids[0]: found.priors[0] for found in asked.candidates}
    assert priors["Q1"] == pytest.approx(2 / 3)


def test_gold_is_looked_at_whatever_trains(nlp, xlmr):
    """With use_gold_ents = false, mentions come from a recogniser, which has not run yet."""
    examples = _examples(nlp, 30)
    expected = _weights(add_linker(nlp, xlmr, examples))
    found = _weights(add_linker(spacy.blank("en"), xlmr, examples, use_gold_ents=False))
    assert found == pytest.approx(expected) and found["b"] != 0


def test_mentions_without_a_link_are_not_looked_at(nlp, xlmr, monkeypatch):
    monkeypatch.setattr(linker_start, "LINKS", 40)
    annotated = _examples(nlp, 30)
    unknown = _examples(nlp, 30, {"Tokyo": [""], "Japan": [""]})
    expected = _weights(add_linker(nlp, xlmr, annotated))
    found = _weights(add_linker(spacy.blank("en"), xlmr, unknown + annotated))
    assert found["b"] == pytest.approx(expected["b"], abs=1.0) and found["prior"] == pytest.approx(expected["prior"], abs=0.3)
    assert found["b"] != 0


@pytest.mark.parametrize("words", [[" ", "\u200b"], [" ", "Tokyo"]], ids=["none", "one"])
def test_mentions_that_cannot_be_asked(nlp, xlmr, words):
    doc = words_doc(nlp, words, [])
    doc.ents = [Span(doc, i, i + 1, label="X", kb_id="Q1") for i in range(2)]
    linker = add_linker(nlp, xlmr, [Example(words_doc(nlp, words, []), doc)])
    head = linker.model.get_ref("head")
    assert numpy.array_equal(head.get_param("G"), numpy.ones(32)) and not head.get_param("beta").any()
    assert all(math.isfinite(value) for value in _weights(linker).values())
