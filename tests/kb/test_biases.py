"""The bias that belongs to an entity's vector goes wherever the vector goes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from spacy.vocab import Vocab

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.kb.build_sources import build_from_sources
from spacy_luke.kb.export import export_kb, merge_kb
from spacy_luke.kb.verify import verify_kb

BIASES = {"a": 0.0, "b": 0.1, "c": -2.5, "d": 0.0}  # 0.1: not the same in float32


@pytest.fixture
def path(tmp_path):
    entities = [{"id": id, "vector": [1.0, i], **({"bias": bias} if bias else {})} for i, (id, bias) in enumerate(BIASES.items())]
    build_kb(tmp_path / "kb", entities, [("A", id, 1) for id in BIASES])
    return tmp_path / "kb"


def biases(path) -> dict[str, float]:
    kb = MMapKB.open(Vocab(), path)
    ids = kb.get_entity_strings()
    return dict(zip(ids, kb.biases_of(kb.entity_rows(ids)).tolist()))


def rounded(given) -> dict[str, float]:
    return {id: float(np.float32(bias)) for id, bias in given.items()}


def test_build(path):
    assert biases(path) == rounded(BIASES)
    assert verify_kb(path) == []


def test_without_any_there_is_no_file(tmp_path):
    build_kb(tmp_path / "kb", [{"id": "a", "bias": 0}, {"id": "b"}])
    assert not (tmp_path / "kb" / "biases.npy").exists()
    assert biases(tmp_path / "kb") == {"a": 0, "b": 0}


def test_entities_that_only_links_know_have_none(tmp_path):
    build_kb(tmp_path / "kb", [{"id": "a", "bias": 1}], [("B", "b", 1)])
    assert biases(tmp_path / "kb") == {"a": 1, "b": 0}


def test_additions_and_merge_keep_them(path):
    kb = MMapKB.open(Vocab(), path)
    kb.add_entities([{"id": "e", "bias": 0.3, "vector": [5, 5]}, {"id": "f"}])
    expected = rounded({**BIASES, "e": 0.3, "f": 0})
    assert dict(zip("abcdef", kb.biases_of(range(6)).tolist())) == expected
    kb.to_disk(path)
    assert biases(path) == expected
    merge_kb(path)
    assert MMapKB.open(Vocab(), path).base.biases(np.arange(6)).tolist() == list(expected.values())
    assert verify_kb(path) == []


def test_export_and_build_keep_them(path, tmp_path):
    export_kb(path, tmp_path / "files")
    lines = [json.loads(line) for line in (tmp_path / "files" / "entities.jsonl").read_text().splitlines()]
    assert [line.get("bias") for line in lines] == [None, 0.1, -2.5, None]
    build_from_sources(
        tmp_path / "again",
        entities=[tmp_path / "files" / "entities.jsonl"],
        aliases=[tmp_path / "files" / "aliases.jsonl"],
        vectors=tmp_path / "files" / "vectors.npy",
    )
    assert biases(tmp_path / "again") == rounded(BIASES)


@pytest.mark.parametrize("bad", ["1", float("nan"), float("inf"), [1.0], True])
def test_what_is_no_number_is_refused(path, tmp_path, bad):
    with pytest.raises(ValueError, match="LK336.*entity number 1"):
        build_kb(tmp_path / "new", [{"id": "a", "bias": bad}])
    with pytest.raises(ValueError, match="LK336.*entity number 1"):
        MMapKB.open(Vocab(), path).add_entities([{"id": "x", "bias": bad}])
