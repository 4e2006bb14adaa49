"""What luke_linker does with Docs and gold of every kind."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..linking import add_linker, answers, doc_with, example, links, memory_kb, words_doc

PRIORS = {"Tokyo": (["Q1", "Q2"], [0.6, 0.4]), "old Tokyo": (["Q3"], [1.0]), "Japan": (["Q3", "Q4"], [0.5, 0.5])}
ODD = [
    ["Tokyo"],
    ["\n"],
    ["  ", "Tokyo", " \n ", "Japan", "\t"],
    ["😀", "Tokyo", "👨‍👩‍👧", "Japan"],
    ["e\u0301te\u0301", "か\u3099", "Tokyo"],
    ["\u200b", "Tokyo", "\ufffd"],
    ["Tokyo"] * 300,
    ["x" * 3000, "Japan"],
    ["東京", "は", "日本"],
]


def _kb(vocab):
    return memory_kb(vocab, priors=PRIORS)


@pytest.fixture(scope="module", params=["xlmr", "xlmr_24"])
def nlp(request):
    nlp = spacy.blank("en")
    add_linker(nlp, request.getfixturevalue(request.param), kb=_kb)
    return nlp


def _set(nlp, monkeypatch, **settings):
    for name, value in settings.items():
        monkeypatch.setitem(nlp.get_pipe("luke_linker").cfg, name, value)


@pytest.mark.parametrize("words", ODD, ids=range(len(ODD)))
def test_odd_docs(nlp, words, monkeypatch):
    """Every word is a mention."""
    _set(nlp, monkeypatch, confidence=0.3)
    doc = nlp(words_doc(nlp, words, [(i, i + 1) for i in range(len(words))]))
    found = answers(doc)
    assert list(found) == [(ent.start, ent.end) for ent in doc.ents] and len(found) == len(words)
    for ent, options in zip(doc.ents, found.values()):
        assert sum(options.values()) == pytest.approx(1, abs=1e-5)
        assert ent.kb_id_ == max(options, key=options.get)
        assert list(options) == [*PRIORS.get(ent.text, ([],))[0], "NIL"]
    if not any(word in PRIORS for word in words):
        assert {ent.kb_id_ for ent in doc.ents} <= {"NIL"}


def test_docs_without_entities_or_words(nlp):
    for doc in nlp.pipe([Doc(nlp.vocab), nlp.make_doc("Tokyo is old"), nlp.make_doc("")]):
        assert not doc.ents and not len(doc.spans["luke_linker"])
        assert doc.spans["luke_linker"].attrs == {"candidates": [], "scores": [], "nil": [], "steps": []}
        assert not any(token.ent_kb_id for token in doc)
    assert nlp.get_pipe("luke_linker").predict([]) == []


def test_labels_to_link_and_to_skip(nlp, monkeypatch):
    text, ents = "Tokyo saw Japan in Tokyo", [(0, 5, "A", ""), (10, 15, "B", "old"), (19, 24, "C", "")]
    for settings, linked in (
        ({}, [True, True, True]),
        ({"labels": ["A", "B"]}, [True, True, False]),
        ({"labels_discard": ["A"]}, [False, True, True]),
        ({"labels": ["A", "B"], "labels_discard": ["B"]}, [True, False, False]),
        ({"labels": []}, [False, False, False]),
    ):
        with monkeypatch.context() as patch:
            _set(nlp, patch, **settings)
            doc = nlp(doc_with(nlp, text, ents))
        found = [ent.kb_id_ not in ("", "old") for ent in doc.ents]
        assert found == linked and len(doc.spans["luke_linker"]) == sum(linked), settings
        assert doc.ents[1].kb_id_ == "old" or linked[1]


def test_overwrite(nlp, monkeypatch):
    ents = [(0, 5, "A", "mine"), (10, 15, "B", "")]
    _set(nlp, monkeypatch, overwrite=False)
    doc = nlp(doc_with(nlp, "Tokyo saw Japan", ents))
    assert doc.ents[0].kb_id_ == "mine" and doc.ents[1].kb_id_ in ("Q3", "Q4", "NIL")
    assert doc.spans["luke_linker"][0].kb_id_ in ("Q1", "Q2", "NIL")  # what it would have said
    _set(nlp, monkeypatch, overwrite=True)
    assert nlp(doc).ents[0].kb_id_ in ("Q1", "Q2", "NIL")


def test_overlapping_mentions_of_a_span_group(nlp, monkeypatch):
    _set(nlp, monkeypatch, spans_key="mine", mode="local")
    doc = words_doc(nlp, ["old", "Tokyo", "and", "Japan"], [(3, 4), (1, 2), (0, 2), (1, 2)], "mine")
    doc.spans["mine"].append(Span(doc, 2, 2, label="X"))  # no word: nothing to link
    doc.ents = [Span(doc, 1, 2, label="X")]
    doc = nlp(doc)
    group = doc.spans["luke_linker"]
    assert [s.text for s in group] == ["Japan", "Tokyo", "old Tokyo", "Tokyo"]
    assert group.attrs["candidates"] == [["Q3", "Q4"], ["Q1", "Q2"], ["Q3"], ["Q1", "Q2"]]
    assert group.attrs["scores"][1] == pytest.approx(group.attrs["scores"][3])
    assert all(span.kb_id_ for span in group)
    assert [ent.kb_id_ for ent in doc.ents] == [""] and len(doc.spans["mine"]) == 5
    assert not len(nlp(nlp.make_doc("Tokyo")).spans["luke_linker"])  # no such group


# --- training ------------------------------------------------------------------------------------


def _loss(nlp, *examples):
    losses = {}
    nlp.get_pipe("luke_linker").update(list(examples), losses=losses)
    nlp.get_pipe("luke_linker").finish_update(lambda key, weights, gradient, **_: (weights, gradient))
    return losses["luke_linker"]


TEXT = "old Tokyo and Japan"


def test_what_trains(nlp):
    def loss(*ents):
        return _loss(nlp, example(nlp, TEXT, ents))

    assert loss((4, 9, "X", "Q1")) > 0  # a candidate
    assert loss((4, 9, "X", "NIL")) > 0
    assert loss((4, 9, "X", "")) == 0  # not annotated
    assert loss((4, 9, "X", "Q4")) == loss((4, 9, "X", "no")) == 0  # not among the candidates
    assert loss((10, 13, "X", "NIL")) == 0  # no candidates: NIL without asking
    assert loss() == 0
    assert _loss(nlp) == 0
    assert loss((4, 9, "X", "Q1")) == pytest.approx(loss((4, 9, "X", "Q1"), (14, 19, "X", "")), abs=0.5)


def test_gold_that_cannot_be_aligned_trains_nothing(nlp):
    words = nlp.make_doc("Tokyobased in Japan")
    reference = Doc(nlp.vocab, ["Tokyo", "based", "in", "Japan"], [False, True, True, False])
    reference.ents = [Span(reference, 0, 1, label="X", kb_id="Q1")]
    assert _loss(nlp, Example(words, reference)) == 0
    reference.ents = [*reference.ents, Span(reference, 3, 4, label="X", kb_id="Q3")]
    assert _loss(nlp, Example(words.copy(), reference)) > 0


def test_empty_and_blank_docs_in_training(nlp):
    blank = words_doc(nlp, ["\n"], [(0, 1)])
    empty = Doc(nlp.vocab)
    given = [Example(doc.copy(), doc) for doc in (empty, blank)]
    assert _loss(nlp, *given) == 0
    assert _loss(nlp, *given, example(nlp, TEXT, [(4, 9, "X", "Q1")])) > 0


def test_labels_in_training(nlp, monkeypatch):
    _set(nlp, monkeypatch, labels_discard=["A"])
    assert _loss(nlp, example(nlp, TEXT, [(4, 9, "A", "Q1")])) == 0
    assert _loss(nlp, example(nlp, TEXT, [(4, 9, "B", "Q1")])) > 0


def test_gold_of_a_span_group(nlp, monkeypatch):
    _set(nlp, monkeypatch, spans_key="mine")
    gold = words_doc(nlp, TEXT.split(), [(0, 2), (1, 2)], "mine")
    assert _loss(nlp, Example(nlp.make_doc(TEXT), gold)) == 0  # no links
    gold.spans["mine"] = [Span(gold, s.start, s.end, kb_id="Q1") for s in gold.spans["mine"]]
    assert _loss(nlp, Example(nlp.make_doc(TEXT), gold)) > 0


def test_found_mentions_train_where_gold_has_the_same(nlp, monkeypatch):
    """use_gold_ents=False: what the pipes before have found."""
    _set(nlp, monkeypatch, use_gold_ents=False)
    gold = doc_with(nlp, TEXT, [(4, 9, "X", "Q1"), (14, 19, "X", "Q3")])
    assert _loss(nlp, Example(nlp.make_doc(TEXT), gold)) == 0
    found = doc_with(nlp, TEXT, [(0, 9, "X", "")])
    assert _loss(nlp, Example(found, gold)) == 0
    found = doc_with(nlp, TEXT, [(4, 9, "Y", "")])
    assert _loss(nlp, Example(found, gold)) > 0


def test_an_annotating_pipe_finds_the_mentions(xlmr):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "LOC", "pattern": "Tokyo"}])
    texts = [("old Tokyo", (4, 9, "LOC", "Q1")), ("Tokyo saw Japan", (0, 5, "LOC", "Q2"))]
    examples = [Example(nlp.make_doc(text), doc_with(nlp, text, [ent])) for text, ent in texts]
    add_linker(nlp, xlmr, examples, kb=_kb, use_gold_ents=False)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(50):
        given = [Example(nlp.make_doc(eg.text), eg.reference) for eg in examples]
        losses = nlp.update(given, sgd=optimizer, annotates=["entity_ruler"])
    assert losses["luke_linker"] < 0.05
    assert [links(nlp(text)) for text, _ in texts] == [[("Tokyo", "Q1")], [("Tokyo", "Q2")]]
    assert nlp.evaluate(examples)["nel_micro_f"] == 1.0
