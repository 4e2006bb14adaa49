"""One encoder shared by several pipes: weights are shared, answers are not."""

from __future__ import annotations

import pickle

import numpy
import pytest
import spacy
from spacy.training import Example

from spacy_luke.models.encoder import get_shim

from ..tiny import encoder_config, ner_config

TEXT = "John Smith lives in Kyoto"
FIRST = [(TEXT, {"entities": [(0, 10, "PERSON"), (20, 25, "LOC")]})]
SECOND = [(TEXT, {"entities": [(5, 10, "NAME")]})]


def _listener(view, upstream="*"):
    listener = {"@architectures": "spacy_luke.LukeListener.v1", "upstream": upstream}
    return ner_config("", model={"encoder": listener, "view": view})


def _shared(path, **settings):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(path, **settings)})
    nlp.add_pipe("luke_ner", name="first", config=_listener("words"))
    nlp.add_pipe("luke_ner", name="second", config={**_listener("full"), "spans_key": "second", "overwrite": True})
    for name, label in (("first", "PERSON"), ("first", "LOC"), ("second", "NAME")):
        nlp.get_pipe(name).add_label(label)
    nlp.initialize(lambda: _examples(nlp, FIRST))
    return nlp


def _examples(nlp, data):
    return [Example.from_dict(nlp.make_doc(text), gold) for text, gold in data]


def _train(nlp, steps=80, exclude=()):
    """Each pipe on its own gold, in turn, through nlp.update."""
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        for data, other in ((FIRST, "second"), (SECOND, "first")):
            losses = nlp.update(_examples(nlp, data), sgd=optimizer, exclude=[other, *exclude])
    return losses


def _encoder(nlp):
    return nlp.get_pipe("luke").model.shims[0].to_bytes()


def _found(doc):
    """Entities of the first pipe lie in its span group: the second overwrites doc.ents."""
    group = doc.spans["luke_ner"]
    first = {(s.text, s.label_) for s, p in zip(group, group.attrs["scores"]) if p > 0.5}
    return first, {(e.text, e.label_) for e in doc.ents}


EXPECTED = {("John Smith", "PERSON"), ("Kyoto", "LOC")}, {("Smith", "NAME")}


@pytest.fixture(scope="module")
def trained(xlmr):
    nlp = _shared(xlmr)
    before = _encoder(nlp)
    _train(nlp)
    assert _encoder(nlp) != before
    return nlp


def test_two_questions_train_one_encoder(trained):
    assert _found(trained(TEXT)) == EXPECTED


def test_the_encoder_is_saved_once(trained, tmp_path):
    trained.to_disk(tmp_path)
    sizes = {name: (tmp_path / name / "model").stat().st_size for name in ("luke", "first", "second")}
    assert sizes["luke"] > 50_000 > 5_000 > max(sizes["first"], sizes["second"])
    again = spacy.load(tmp_path)
    assert _found(again(TEXT)) == EXPECTED
    a, b = (nlp.get_pipe("first").predict([nlp.make_doc(TEXT)]).scores for nlp in (again, trained))
    numpy.testing.assert_allclose(a, b, atol=1e-6)


def test_bytes_and_two_processes(trained):
    again = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    for doc in again.pipe([TEXT] * 4, n_process=2, batch_size=1):
        assert _found(doc) == EXPECTED


def test_pipes_pickle(trained):
    pipe = pickle.loads(pickle.dumps(trained.get_pipe("first")))
    doc = trained.make_doc(TEXT)
    numpy.testing.assert_allclose(pipe.predict([doc]).scores, trained.get_pipe("first").predict([doc]).scores, atol=1e-6)


def test_a_frozen_encoder_stays(xlmr):
    nlp = _shared(xlmr)
    before = _encoder(nlp)
    _train(nlp, steps=3, exclude=["luke"])
    assert _encoder(nlp) == before
    _train(nlp, steps=3)
    assert _encoder(nlp) != before
    between = _encoder(nlp)
    # the pending gradient of the last step is applied at most once, then it stays again
    nlp.get_pipe("luke").finish_update(lambda key, weights, gradient, **_: (weights, gradient))
    _train(nlp, steps=3, exclude=["luke"])
    assert _encoder(nlp) == between


@pytest.mark.parametrize("missed_by", ["exclude", "error"])
def test_a_batch_that_a_pipe_missed_trains_nothing_later(xlmr, missed_by, monkeypatch):
    """The encoder took a batch that `second` did not look at: it stays out of the next one, where it is frozen."""
    nlp = _shared(xlmr)
    optimizer = nlp.create_optimizer()
    second, shim = nlp.get_pipe("second"), nlp.get_pipe("luke").model.shims[0]
    if missed_by == "exclude":
        nlp.update(_examples(nlp, FIRST), sgd=optimizer, exclude=["second"])
    else:
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(second, "suggester", lambda docs, ops: 1 / 0)
            nlp.update(_examples(nlp, SECOND), sgd=optimizer)
    assert list(shim.gradients())
    nlp.get_pipe("luke").finish_update(optimizer)
    before = _encoder(nlp)
    nlp.update(_examples(nlp, SECOND), sgd=optimizer, exclude=["luke", "first"])
    assert not list(shim.gradients())
    nlp.get_pipe("luke").finish_update(optimizer)
    assert _encoder(nlp) == before
    nlp.update(_examples(nlp, SECOND), sgd=optimizer, exclude=["first"])
    assert list(shim.gradients())


def test_of_two_encoders_one_is_asked_and_stays_if_frozen(xlmr):
    nlp = spacy.blank("en")
    for name in ("one", "two"):
        nlp.add_pipe("luke", name=name, config={"model": encoder_config(xlmr)})
    nlp.add_pipe("luke_ner", config=_listener("words"))
    nlp.initialize(lambda: _examples(nlp, FIRST))
    assert nlp.get_pipe("luke_ner").model.get_ref("encoder").upstream is nlp.get_pipe("two").model
    nlp.update(_examples(nlp, FIRST), sgd=nlp.create_optimizer(), exclude=["two"])
    assert not list(nlp.get_pipe("two").model.shims[0].gradients())


def test_frozen_layers_and_embeddings_stay(xlmr):
    nlp = _shared(xlmr, freeze_layers=1, freeze_embeddings=True)
    torch_model = nlp.get_pipe("luke").model.shims[0].encoder
    before = {name: value.clone() for name, value in torch_model.state_dict().items()}
    _train(nlp, steps=4)
    moved = {name for name, value in torch_model.state_dict().items() if not value.equal(before[name])}
    assert moved and not any(name.startswith(("embeddings.", "encoder.layer.0.")) for name in moved)
    assert any(name.startswith("encoder.layer.1.") for name in moved)
    assert any(name.startswith("entity_embeddings.") for name in moved)


def test_a_disabled_encoder_still_answers(trained, tmp_path):
    trained.to_disk(tmp_path)
    assert _found(spacy.load(tmp_path, disable=["luke"])(TEXT)) == EXPECTED
    with trained.select_pipes(disable=["luke"]):
        assert _found(trained(TEXT)) == EXPECTED


def test_an_excluded_encoder_is_missed(trained, tmp_path):
    trained.to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"LK403.*nlp\.add_pipe"):
        spacy.load(tmp_path, exclude=["luke"])(TEXT)


def test_a_listener_without_a_luke_pipe_says_so():
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=_listener("words"))
    with pytest.raises(ValueError, match="LK403"):
        nlp.initialize(lambda: _examples(nlp, FIRST))


def test_listeners_replaced_by_a_private_copy(trained, tmp_path):
    nlp = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    nlp.replace_listeners("luke", "first", ["model.encoder"])
    assert nlp.get_pipe("luke").listening_components == ["second"]
    assert _found(nlp(TEXT)) == EXPECTED
    nlp.to_disk(tmp_path)
    assert (tmp_path / "first" / "model").stat().st_size > 50_000
    assert _found(spacy.load(tmp_path)(TEXT)) == EXPECTED
    nlp.remove_pipe("second")
    nlp.remove_pipe("luke")
    assert _found(nlp(TEXT))[0] == EXPECTED[0]


def test_private_copies_have_averages_of_their_own(xlmr):
    """Optimizers know torch weights by the id of their shim."""
    nlp = _shared(xlmr)
    for name in ("first", "second"):
        nlp.replace_listeners("luke", name, ["model.encoder"])
    shims = [get_shim(nlp.get_pipe(name).model.get_ref("encoder")) for name in ("first", "second")]
    assert len({shim.id for shim in (*shims, nlp.get_pipe("luke").model.shims[0])}) == 3
    before = shims[1].to_bytes()
    _train(nlp, steps=1, exclude=["luke", "second"])
    assert shims[1].to_bytes() == before != shims[0].to_bytes()


def test_a_pipe_added_to_a_trained_pipeline(trained):
    nlp = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    nlp.add_pipe("luke_ner", name="third", config=_listener("words"))
    before = _encoder(nlp)
    with pytest.raises(ValueError, match="LK405.*select_pipes"):
        nlp(TEXT)
    with nlp.select_pipes(enable=["third"]):
        nlp.initialize(lambda: _examples(nlp, FIRST))
    assert _encoder(nlp) == before and _found(nlp(TEXT))[1] is not None
    assert set(nlp.get_pipe("third").labels) == {"LOC", "PERSON"}


def test_sourced_pipes_listen_again(trained):
    nlp = spacy.blank("en")
    for name in ("luke", "first", "second"):
        nlp.add_pipe(name, source=trained)
    assert nlp.get_pipe("first").model.get_ref("encoder").upstream is nlp.get_pipe("luke").model
    assert _found(nlp(TEXT)) == EXPECTED


def test_removing_a_pipe_removes_its_listener(xlmr):
    nlp = _shared(xlmr)
    luke = nlp.get_pipe("luke")
    listener = nlp.get_pipe("second").model.get_ref("encoder")
    assert luke.listening_components == ["first", "second"] and listener in luke.listeners
    assert luke.remove_listener(listener, "second") and not luke.remove_listener(listener, "second")
    assert luke.listening_components == ["first"]


def test_the_pipe_leaves_docs_alone(trained):
    doc = trained.make_doc(TEXT)
    before = doc.to_bytes()
    assert trained.get_pipe("luke")(doc).to_bytes() == before


@pytest.mark.parametrize("setting,message", [({"freeze_layers": 3}, "LK402.*lowest 3 layers.*has 2"), ({"dtype": "float16"}, "LK404.*float16|float16")])
def test_settings_are_checked(xlmr, setting, message):
    with pytest.raises(Exception, match=message):
        _shared(xlmr, **setting)
