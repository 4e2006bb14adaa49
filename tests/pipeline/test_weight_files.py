"""A saved pipeline: the encoder's weights in a file of their own, mapped when it is loaded."""

from __future__ import annotations

import numpy
import pytest
import spacy
from safetensors.torch import load_file

from spacy_luke.encoder.packed_weights import has_int8

from ..joint import TRAIN, examples_of, found, joint, train


def _shim(nlp):
    return nlp.get_pipe("luke").model.shims[0]


@pytest.fixture(scope="module")
def made(xlmr):
    nlp, _ = joint(xlmr)
    return nlp.to_bytes(), nlp.config


@pytest.fixture
def nlp(made):
    return spacy.blank("en").from_config(made[1]).from_bytes(made[0])


def _all(nlp):
    return [found(nlp(row[0])) for row in TRAIN]


def _weights(nlp):
    return {name: value.numpy().copy() for name, value in _shim(nlp).encoder.state_dict().items()}


def _assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        numpy.testing.assert_array_equal(a[name], b[name])


def test_only_the_encoder_has_such_a_file(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    assert [path.parent.name for path in tmp_path.rglob("encoder.safetensors")] == ["luke"]
    assert not list(tmp_path.rglob("*.new"))
    size = sum(value.nbytes for value in _weights(nlp).values())
    whole = len(nlp.get_pipe("luke").model.to_bytes())  # with the weights inside
    assert (tmp_path / "luke" / "model").stat().st_size <= whole - size
    assert size < (tmp_path / "luke" / "encoder.safetensors").stat().st_size
    assert set(load_file(tmp_path / "luke" / "encoder.safetensors")) == set(_weights(nlp))
    loaded = spacy.load(tmp_path)
    _assert_same(_weights(loaded), _weights(nlp))
    assert _all(loaded) == _all(nlp)


def test_saved_over_the_file_that_it_is_loaded_from(nlp, tmp_path):
    """Trained, then saved where it came from: what is mapped must not be torn away."""
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    train(loaded, examples_of(loaded), 2)
    after = _weights(loaded)
    file = (tmp_path / "luke" / "encoder.safetensors").read_bytes()
    _assert_same(_weights(spacy.load(tmp_path)), _weights(nlp))  # training does not write into the file
    loaded.to_disk(tmp_path)
    assert (tmp_path / "luke" / "encoder.safetensors").read_bytes() != file
    _assert_same(_weights(loaded), after)
    _assert_same(_weights(spacy.load(tmp_path)), after)


def test_a_missing_file_is_named(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    (tmp_path / "luke" / "encoder.safetensors").unlink()
    with pytest.raises(ValueError, match="LK409.*encoder.safetensors"):
        spacy.load(tmp_path)


def test_half_precision_is_loaded_as_float32(nlp, tmp_path):
    _shim(nlp).storage = "float16"
    nlp.to_disk(tmp_path)
    loaded = _weights(spacy.load(tmp_path))
    for name, value in _weights(nlp).items():
        assert loaded[name].dtype == numpy.float32
        numpy.testing.assert_allclose(loaded[name], value, rtol=1e-3, atol=1e-6)


def test_loaded_with_another_dtype(nlp, tmp_path):
    """The file is float32, whatever computes with it."""
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.luke.model.dtype": "int8"})
    assert _shim(loaded).settings.dtype == "int8"
    _assert_same(_weights(loaded), _weights(nlp))
    exact, near = (n.get_pipe("luke_ner").predict([n.make_doc(TRAIN[0][0])]).scores for n in (nlp, loaded))
    assert has_int8() == (numpy.abs(exact - near).max() > 0)
    assert numpy.abs(exact - near).max() < 0.5
