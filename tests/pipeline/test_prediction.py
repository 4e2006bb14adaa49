"""The fast encoder behind the pipes: all of them use it, and it never falls behind the weights."""

from __future__ import annotations

import pickle

import numpy
import pytest
import spacy
import torch
from spacy.training import Example
from thinc.api import Ragged

from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.encoder.packed_weights import has_bf16

from ..joint import TRAIN, joint
from ..tiny import ner_config

TEXTS = [row[0] for row in TRAIN] * 2


def _ner(path, **settings):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=ner_config(path, **settings))
    examples = [Example.from_dict(nlp.make_doc("Tokyo is old"), {"entities": [(0, 5, "LOC")]})]
    nlp.initialize(lambda: examples)
    return nlp, examples


def _scores(nlp, texts=TEXTS):
    return nlp.get_pipe("luke_ner").predict([nlp.make_doc(text) for text in texts]).scores


def _shim(nlp):
    return nlp.get_pipe("luke_ner").model.get_ref("encoder").shims[0]


def test_all_pipes_predict_without_the_plain_encoder(xlmr, monkeypatch):
    nlp, _ = joint(xlmr)
    docs = list(nlp.pipe(TEXTS))
    monkeypatch.setattr(LukeEncoder, "forward", lambda *args, **kwargs: pytest.fail("the plain encoder ran"))
    again = list(nlp.pipe(TEXTS))
    assert nlp.get_pipe("luke").model.shims[0]._fast is not None
    assert [doc.to_json() for doc in again] == [doc.to_json() for doc in docs]


@pytest.mark.parametrize("view", ["full", "words"])
def test_scores_are_those_of_the_plain_encoder(xlmr, view):
    nlp, _ = _ner(xlmr, model={"view": view})
    ner = nlp.get_pipe("luke_ner")
    docs = [nlp.make_doc(text) for text in TEXTS]
    none, label = ner.predict(docs).scores.T
    ner.model.get_ref("output_layer").get_param("b")[1] += numpy.median(none - label)  # half of the spans are found
    found = ner.predict(docs)
    plain, _ = ner.model.begin_update((docs, Ragged(found.spans, found.lengths)))  # no dropout in this encoder
    numpy.testing.assert_allclose(found.scores, plain, atol=1e-5)
    ner.set_annotations(docs, found)
    entities = [doc.to_json()["ents"] for doc in docs]
    ner.set_annotations(docs, found._replace(scores=plain))
    assert [doc.to_json()["ents"] for doc in docs] == entities and any(entities)


def test_a_training_step_after_a_prediction_changes_the_next_prediction(xlmr):
    nlp, examples = _ner(xlmr)
    before = _scores(nlp)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.01, 0.02)
    for _ in range(2):
        nlp.update(examples, sgd=optimizer)
        after = _scores(nlp)
        fresh = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())  # has never predicted
        numpy.testing.assert_allclose(after, _scores(fresh), atol=1e-6)
        assert numpy.abs(after - before).max() > 0.01
        before = after


def test_weights_that_are_loaded_after_a_prediction_count(xlmr):
    (nlp, _), (other, _) = _ner(xlmr), _ner(xlmr)
    with torch.no_grad():
        for parameter in _shim(other).encoder.parameters():
            parameter.mul_(1.1)
    before, expected = _scores(nlp), _scores(other)
    assert numpy.abs(before - expected).max() > 0.01
    nlp.from_bytes(other.to_bytes())
    numpy.testing.assert_allclose(_scores(nlp), expected, atol=1e-6)


def test_whoever_asks_for_the_encoder_may_change_it(xlmr):
    nlp, _ = _ner(xlmr)
    before = _scores(nlp)
    with torch.no_grad():
        _shim(nlp).encoder.embeddings.LayerNorm.weight.mul_(2.0)
    assert numpy.abs(_scores(nlp) - before).max() > 0.01


def test_a_pipe_that_has_predicted_can_be_pickled_and_copied(xlmr):
    nlp, _ = _ner(xlmr)
    expected = _scores(nlp)
    shim = _shim(nlp)
    for other in (pickle.loads(pickle.dumps(shim)), shim.copy()):
        nlp.get_pipe("luke_ner").model.get_ref("encoder").shims[0] = other
        numpy.testing.assert_allclose(_scores(nlp), expected, atol=1e-6)


def test_processes_answer_the_same(xlmr):
    nlp, examples = _ner(xlmr)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    alone = [doc.to_json() for doc in nlp.pipe(TEXTS)]
    assert any(doc["ents"] for doc in alone)
    assert [doc.to_json() for doc in nlp.pipe(TEXTS, n_process=2, batch_size=2)] == alone


@pytest.mark.parametrize("view", ["full", "words"])
def test_bfloat16_finds_what_fp32_finds(xlmr, view):
    """Taught to be sure: what bfloat16 rounds does not matter then."""
    model = {"view": view, "encoder": {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(xlmr), "dtype": "bfloat16"}}
    (nlp, examples), (half, _) = _ner(xlmr, model={"view": view}), _ner(xlmr, model=model)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(40):
        losses = nlp.update(examples, sgd=optimizer)
    assert losses["luke_ner"] < 0.1
    half.get_pipe("luke_ner").model.from_bytes(nlp.get_pipe("luke_ner").model.to_bytes())
    text = examples[0].text
    exact, rounded = _scores(nlp, [text]), _scores(half, [text])
    assert (exact.argmax(axis=1) == rounded.argmax(axis=1)).all()
    assert [(e.text, e.label_) for e in half(text).ents] == [(e.text, e.label_) for e in nlp(text).ents] == [("Tokyo", "LOC")]
    difference = numpy.abs(exact - rounded).max()
    assert difference < 0.5 and (difference > 0) == has_bf16()
