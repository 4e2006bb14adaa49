"""Building: against a straight group-by in memory, and what is refused."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict

import numpy as np
import pytest
import spacy

from spacy_luke.kb import MMapKB, build_entities, build_links
from spacy_luke.kb.build import DuplicateEntity, build_kb
from spacy_luke.kb.normalise import normalise_alias

from .make import ENTITIES, LINKS, everything, make_kb

NLP = spacy.blank("xx")


def test_the_same_as_a_group_by_in_memory(tmp_path):
    rng = random.Random(1)
    ids = [f"E{i}" for i in range(60)] + ["新"]
    names = ["Ａ社", "A社", "a社", "x" * 300, "Straße", "STRASSE", "・", "\0", "é", "e\u0301", *(f"n{i}" for i in range(80))]
    links = [(rng.choice(names), rng.choice(ids), rng.randrange(1, 5)) for _ in range(2_000)]
    about = build_kb(tmp_path / "kb", ({"id": id} for id in ids[:40]), iter(links))
    assert about["entities"] == len({id for _, id, _ in links} | set(ids[:40]))
    assert about["by_links_only"] == len({id for _, id, _ in links} - set(ids[:40]))
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert kb.get_entity_strings()[:40] == ids[:40]
    for normalised in (False, True):
        expected = defaultdict(Counter)
        for alias, id, count in links:
            expected[normalise_alias(alias) if normalised else alias][id] += count
        asked = [name for name in names if not normalised or normalise_alias(name)]
        found = kb.look_up(asked, normalised=normalised)
        pairs = iter(zip(kb.entity_ids(found.entities), found.counts.tolist(), found.priors.tolist()))
        for name, n in zip(asked, found.lengths.tolist()):
            mine = [next(pairs) for _ in range(n)]
            truth = expected[normalise_alias(name) if normalised else name]
            assert {id: count for id, count, _ in mine} == truth
            assert [p for _, _, p in mine] == pytest.approx([c / sum(truth.values()) for _, c, _ in mine])
            assert [c for _, c, _ in mine] == sorted(truth.values(), reverse=True)
        assert next(pairs, None) is None
    assert kb.look_up(["・"], normalised=True).lengths.tolist() == [0]


def test_sizes_of_chunks_and_order_change_nothing(tmp_path, monkeypatch):
    make_kb(tmp_path / "a")
    monkeypatch.setattr(build_entities, "CHUNK", 1)
    monkeypatch.setattr("spacy_luke.kb.build.iter_chunks", lambda items, size=1: build_entities.iter_chunks(items, 1))
    build_kb(tmp_path / "b", ENTITIES, LINKS[::-1], priors=[("Capital", ["Q17", "Q90"], [0.3, 0.6])])
    kbs = [MMapKB.open(NLP.vocab, tmp_path / name) for name in "ab"]
    assert everything(kbs[0]) == everything(kbs[1])
    assert kbs[0].base.about["aliases"] == kbs[1].base.about["aliases"] == 8


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_vectors_from_a_file_or_parts_or_one_array(tmp_path, dtype):
    array = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    array[3] = 0
    np.save(tmp_path / "v.npy", array)
    ways = [array, str(tmp_path / "v.npy"), tmp_path / "v.npy", iter([array[:1], array[1:4], array[4:]])]
    for number, vectors in enumerate(ways):
        path = tmp_path / str(number)
        build_kb(path, [{"id": f"Q{i}"} for i in range(5)], vectors=vectors, vector_dtype=dtype)
        kb = MMapKB.open(NLP.vocab, path)
        assert kb.vectors_of(range(5)).tolist() == array.astype(np.float32).tolist()
        assert kb.has_vectors(range(5)).tolist() == [True, True, True, False, True]
        assert (kb.entity_vector_length, kb.base.vector_dtype) == (4, dtype)


def test_a_vector_may_come_late(tmp_path):
    build_kb(tmp_path / "kb", [{"id": "a"}, {"id": "b"}, {"id": "c", "vector": [1, 2]}, {"id": "d"}], [("x", "e", 1)])
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert kb.has_vectors(range(5)).tolist() == [False, False, True, False, False]
    assert kb.vectors_of([4, 2]).tolist() == [[0, 0], [1, 2]]


def test_the_best_links_are_kept_where_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(build_links, "LONGEST", 3)
    links = [("a", f"Q{i}", i + 1) for i in range(10)]
    with pytest.warns(UserWarning, match=r"LKW310.* 7 links"):
        build_kb(tmp_path / "kb", [], links)
    found = (kb := MMapKB.open(NLP.vocab, tmp_path / "kb")).look_up(["a"])
    assert kb.entity_ids(found.entities) == ["Q9", "Q8", "Q7"]


BAD = [
    ({"entities": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, r"LK333.*'a'.*number 1 and 3"),
    ({"entities": [{"id": ""}]}, "LK336.*number 1"),
    ({"entities": [{"labels": {}}]}, "LK336.*number 1"),
    ({"entities": ["Q17"]}, "LK336.*number 1"),
    ({"entities": [{"id": "a"}, {"id": "b", "label": "B"}]}, "LK336.*number 2"),
    ({"entities": [{"id": "a", "labels": {"en": 3}}]}, "LK336"),
    ({"entities": [{"id": "a", "count": -5}]}, "LK336"),
    ({"entities": [{"id": "a", "labels": {"en": " "}}]}, "LK334.*number 1.*' ' of 'a'"),
    ({"entities": [{"id": "a", "aliases": [""]}]}, "LK334"),
    ({"entities": [{"id": "a", "vector": [1, 2]}, {"id": "b", "vector": [1]}]}, "LK337.*'b'.*of 1 .*have 2"),
    ({"entities": [{"id": "a", "vector": [1, float("nan")]}]}, "LK338.*number 1"),
    ({"entities": [{"id": "a", "vector": [1e9]}]}, "LK338.*float16"),
    ({"entities": [{"id": "a", "labels": {"en": "\ud800"}}]}, "LK308"),
    ({"entities": [{"id": "a", "description": "\ud800"}]}, "LK308"),
    ({"entities": [{"id": "a"}], "vectors": np.ones((2, 3))}, "LK339.*more vectors"),
    ({"entities": [{"id": "a"}, {"id": "b"}], "vectors": np.ones((1, 3))}, "LK339.*only 1 vectors"),
    ({"entities": [{"id": "a"}], "vectors": np.ones(3)}, "LK321"),
    ({"links": [("a", "b", 1), ("", "b", 1)]}, "LK334.*link number 2"),
    ({"links": [("a", "b", -1)]}, "LK340.*number 1.*-1"),
    ({"links": [("a", "b", 1.5)]}, "LK340"),
    ({"links": [("a", "", 1)]}, "LK340"),
    ({"links": [("a", None, 1)]}, "LK340"),
    ({"priors": [("a", ["b"], [0.5]), ("a", ["b", "c"], [0.9, 0.2])]}, "LK335.*number 2.*sum 1.1 .*'a'"),
    ({"priors": [("a", ["b"], [-0.1])]}, "LK335.*-0.1"),
    ({"priors": [("a", ["b"], [float("nan")])]}, "LK335"),
    ({"priors": [("a", ["b", "b"], [0.1, 0.2])]}, "LK341"),
    ({"priors": [("a", ["b"], [])]}, "LK341"),
]


@pytest.mark.parametrize("bad, message", BAD, ids=[message for _, message in BAD])
def test_bad_input_is_refused_and_the_old_store_stays(tmp_path, bad, message):
    path = make_kb(tmp_path / "kb")
    before = everything(MMapKB.open(NLP.vocab, path))
    with pytest.raises(ValueError, match=message):
        build_kb(path, **{"entities": [], **bad})
    assert everything(MMapKB.open(NLP.vocab, path)) == before
    assert [file.name for file in tmp_path.iterdir()] == ["kb"]


def test_a_duplicate_says_where(tmp_path):
    with pytest.raises(DuplicateEntity) as error:
        build_kb(tmp_path / "kb", [{"id": str(i % 70)} for i in range(71)])
    assert (error.value.id, sorted(error.value.numbers)) == ("0", [0, 70])


def test_another_directory_is_not_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="LK301"):
        build_kb(tmp_path / "mine", [])
    assert json.dumps([file.name for file in (tmp_path / "mine").iterdir()]) == '["letter.txt"]'


@pytest.mark.parametrize(
    "bad",
    [
        {"entities": [{"id": "NIL"}]},
        {"entities": [{"id": "a"}], "links": [("Tokyo", "NIL", 1)]},
        {"entities": [{"id": "a"}], "priors": [("Tokyo", ["NIL"], [1.0])]},
    ],
)
def test_nil_is_no_entity(tmp_path, bad):
    with pytest.raises(ValueError, match="LK357.*number 1"):
        build_kb(tmp_path / "kb", **bad)
    assert not list(tmp_path.iterdir())
