"""luke_relations with the encoder of a `luke` pipe, beside luke_ner, whose entities it relates."""

from __future__ import annotations

import pickle

import numpy
import pytest
import spacy

from ..related import TRAIN, doc_of, examples_of, expected, found, relations_config
from ..tiny import encoder_config, ner_config

LISTENER = {"@architectures": "spacy_luke.LukeListener.v1", "upstream": "*"}


def _shared(path):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(path)})
    nlp.add_pipe("luke_ner", config=ner_config("", model={"encoder": LISTENER}))
    nlp.add_pipe("luke_relations", config=relations_config("", model={"encoder": LISTENER}))
    nlp.initialize(lambda: examples_of(nlp))
    return nlp


def _train(nlp, steps=100, exclude=()):
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses = nlp.update(examples_of(nlp), sgd=optimizer, exclude=exclude)
    return losses


def _encoder(nlp):
    return nlp.get_pipe("luke").model.shims[0].to_bytes()


def _assert_learnt(nlp):
    for entry in TRAIN:
        doc = nlp(entry[0])
        assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == entry[1]
        assert found(doc) == expected(entry)


@pytest.fixture(scope="module")
def trained(xlmr):
    nlp = _shared(xlmr)
    before = _encoder(nlp)
    losses = _train(nlp)
    assert max(losses.values()) < 0.05 and _encoder(nlp) != before
    return nlp


def test_entities_and_relations_from_text(trained):
    _assert_learnt(trained)


def test_the_encoder_is_saved_once(trained, tmp_path):
    trained.to_disk(tmp_path)
    sizes = {name: (tmp_path / name / "model").stat().st_size for name in ("luke", "luke_relations")}
    assert sizes["luke"] > 50_000 > 5_000 > sizes["luke_relations"]
    _assert_learnt(spacy.load(tmp_path))
    with trained.select_pipes(disable=["luke"]):
        _assert_learnt(trained)
    with pytest.raises(ValueError, match="LK403"):
        nlp = spacy.load(tmp_path, exclude=["luke", "luke_ner"])
        nlp(doc_of(nlp, *TRAIN[0][:2]))


def test_bytes_two_processes_and_pickle(trained):
    again = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    for doc, entry in zip(again.pipe([e[0] for e in TRAIN], n_process=2, batch_size=1), TRAIN, strict=True):
        assert found(doc) == expected(entry)
    pipe = pickle.loads(pickle.dumps(trained.get_pipe("luke_relations")))
    doc = doc_of(trained, *TRAIN[0][:2])
    a, b = (p.predict([doc]).probabilities for p in (pipe, trained.get_pipe("luke_relations")))
    numpy.testing.assert_allclose(a, b, atol=1e-6)


def test_sourced_and_with_a_copy_of_its_own(trained, tmp_path):
    nlp = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    nlp.replace_listeners("luke", "luke_relations", ["model.encoder"])
    _assert_learnt(nlp)
    nlp.to_disk(tmp_path)
    assert (tmp_path / "luke_relations" / "model").stat().st_size > 50_000
    other = spacy.blank("en")
    other.add_pipe("luke_relations", source=spacy.load(tmp_path))
    for entry in TRAIN:
        assert found(other(doc_of(other, *entry[:2]))) == expected(entry)


def test_a_frozen_encoder_stays(xlmr):
    nlp = _shared(xlmr)
    before, head = _encoder(nlp), nlp.get_pipe("luke_relations").model.get_ref("output_layer").get_param("W").copy()
    _train(nlp, steps=2, exclude=["luke"])
    assert _encoder(nlp) == before
    assert (nlp.get_pipe("luke_relations").model.get_ref("output_layer").get_param("W") != head).any()


def test_docs_without_relations_train_the_other_pipe_only(xlmr):
    """Corpora of single tasks, mixed: what has no gold for a task does not train it."""
    nlp = _shared(xlmr)
    examples = examples_of(nlp)
    for eg in examples:
        del eg.reference.spans["luke_relations"]
    losses = nlp.update(examples)
    assert losses["luke_relations"] == 0.0 and losses["luke_ner"] > 0
    assert not nlp.get_pipe("luke_relations").model.get_ref("output_layer").has_grad("W")
