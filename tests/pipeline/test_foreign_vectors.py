"""Vectors of a knowledge base that another encoder has made are told from those of the encoder itself."""

from __future__ import annotations

import warnings

import numpy
import pytest
import spacy
from thinc.api import fix_random_seed

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.models.encoder import build_luke_encoder_v1
from spacy_luke.models.linker import build_luke_linker_v1
from spacy_luke.pipeline.embed_kb import embed_kb
from spacy_luke.pipeline.foreign_vectors import recognised

from ..linking import example, spacy_kb
from ..tiny import encoder_config

WORDS = "brown capital fox jumps lazy old quick river station summer town winter".split()
ENTITIES = [
    {"id": f"E{i}", "labels": {"en": f"{a} {b}"}, "description": f"the {b} of the {a} {WORDS[i % 12]}", "aliases": [a]}
    for i, (a, b) in enumerate((a, b) for a in WORDS for b in WORDS if a != b)
]


@pytest.fixture(scope="module")
def kb_path(xlmr, tmp_path_factory):
    path = tmp_path_factory.mktemp("foreign") / "kb"
    build_kb(path, ENTITIES)
    embed_kb(path, xlmr)
    return path


def _model(path):
    fix_random_seed(0)
    model = build_luke_linker_v1(build_luke_encoder_v1(str(path)))
    model.initialize()
    return model


def _kb(vocab, path):
    return MMapKB.open(vocab, path)


def test_own_vectors_are_recognised_and_others_are_not(xlmr, kb_path):
    vocab, model = spacy.blank("en").vocab, _model(xlmr)
    kb = _kb(vocab, kb_path)
    assert recognised(kb, model) == (32, 1.0)
    others = MMapKB(vocab, kb.entity_vector_length)
    random = numpy.random.default_rng(0).normal(size=(len(ENTITIES), kb.entity_vector_length))
    others.add_entities([{**entity, "vector": vector.tolist()} for entity, vector in zip(ENTITIES, random)])
    n, share = recognised(others, model)
    assert n == 32 and share < 0.25


def test_too_few_descriptions_or_vectors_say_nothing(xlmr):
    vocab, model = spacy.blank("en").vocab, _model(xlmr)
    assert recognised(spacy_kb(vocab), model) is None  # spaCy's has no descriptions
    kb = MMapKB(vocab, 32)
    assert recognised(kb, model) is None
    kb.add_entities([{"id": "E", "labels": {"en": "x"}, "vector": [1.0] * 32}, *ENTITIES[:40]])
    assert recognised(kb, model) is None  # a vector without description, descriptions without vectors


def test_initialize_tells(xlmr, kb_path, monkeypatch):
    def tells():
        nlp = spacy.blank("en")
        linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}})
        gold = example(nlp, "old river", [(0, 3, "LOC", "E61")])
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            linker.initialize(lambda: [gold], nlp=nlp, kb_loader=lambda vocab: _kb(vocab, kb_path))
        return [str(w.message) for w in found if "LKW516" in str(w.message)]

    assert tells() == []
    shuffled = numpy.random.default_rng(0).permutation(len(ENTITIES))
    vectors_of = MMapKB.vectors_of
    monkeypatch.setattr(MMapKB, "vectors_of", lambda kb, rows: vectors_of(kb, shuffled[rows]))
    (message,) = tells()
    assert "of 32 entities" in message and "kb embed" in message
