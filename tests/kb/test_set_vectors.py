"""Other vectors for a knowledge base: everything else stays, and the old one until the new one is there."""

from __future__ import annotations

import json

import numpy as np
import pytest
from spacy.vocab import Vocab

from spacy_luke.kb import MMapKB
from spacy_luke.kb.set_vectors import set_vectors
from spacy_luke.kb.verify import verify_kb

from .make import everything, make_kb

VECTORS = np.array([[1.0, -0.5], [0.0, 0.0], [0.25, 8.0], [2.0, 3.0]], np.float32)
BIASES = np.array([0.5, 0.0, -1.25, 0.0], np.float32)


def parts(vectors=VECTORS, biases=BIASES):
    return ((vectors[i : i + 3], biases[i : i + 3]) for i in range(0, len(vectors), 3))


def opened(path) -> MMapKB:
    return MMapKB.open(Vocab(), path)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_only_the_vectors_change(tmp_path, dtype):
    before = everything(opened(make_kb(tmp_path / "kb")))
    set_vectors(tmp_path / "kb", parts(), vector_dtype=dtype)
    kb = opened(tmp_path / "kb")
    assert kb.entity_vector_length == 2 and kb.base.vector_dtype == dtype
    assert np.array_equal(kb.vectors_of(range(4)), VECTORS)
    assert kb.has_vectors(range(4)).tolist() == [True, False, True, True]
    assert np.array_equal(kb.biases_of(range(4)), BIASES)
    after = everything(kb)
    assert (before["links"], before["info"]) == (after["links"], after["info"])
    assert verify_kb(tmp_path / "kb") == []


def test_biases_that_are_all_zero_take_no_file_and_old_ones_are_gone(tmp_path):
    set_vectors(make_kb(tmp_path / "kb"), parts())
    assert (tmp_path / "kb" / "biases.npy").is_file()
    set_vectors(tmp_path / "kb", parts(biases=BIASES * 0))
    assert not (tmp_path / "kb" / "biases.npy").exists()
    assert not opened(tmp_path / "kb").biases_of(range(4)).any()
    assert verify_kb(tmp_path / "kb") == []


def failing():
    yield VECTORS[:2], BIASES[:2]
    raise OSError("no space left on device")


@pytest.mark.parametrize(
    "bad, error, said",
    [
        (parts(VECTORS[:3]), ValueError, "LK339.*3 vectors.*4 entities"),
        (parts(np.concatenate([VECTORS, VECTORS]), np.tile(BIASES, 2)), ValueError, "LK339.*8 vectors"),
        (iter(()), ValueError, "LK339"),
        (parts(np.where(VECTORS == 3, np.nan, VECTORS)), ValueError, "LK338.*number 4"),
        (parts(VECTORS * 10_000), ValueError, "LK338.*number 3.*float16"),
        (iter([(VECTORS[:2], BIASES[:2]), (np.ones((2, 3)), BIASES[2:])]), ValueError, "LK337.*number 3 on.*3.*have 2"),
        (failing(), OSError, "no space"),
    ],
)
def test_the_old_one_stays_whole_where_it_fails(tmp_path, bad, error, said):
    before = everything(opened(make_kb(tmp_path / "kb")))
    with pytest.raises(error, match=said):
        set_vectors(tmp_path / "kb", bad)
    assert everything(opened(tmp_path / "kb")) == before
    assert verify_kb(tmp_path / "kb") == []
    assert [path.name for path in tmp_path.iterdir()] == ["kb"]


def test_one_that_only_points_and_one_with_additions_are_refused(tmp_path):
    kb = opened(make_kb(tmp_path / "kb"))
    kb.carry = False
    kb.to_disk(tmp_path / "pointer")
    with pytest.raises(ValueError, match="LK352.*pointer only points to.*kb"):
        set_vectors(tmp_path / "pointer", parts())
    kb.add_entities([{"id": "new"}])
    kb.to_disk(tmp_path / "kb")
    with pytest.raises(ValueError, match="LK353.*kb merge"):
        set_vectors(tmp_path / "kb", parts())
    assert len(opened(tmp_path / "kb")) == 5


def test_after_a_replacement_that_was_cut_short(tmp_path):
    make_kb(tmp_path / "kb").rename(tmp_path / "kb.old")
    set_vectors(tmp_path / "kb", parts())
    assert np.array_equal(opened(tmp_path / "kb").vectors_of(range(4)), VECTORS)
    assert [path.name for path in tmp_path.iterdir()] == ["kb"]


def test_pipelines_that_point_to_it_are_told(tmp_path):
    kb = opened(make_kb(tmp_path / "kb"))
    kb.carry = False
    kb.to_disk(tmp_path / "pointer")
    set_vectors(tmp_path / "kb", parts())
    with pytest.raises(ValueError, match="LK332"):
        opened(tmp_path / "pointer")
    manifest = json.loads((tmp_path / "kb" / "manifest.json").read_text())
    assert manifest["width"] == 2 and manifest["vectors"] == "float16"
