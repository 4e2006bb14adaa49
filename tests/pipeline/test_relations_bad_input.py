"""Entities that overlap, one entity only, the same span twice, text of markers: handled, and said."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.annotations import set_relations
from spacy_luke.features.pairs import DocPairs
from spacy_luke.models.encoder import get_shim
from spacy_luke.models.relations import ask

from ..related import TRAIN, doc_of, examples_of, relations_config, trained_on


@pytest.fixture(scope="module")
def trained(xlmr):
    return trained_on(xlmr)


def _grouped(nlp, text, spans, label="X"):
    doc = nlp.make_doc(text)
    doc.spans["mine"] = [Span(doc, start, end, label=label) for start, end in spans]
    return doc


def _with_key(xlmr):
    """A pipe that takes entities from a span group."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_relations", config=relations_config(xlmr, pairs={"entities_key": "mine"}))
    nlp.initialize(lambda: examples_of(nlp))
    return nlp, pipe


def test_one_entity_or_none(trained):
    for ents in ([], TRAIN[0][1][:1]):
        doc = trained(doc_of(trained, TRAIN[0][0], ents))
        assert len(doc.spans["luke_relations"]) == len(ents) and doc._.relations == []
    example = examples_of(trained, [(TRAIN[0][0], TRAIN[0][1][:1], [])])
    assert trained.get_pipe("luke_relations").update(example) == {"luke_relations": 0.0}


def test_overlapping_and_equal_entities(xlmr):
    nlp, pipe = _with_key(xlmr)
    spans = [(0, 2), (1, 2), (1, 3), (0, 2)]  # across, inside, the same
    doc = _grouped(nlp, "Bob Hill met Ada", spans)
    scores = pipe.predict([doc])
    assert len(scores.asked) == 12 and scores.asked.all()
    numpy.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)
    pairs = [tuple(pair) for pair in scores.pairs[0].pairs.tolist()]
    same = scores.probabilities[[pairs.index((0, 1)), pairs.index((3, 1))]]
    numpy.testing.assert_allclose(same[0], same[1], atol=1e-5)
    doc = nlp(doc)
    assert [(s.start, s.end) for s in doc.spans["luke_relations"]] == spans
    assert doc.to_bytes() and doc.copy().spans["luke_relations"].attrs == doc.spans["luke_relations"].attrs


def test_the_same_span_as_head_and_tail_of_gold(xlmr):
    """An entity is not asked about with itself: counted, and missed in scores."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_relations", config=relations_config(xlmr))
    text, ents, _ = TRAIN[0]
    data = [(text, ents, [(0, "founded", 1), (0, "self", 0)])]
    with pytest.warns(UserWarning, match="LKW520.*1 of 2 gold relations.*head and tail are one entity.*self: 1"):
        nlp.initialize(lambda: examples_of(nlp, data))
    pipe.update(examples_of(nlp, data))
    doc = doc_of(nlp, text, ents)
    gold = examples_of(nlp, data)[0].reference
    set_relations(doc, [(doc.ents[0], doc.ents[1], "founded")])
    assert pipe.score([Example(doc, gold)])["rel_micro_r"] == 0.5


def test_text_of_markers_is_text(trained):
    pipe = trained.get_pipe("luke_relations")
    tokenizer = get_shim(pipe.model.get_ref("encoder")).tokenizer
    doc = Doc(trained.vocab, ["<ent>", "Ada", "<ent2>", "founded", "<ent>", "Acme", "<mask>", "</s>"])
    doc.ents = [Span(doc, 1, 2, label="PERSON"), Span(doc, 5, 6, label="ORG"), Span(doc, 6, 7, label="ORG")]
    questions = ask(pipe.model, [doc], [[[(1, 2), (5, 6)]]]).questions
    for marker, (start, end) in zip((tokenizer.ent, tokenizer.ent2), questions[0].slot_spans.tolist()):
        assert numpy.flatnonzero(questions[0].piece_ids == marker).tolist() == [start, end - 1]
    assert (questions[0].piece_ids == tokenizer.sep).sum() == 1 and tokenizer.mask not in questions[0].piece_ids
    assert len(trained(doc).spans["luke_relations"]) == 3


def test_entities_without_a_piece_are_not_asked(xlmr):
    """SentencePiece drops a zero width space."""
    nlp, pipe = _with_key(xlmr)
    doc = Doc(nlp.vocab, ["Ada", "\u200b", "Acme", "\n"], spaces=[False] * 4)
    doc.spans["mine"] = [Span(doc, i, i + 1, label="X") for i in range(4)]
    scores = pipe.predict([doc])
    asked = [tuple(pair) for pair in scores.pairs[0].pairs[scores.asked].tolist()]
    assert asked == [(0, 2), (2, 0)]
    assert {(r.head.text, r.tail.text) for r in nlp(doc)._.relations} <= {("Ada", "Acme"), ("Acme", "Ada")}


def test_a_pair_getter_that_is_wrong(trained, monkeypatch):
    pipe = trained.get_pipe("luke_relations")

    def getter(docs, *, entities=None, constraints=None):
        return [DocPairs(list(doc.ents), numpy.asarray([[0, 3]]), [None]) for doc in docs]

    monkeypatch.setattr(pipe, "get_pairs", getter)
    with pytest.raises(ValueError, match=r"LK522.*\[0, 3\].*3 entities"):
        trained(doc_of(trained, *TRAIN[0][:2]))


def test_not_initialized(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_relations", config=relations_config(xlmr))
    with pytest.raises(ValueError, match="LK401.*initialize"):
        nlp(doc_of(nlp, *TRAIN[0][:2]))
    pipe.model.get_ref("encoder").initialize()
    pipe.add_label("x")
    with pytest.raises(ValueError, match="LK405"):
        nlp(doc_of(nlp, *TRAIN[0][:2]))


def test_a_gold_group_that_is_broken(trained):
    [example] = examples_of(trained, TRAIN[:1])
    example.reference.spans["luke_relations"].attrs["relations"].append([0, 7, "founded", 1.0])
    with pytest.raises(ValueError, match=r"LK262.*\[0, 7, 'founded', 1.0\].*3 entities"):
        trained.get_pipe("luke_relations").update([example])
