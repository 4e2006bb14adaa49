"""luke_linker with the encoder of a `luke` pipe: shared, frozen, of a LUKE checkpoint, beside luke_ner."""

from __future__ import annotations

import numpy
import pytest
import spacy

from spacy_luke.layers.shim import LukeShim

from ..linking import add_linker, answers, doc_with, example, links, memory_kb
from ..tiny import encoder_config, ner_config
from .loop import MENTIONS, WORDS, Setting, random_priors
from .test_disambiguation import assert_same

LISTENER = {"@architectures": "spacy_luke.LukeListener.v1", "upstream": "*"}
TRAIN = [
    ("Tokyo is the capital of Japan", [(0, 5, "LOC", "Q1"), (24, 29, "LOC", "Q3")]),
    ("John Smith in Tokyo saw Japan", [(14, 19, "LOC", "Q2"), (24, 29, "LOC", "Q4")]),
]


def _shared(path, ner=False):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(path)})
    nlp.get_pipe("luke").initialize(lambda: [])
    if ner:
        pipe = nlp.add_pipe("luke_ner", config=ner_config("", model={"encoder": LISTENER}))
        pipe.initialize(lambda: _examples(nlp), nlp=nlp)
    add_linker(nlp, path, _examples(nlp), model={"encoder": LISTENER})
    return nlp


def _examples(nlp):
    return [example(nlp, *each) for each in TRAIN]


def _train(nlp, steps=80, exclude=()):
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses = nlp.update(_examples(nlp), sgd=optimizer, exclude=exclude)
    return losses["luke_linker"]


def _encoder(nlp):
    return nlp.get_pipe("luke").model.shims[0].to_bytes()


def _assert_learnt(nlp):
    for text, ents in TRAIN:
        doc = nlp(doc_with(nlp, text, [(*ent[:3], "") for ent in ents]))
        assert links(doc) == [(text[a:b], id) for a, b, _, id in ents]


def test_a_shared_encoder_learns_and_is_saved_once(xlmr, tmp_path):
    nlp = _shared(xlmr)
    before = _encoder(nlp)
    assert _train(nlp) < 0.05 and _encoder(nlp) != before
    _assert_learnt(nlp)
    nlp.to_disk(tmp_path)
    sizes = {name: (tmp_path / name / "model").stat().st_size for name in ("luke", "luke_linker")}
    assert sizes["luke"] > 50_000 > 10_000 > sizes["luke_linker"]
    _assert_learnt(spacy.load(tmp_path))
    _assert_learnt(spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes()))


def test_a_frozen_encoder_stays_while_the_head_learns(xlmr):
    nlp = _shared(xlmr)
    before, head = _encoder(nlp), nlp.get_pipe("luke_linker").model.get_ref("head")
    weights = head.get_param("W").copy()
    first = _train(nlp, 1, exclude=["luke"])
    assert _train(nlp, 30, exclude=["luke"]) < first
    assert _encoder(nlp) == before and (head.get_param("W") != weights).any()


def test_names_are_found_and_linked_by_one_encoder(xlmr):
    nlp = _shared(xlmr, ner=True)
    _train(nlp, 120)
    for text, ents in TRAIN:
        assert links(nlp(text)) == [(text[a:b], id) for a, b, _, id in ents]
    assert nlp.evaluate(_examples(nlp))["nel_micro_f"] == 1.0


@pytest.mark.parametrize("reload", [False, True], ids=["fresh", "saved"])
def test_the_head_of_a_luke_checkpoint_arrives_through_the_listener(tmp_path, reload):
    setting = Setting(tmp_path / "luke")
    priors = random_priors()
    _, alone = setting.linker(priors, "exact")
    nlp = spacy.blank("xx")
    luke = nlp.add_pipe("luke", config={"model": encoder_config(tmp_path / "luke")})
    luke.initialize(lambda: [])
    if reload:  # of a pipeline on the disk, where no checkpoint is left
        nlp.to_disk(tmp_path / "model")
        (tmp_path / "luke").rename(tmp_path / "away")
        nlp = spacy.load(tmp_path / "model")
    linker = add_linker(nlp, "", kb=setting.kb(priors), model={"encoder": LISTENER}, mode="exact")
    for ref in ("head", "candidate_scores"):
        ours, theirs = linker.model.get_ref(ref), alone.model.get_ref(ref)
        if ref == "head":
            for name in ours.param_names:
                numpy.testing.assert_array_equal(ours.get_param(name), theirs.get_param(name))
            assert ours.attrs == theirs.attrs
        else:
            assert ours.get_param("scale") == 1.0
            for name in ours.param_names:
                ours.set_param(name, theirs.get_param(name))
    doc = doc_with(nlp, " ".join(WORDS), [])
    doc.ents = [spacy.tokens.Span(doc, *span, label="X") for span in MENTIONS]
    assert_same(answers(linker(doc)), setting.loop.run(WORDS, MENTIONS, priors, "exact")[0])


def test_no_luke_pipe(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"encoder": LISTENER}})
    with pytest.raises(ValueError, match="LK403"):
        nlp.get_pipe("luke_linker").initialize(lambda: _examples(nlp), kb_loader=memory_kb)


@pytest.mark.parametrize("frozen, dtype", [(1, "float32"), (1, "int8"), (2, "float32"), (2, "int8")])
def test_frozen_layers_and_embeddings(xlmr, frozen, dtype, monkeypatch):
    """Of a private encoder. It has two layers: if both are frozen, nothing goes back through them, and it may be of integers."""
    if frozen == 2:
        monkeypatch.delattr(LukeShim, "begin_update")
    nlp = spacy.blank("en")
    model = {"encoder": encoder_config(xlmr, freeze_layers=frozen, freeze_embeddings=True, dtype=dtype)}
    linker = add_linker(nlp, xlmr, _examples(nlp), model=model)
    encoder = linker.model.get_ref("encoder").shims[0].encoder
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    head = linker.model.get_ref("head").get_param("W").copy()
    _train(nlp, 3)
    assert (linker.model.get_ref("head").get_param("W") != head).any()
    changed = {name for name, value in encoder.state_dict().items() if (value != before[name]).any()}
    if frozen == 1:
        assert {name.partition(".")[0] for name in changed} == {"entity_embeddings", "encoder"}
        assert not any(name.startswith("encoder.layer.0.") for name in changed)
    else:
        assert not changed
