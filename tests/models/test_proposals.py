"""Prediction with proposals: fewer slots, and the answers of those that are left."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Model

from spacy_luke.layers.proposer import Proposer, best_spans
from spacy_luke.training.proposal_threshold import choose_threshold
from spacy_luke.training.tune_thresholds import build_tune_proposals_v1
from spacy_luke.types import LukeStates

from ..tiny import ner_config

TEXTS = ["Tokyo is the capital of Japan", "John Smith lives in Kyoto . He is old", "", "old", "John Smith " * 40]


def _nlp(path, **model) -> spacy.language.Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=ner_config(path, model=model))
    gold = Example.from_dict(nlp.make_doc("Tokyo is old"), {"entities": [(0, 5, "LOC")]})
    nlp.initialize(lambda: [gold])
    return nlp


def _scores(nlp, texts):
    return nlp.get_pipe("luke_ner").predict([nlp.make_doc(text) for text in texts]).scores


def test_spans_with_a_slot_have_the_scores_of_all_spans(xlmr_24):
    exact, proposed, all_proposed = (_nlp(xlmr_24, proposals=p, view="words") for p in (None, 0.7, 1000))
    weights = exact.get_pipe("luke_ner").model
    for nlp in (proposed, all_proposed):
        model = nlp.get_pipe("luke_ner").model
        for name in ("W", "b"):
            model.get_ref("output_layer").set_param(name, weights.get_ref("output_layer").get_param(name))
    expected = _scores(exact, TEXTS)
    numpy.testing.assert_allclose(_scores(all_proposed, TEXTS), expected, atol=1e-5)
    found = _scores(proposed, TEXTS)
    asked = found[:, 1:].max(axis=1) > -1e4
    words = sum(len(proposed.make_doc(text)) for text in TEXTS)
    assert 0.5 * words < asked.sum() < 1.2 * words < len(found)
    numpy.testing.assert_allclose(found[asked], expected[asked], atol=1e-5)
    assert (found[~asked, 0] == 0.0).all()


def test_batch_equals_one_by_one(xlmr_24):
    nlp = _nlp(xlmr_24, proposals=0.5)
    together = _scores(nlp, TEXTS)
    numpy.testing.assert_allclose(together, numpy.concatenate([_scores(nlp, [text]) for text in TEXTS]), atol=1e-5)


def test_learns_what_to_propose_and_loads_again(xlmr, tmp_path):
    nlp = _nlp(xlmr, proposals=0.34)
    data = [("Tokyo is the capital of Japan", [(0, 5, "LOC"), (24, 29, "LOC")]), ("all is well in Kyoto", [(15, 20, "LOC")])]
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in data]
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(60):
        losses: dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses)
    assert losses["luke_ner"] < 0.1
    for text, ents in data:
        assert [(ent.start_char, ent.end_char, ent.label_) for ent in nlp(text).ents] == ents
    nlp.to_disk(tmp_path / "nlp")
    texts = [text for text, _ in data]
    numpy.testing.assert_allclose(_scores(spacy.load(tmp_path / "nlp"), texts), _scores(nlp, texts), atol=1e-5)


DATA = [("Tokyo is the capital of Japan", [(0, 5, "LOC"), (24, 29, "LOC")]), ("all is well in Kyoto", [(15, 20, "LOC")])]


@pytest.fixture(scope="module")
def taught(xlmr):
    """Bytes and config of a pipeline that knows DATA."""
    nlp = _nlp(xlmr, proposals=2.0)
    examples = _examples(nlp)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    return nlp.to_bytes(), nlp.config


def _load(taught):
    data, config = taught
    return spacy.blank("en").from_config(config).from_bytes(data)


def _examples(nlp):
    return [Example.from_dict(nlp.make_doc(text), {"entities": ents}) for text, ents in DATA]


def _n_asked(nlp) -> int:
    return int((_scores(nlp, [text for text, _ in DATA])[:, 1] > -1e4).sum())


def test_the_threshold_keeps_the_gold_of_dev_and_is_saved(taught, tmp_path):
    nlp = _load(taught)
    before = _n_asked(nlp)
    found = nlp.get_pipe("luke_ner").tune_proposals(_examples(nlp), recall=1.0)
    n_words = sum(len(nlp.make_doc(text)) for text, _ in DATA)
    assert found.recall == 1.0 and found.slots_per_word * n_words == _n_asked(nlp) < before
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for text, ents in DATA:
        assert [(ent.start_char, ent.end_char, ent.label_) for ent in loaded(text).ents] == ents
    assert _n_asked(loaded) == _n_asked(nlp)
    low = nlp.get_pipe("luke_ner").tune_proposals(_examples(nlp), recall=0.4)
    assert low.recall == pytest.approx(2 / 3) and low.threshold > found.threshold


def test_the_callback_tunes_before_saving(taught, tmp_path):
    nlp = _load(taught)
    DocBin(docs=[eg.reference for eg in _examples(nlp)]).to_disk(tmp_path / "dev.spacy")
    reader = {"@readers": "spacy.Corpus.v1", "path": str(tmp_path / "dev.spacy"), "gold_preproc": False}
    nlp.config["corpora"] = {"train": reader, "dev": reader}
    assert build_tune_proposals_v1(recall=1.0)(nlp) is nlp
    assert nlp.get_pipe("luke_ner").model.layers[0].attrs["threshold"] is not None


def test_what_cannot_be_tuned(taught, xlmr):
    nlp = _load(taught)
    with pytest.warns(UserWarning, match="LKW505"):
        nlp.get_pipe("luke_ner").tune_proposals([Example.from_dict(nlp.make_doc("old"), {"entities": []})])
    assert nlp.get_pipe("luke_ner").model.layers[0].attrs["threshold"] is None
    with pytest.raises(ValueError, match="LK508"):
        nlp.get_pipe("luke_ner").tune_proposals(_examples(nlp), recall=1.1)
    exact = _nlp(xlmr)
    with pytest.raises(ValueError, match="LK508"):
        exact.get_pipe("luke_ner").tune_proposals(_examples(exact))
    with pytest.raises(ValueError, match="LK660.*luke_ner"):
        build_tune_proposals_v1(["luke_ner"])(exact)


@pytest.mark.parametrize("recall, threshold, kept, slots", [(1.0, -1, 4, 6), (0.998, -1, 4, 6), (0.75, 1, 3, 4), (0.5, 2, 2, 3)])
def test_choose_threshold(recall, threshold, kept, slots):
    found = choose_threshold(numpy.array([1.0, 3, -1, 2]), numpy.array([2.5, 0, -2]), 8, recall)
    assert found == (pytest.approx(threshold, abs=2e-3), kept / 4, slots / 8)
    assert found.threshold < threshold


def test_best_spans():
    spans = numpy.array([[0, 1], [0, 2], [1, 2], [1, 3], [4, 5]])
    assert best_spans(numpy.array([0.1, 0.5, 0.5, 0.9, 0.0]), spans, 2 / 3).tolist() == [1, 3]
    assert best_spans(numpy.array([0.5, 0.5, 0.5, 0.5, 0.5]), spans, 1.0).tolist() == [0, 1, 2]
    assert best_spans(numpy.zeros(0), spans[:0], 1.0).tolist() == []


def test_the_proposer_against_torch():
    rng = numpy.random.default_rng(0)
    model: Model = Proposer(5, rank=3)
    model.initialize()
    for name in model.param_names:
        model.set_param(name, rng.normal(size=model.get_param(name).shape).astype("f"))
    spans = numpy.array([[0, 1], [2, 5], [1, 5], [1, 2]])
    pieces = rng.normal(size=(5, 5)).astype("f")
    d = rng.normal(size=(4, 1)).astype("f")
    Y, backprop = model.begin_update(LukeStates(pieces, pieces[:4], spans))
    d_states = backprop(d)
    params = {name: torch.tensor(model.get_param(name), requires_grad=True) for name in model.param_names}
    states = torch.tensor(pieces, requires_grad=True)
    first, last = states[spans[:, 0]], states[spans[:, 1] - 1]
    expected = first @ params["u"] + last @ params["v"] + ((first @ params["A"].T) * (last @ params["B"].T)).sum(1)
    expected.backward(torch.tensor(d[:, 0]))
    numpy.testing.assert_allclose(Y[:, 0], expected.detach().numpy(), atol=1e-5)
    numpy.testing.assert_allclose(d_states.pieces, states.grad.numpy(), atol=1e-4)
    for name, param in params.items():
        numpy.testing.assert_allclose(model.get_grad(name), param.grad.numpy(), atol=1e-4)


@pytest.mark.parametrize("settings", [{"proposals": 0}, {"proposals": -1.0}, {"proposals": 1.0, "view": "full"}])
def test_bad_settings(xlmr, settings):
    with pytest.raises(ValueError, match="LK406"):
        _nlp(xlmr, **settings)
