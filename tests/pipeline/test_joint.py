"""Four pipes behind one encoder: trained together, frozen, sourced, disabled, excluded, cut loose, saved once."""

from __future__ import annotations

import pytest
import spacy

from spacy_luke.models.encoder import find_listeners

from ..joint import LISTENER, PIPES, TRAIN, TRAIN_JA, examples_of, expected, found, joint, train

NAMES = list(PIPES.values())


@pytest.fixture(scope="module")
def trained(xlmr):
    nlp, examples = joint(xlmr)
    losses = train(nlp, examples, 90)
    assert max(losses[name] for name in NAMES) < 0.1, losses
    return nlp.to_bytes(), nlp.config


@pytest.fixture
def nlp(trained):
    """A fresh copy for each test."""
    return _load(*trained)


def _load(data, config):
    return spacy.blank("en").from_config(config).from_bytes(data)


def _encoder(nlp):
    return nlp.get_pipe("luke").model.shims[0].to_bytes()


def _heads(nlp) -> dict[str, bytes]:
    return {name: nlp.get_pipe(name).model.to_bytes() for name in NAMES}


def _all(nlp, rows=TRAIN):
    return [found(nlp(row[0])) for row in rows]


ALL = [expected(row) for row in TRAIN]


def _examples(nlp):
    return examples_of(nlp)


def test_it_learns_all_four_and_is_saved_once(nlp, tmp_path):
    assert _all(nlp) == ALL
    assert nlp.get_pipe("luke").listening_components == NAMES
    nlp.to_disk(tmp_path)
    sizes = {name: (tmp_path / name / "model").stat().st_size for name in ("luke", *NAMES)}
    assert sizes["luke"] > 50_000 and all(sizes[name] < 10_000 for name in NAMES), sizes
    assert _all(spacy.load(tmp_path)) == ALL
    assert [found(doc) for doc in spacy.load(tmp_path).pipe([row[0] for row in TRAIN], batch_size=2)] == ALL


def test_japanese(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    nlp, examples = joint(xlmr, "ja", TRAIN_JA)
    train(nlp, examples, 90)
    assert _all(nlp, TRAIN_JA) == [expected(row) for row in TRAIN_JA]


def test_a_frozen_encoder_stays_and_the_heads_learn(nlp):
    before, heads = _encoder(nlp), _heads(nlp)
    train(nlp, _examples(nlp), 2, exclude=["luke"])
    assert _encoder(nlp) == before
    assert all(value != heads[name] for name, value in _heads(nlp).items())
    train(nlp, _examples(nlp), 2)
    assert _encoder(nlp) != before


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_pipe_stays_and_the_others_train_the_encoder(nlp, name):
    before, heads = _encoder(nlp), _heads(nlp)
    train(nlp, _examples(nlp), 2, exclude=[name])  # with nlp.update, the encoder steps one batch late
    after = _heads(nlp)
    assert {other for other in NAMES if after[other] == heads[other]} == {name}
    assert _encoder(nlp) != before


def test_sourced_together(nlp):
    target = spacy.blank("en")
    for name in ("luke", *NAMES):
        target.add_pipe(name, source=nlp)
    assert _all(target) == ALL
    again = _load(target.to_bytes(), target.config)
    assert _all(again) == ALL
    # spaCy takes the pipe over, it does not copy it: the pipeline that it came from works on
    assert _all(nlp) == ALL
    train(again, _examples(again), 1)


@pytest.mark.parametrize("task, name", PIPES.items())
def test_one_pipe_sourced_with_its_encoder(nlp, task, name):
    target = spacy.blank("en")
    for each in ("luke", name):
        target.add_pipe(each, source=nlp)
    row = TRAIN[1]
    doc = target.make_doc(row[0])
    if task != "ner":
        doc.ents = [doc.char_span(*ent[:3]) for ent in row[1]]
    assert found(target(doc))[task] == expected(row)[task]


@pytest.mark.parametrize("task, name", PIPES.items())
def test_one_pipe_sourced_by_a_config_with_a_copy_of_the_encoder(nlp, tmp_path, task, name):
    """spaCy's way to take one pipe out of a pipeline: source it, and replace its listener."""
    nlp.to_disk(tmp_path / "all")
    sourced = {"source": str(tmp_path / "all"), "replace_listeners": ["model.encoder"]}
    alone = spacy.blank("en").from_config({"nlp": {"lang": "en", "pipeline": [name]}, "components": {name: sourced}})
    assert not find_listeners(alone.get_pipe(name).model)
    alone.to_disk(tmp_path / "alone")
    for target in (alone, spacy.load(tmp_path / "alone")):
        for row in TRAIN:
            doc = target.make_doc(row[0])
            doc.ents = [] if task == "ner" else [doc.char_span(*ent[:3]) for ent in row[1]]
            assert found(target(doc))[task] == expected(row)[task]


@pytest.mark.parametrize("task, name", PIPES.items())
def test_one_pipe_sourced_without_its_encoder_says_so_when_loaded(nlp, tmp_path, task, name):
    """In memory it goes on with the encoder that it knows; that is not saved with it."""
    target = spacy.blank("en")
    target.add_pipe(name, source=nlp)
    target.to_disk(tmp_path)
    doc = spacy.blank("en").make_doc(TRAIN[0][0])
    doc.ents = [doc.char_span(*ent[:3]) for ent in TRAIN[0][1]]
    with pytest.raises(ValueError, match="LK403"):
        spacy.load(tmp_path)(doc)


@pytest.mark.parametrize("task, name", PIPES.items())
def test_a_disabled_pipe_leaves_the_others(nlp, task, name):
    with nlp.select_pipes(disable=[name]):
        for row in TRAIN:
            doc = nlp.make_doc(row[0])
            if task == "ner":
                doc.ents = [doc.char_span(*ent[:3]) for ent in row[1]]
            answers, gold = found(nlp(doc)), expected(row)
            for other in PIPES:
                if other != task:
                    assert answers[other] == gold[other]
            assert task == "ner" or not any(e[1] if task == "linker" else e for e in answers[task])
    assert _all(nlp) == ALL


@pytest.mark.parametrize("task, name", PIPES.items())
def test_an_excluded_pipe_leaves_the_others(nlp, tmp_path, task, name):
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=[name])
    assert name not in loaded.pipe_names
    row = TRAIN[0]
    doc = loaded.make_doc(row[0])
    if task == "ner":
        doc.ents = [doc.char_span(*ent[:3]) for ent in row[1]]
    answers = found(loaded(doc))
    assert all(answers[other] == expected(row)[other] for other in PIPES if other != task)


def test_a_disabled_encoder_still_answers_and_an_excluded_one_says_so(nlp, tmp_path):
    with nlp.select_pipes(disable=["luke"]):
        assert _all(nlp) == ALL
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, disable=["luke"])
    assert _all(loaded) == ALL
    for name in NAMES:
        others = [other for other in NAMES if other != name]
        alone = spacy.load(tmp_path, exclude=["luke", *others])
        doc = alone.make_doc(TRAIN[0][0])
        doc.ents = [doc.char_span(*ent[:3]) for ent in TRAIN[0][1]]
        with pytest.raises(ValueError, match="LK403"):
            alone(doc)


@pytest.mark.parametrize("task, name", PIPES.items())
def test_replace_listeners(nlp, tmp_path, task, name):
    """A pipe with a private copy of the encoder answers the same, also when saved, and trains alone."""
    nlp.replace_listeners("luke", name, ["model.encoder"])
    assert not find_listeners(nlp.get_pipe(name).model)
    assert nlp.get_pipe("luke").listening_components == [other for other in NAMES if other != name]
    assert _all(nlp) == ALL
    nlp.to_disk(tmp_path)
    assert (tmp_path / name / "model").stat().st_size > 50_000
    loaded = spacy.load(tmp_path)
    assert _all(loaded) == ALL
    shared, private = _encoder(loaded), loaded.get_pipe(name).model.to_bytes()
    train(loaded, _examples(loaded), 1, exclude=["luke", *(other for other in NAMES if other != name)])
    assert _encoder(loaded) == shared and loaded.get_pipe(name).model.to_bytes() != private


def test_replace_all_listeners_and_leave_the_encoder_out(nlp, tmp_path):
    for name in NAMES:
        nlp.replace_listeners("luke", name, ["model.encoder"])
    nlp.remove_pipe("luke")
    nlp.to_disk(tmp_path)
    assert _all(spacy.load(tmp_path)) == ALL


def test_add_a_pipe_to_a_trained_pipeline(nlp, xlmr):
    """One more task later, on the encoder as it is."""
    before = _encoder(nlp)
    second = nlp.add_pipe("luke_typing", name="topics", config={"model": {"encoder": LISTENER}})
    examples = _examples(nlp)
    with nlp.select_pipes(enable=["topics"]):
        second.initialize(lambda: examples, nlp=nlp)
    assert _encoder(nlp) == before
    train(nlp, examples, 2, exclude=["luke", *NAMES])
    assert _encoder(nlp) == before and [a["ner"] for a in _all(nlp)] == [a["ner"] for a in ALL]
