"""MMapKB: answers, additions, saving and loading, several processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil

import numpy as np
import pytest
import spacy
from spacy.kb import InMemoryLookupKB

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.kb.loaders import build_empty_mmap_kb_v1, build_mmap_kb_v1

from .make import everything, make_kb

NLP = spacy.blank("xx")


@pytest.fixture
def path(tmp_path):
    return make_kb(tmp_path / "kb")


@pytest.fixture
def kb(path) -> MMapKB:
    return MMapKB.open(NLP.vocab, path)


def best(kb, alias: str, **more) -> dict[str, float]:
    found = kb.look_up([alias], **more)
    return dict(zip(kb.entity_ids(found.entities), (round(p, 4) for p in found.priors.tolist())))


def test_look_up(kb):
    found = kb.look_up(["Japan", "no", "", "Capital", "\ud800", "Japan"])
    assert found.lengths.tolist() == [2, 0, 0, 2, 0, 2]
    assert kb.entity_ids(found.entities) == ["Q17", "Q623818", "Q90", "Q17", "Q17", "Q623818"]
    assert found.priors.tolist() == pytest.approx([0.9, 0.1, 0.6, 0.3, 0.9, 0.1])
    assert found.counts.tolist() == [90, 10, -1, -1, 90, 10]
    assert [column.dtype for column in found] == [np.int64, np.int64, np.float32, np.int64]
    assert [len(column) for column in kb.look_up([])] == [0, 0, 0, 0]


def test_look_up_normalised_adds_the_counts_of_all_spellings(kb):
    found = kb.look_up(["ＪＡＰＡＮ", "ﾄﾖﾀ", "・"], normalised=True)
    assert found.lengths.tolist() == [2, 1, 0]
    assert found.counts.tolist() == [90, 16, 0]
    assert found.priors.tolist() == pytest.approx([90 / 106, 16 / 106, 1])


def test_entities(kb):
    ids = kb.get_entity_strings()
    assert kb.entity_ids(kb.entity_rows(ids)) == ids == ["Q17", "Q623818", "ﾄﾖﾀ\t1", "Q90"]
    assert kb.entity_rows(["no", "Q90"]).tolist() == [-1, 3]
    assert kb.info("Q17") == {
        "id": "Q17",
        "labels": {"ja": "日本", "en": "Japan"},
        "description": "island country",
        "types": ["country"],
        "count": 500,
    }
    assert kb.info("ﾄﾖﾀ\t1")["count"] == -1
    assert kb.vectors_of([3, 2, 0]).tolist() == [[0.25, 0, 0], [0, 0, 0], [1, 0.5, -2]]
    assert kb.has_vectors([3, 2, 0]).tolist() == [True, False, True]
    kb.vectors_of([0])[0] = 7  # a copy, not the pages of a map
    with pytest.raises(ValueError, match="LK342"):
        kb.info("no")
    for bad in ([4], [-1]):
        with pytest.raises(ValueError, match="LK324"):
            kb.vectors_of(bad)


def test_the_same_answers_as_in_memory(kb):
    truth = InMemoryLookupKB(spacy.blank("xx").vocab, 3)
    rows = range(len(kb))
    freqs = np.maximum(kb.counts(rows), 0).tolist()
    truth.set_entities(kb.get_entity_strings(), freqs, kb.vectors_of(rows).tolist())
    for alias in kb.get_alias_strings():
        found = kb.look_up([alias])
        truth.add_alias(alias, kb.entity_ids(found.entities), found.priors.tolist())
    assert (len(kb), kb.get_size_entities(), kb.get_size_aliases()) == (4, 4, truth.get_size_aliases())
    assert set(kb.get_alias_strings()) == set(truth.get_alias_strings())
    mentions = [NLP.make_doc(text)[:] for text in [*kb.get_alias_strings(), "nobody"] if text]
    facts = ["entity_", "alias_", "entity_freq", "prior_prob", "entity_vector"]
    for mine, theirs in zip(kb.get_candidates_batch(mentions), truth.get_candidates_batch(mentions), strict=True):
        assert [[getattr(c, fact) for fact in facts] for c in mine] == [
            [getattr(c, fact) for fact in facts] for c in theirs
        ]
    assert kb.get_candidates(mentions[0])[0].entity == truth.get_candidates(mentions[0])[0].entity
    for id in [*kb.get_entity_strings(), "no"]:
        assert kb.get_vector(id) == truth.get_vector(id)
        assert kb.contains_entity(id) == truth.contains_entity(id)
        assert kb.get_prior_prob(id, "Japan") == truth.get_prior_prob(id, "Japan")
    assert kb.get_prior_prob("Q17", "no") == 0.0
    assert [kb.contains_alias(alias) for alias in ("Japan", "no")] == [True, False]
    assert not kb.is_empty()


# --- additions -------------------------------------------------------------------------------------


MINE = {"id": "mine", "labels": {"en": "Japan"}, "aliases": ["Mine"], "description": "new", "count": 2, "vector": [0, 0, 9]}


def test_additions_lie_over_the_base(kb):
    assert kb.add_entities([MINE, {"id": "bare"}]).tolist() == [4, 5]
    kb.add_aliases([{"alias": "Japan", "entity": "mine", "count": 100}, {"alias": "neu", "entity": "Q90"}])
    kb.add_aliases([{"alias": "Capital", "entities": ["mine"], "priors": [0.1]}])
    assert best(kb, "Japan") == {"mine": 0.5, "Q17": 0.45, "Q623818": 0.05}
    assert best(kb, "japan", normalised=True) == pytest.approx({"mine": 100 / 206, "Q17": 90 / 206, "Q623818": 16 / 206}, abs=1e-4)
    assert best(kb, "Capital") == {"Q90": 0.6, "Q17": 0.3, "mine": 0.1}
    assert (best(kb, "neu"), best(kb, "MINE", normalised=True)) == ({"Q90": 1}, {"mine": 1})
    found = kb.look_up(["Paname", "Japan", "no", "Capital", "日本"])
    assert found.lengths.tolist() == [1, 3, 0, 3, 1]
    assert kb.entity_ids(found.entities) == ["Q90", "mine", "Q17", "Q623818", "Q90", "Q17", "mine", "Q17"]
    assert kb.info("mine") == {"id": "mine", "labels": {"en": "Japan"}, "description": "new", "types": [], "count": 2}
    assert kb.vectors_of([5, 4, 0]).tolist() == [[0, 0, 0], [0, 0, 9], [1, 0.5, -2]]
    assert kb.has_vectors([5, 4]).tolist() == [False, True]
    assert kb.get_entity_strings()[4:] == ["mine", "bare"] and len(kb) == 6
    assert kb.get_size_aliases() == len(set(kb.get_alias_strings())) == 10
    assert kb.get_alias_candidates("neu")[0].entity_ == "Q90"


def test_an_empty_one_to_add_to(tmp_path):
    kb = MMapKB(NLP.vocab, entity_vector_length=3)
    assert kb.is_empty() and kb.look_up(["Japan"], normalised=True).lengths.tolist() == [0]
    kb.add_entities([MINE])
    assert best(kb, "Mine") == {"mine": 1} and kb.get_vector("mine") == [0, 0, 9] and kb.get_vector("no") == [0, 0, 0]
    before = everything(kb)
    kb.to_disk(tmp_path / "new")
    assert everything(MMapKB.open(NLP.vocab, tmp_path / "new")) == before
    assert everything(MMapKB(NLP.vocab, 1).from_bytes(kb.to_bytes())) == everything(pickle.loads(pickle.dumps(kb))) == before


@pytest.mark.parametrize(
    "add, what, message",
    [
        ("entities", [{"id": "a"}, {"id": "Q17"}], "LK343.*'Q17'"),
        ("entities", [{"id": "a"}, {"id": "a"}], "LK333.*number 1 and 2"),
        ("entities", [{"id": "a"}, {"id": "b", "vector": [1]}], "LK337.*'b'.*of 1 .*have 3"),
        ("entities", [{"id": "a"}, {"id": "b", "vector": [1, 2, float("inf")]}], "LK338"),
        ("entities", [{"id": "a"}, {"id": "b", "aliases": [""]}], "LK334"),
        ("entities", [{"name": "a"}], "LK336"),
        ("aliases", [{"alias": "new", "entity": "Q17"}, {"alias": "new", "entity": "no"}], "LK342.*'no'"),
        ("aliases", [{"alias": "new", "entity": "Q17"}, {"alias": " ", "entity": "Q17"}], "LK334.*alias number 2"),
        ("aliases", [{"alias": "new", "entity": "Q17", "count": -1}], "LK340"),
        ("aliases", [{"alias": "new", "entities": ["Q17", "Q90"], "priors": [0.6, 0.6]}], "LK335"),
        ("aliases", [{"alias": "new"}], "LK336"),
        ("aliases", [{"alias": "new", "entities": "Q17", "priors": 1}], "LK336"),
    ],
)
def test_a_bad_addition_adds_nothing(kb, add, what, message):
    before = everything(kb)
    with pytest.raises(ValueError, match=message):
        getattr(kb, f"add_{add}")(what)
    assert everything(kb) == before and not kb.added


# --- saving and loading ------------------------------------------------------------------------------


def with_additions(kb) -> dict:
    kb.add_entities([MINE])
    kb.add_aliases([{"alias": "Japan", "entity": "mine", "count": 5}])
    return everything(kb)


@pytest.mark.parametrize("linked", [True, False])
def test_a_carried_one_needs_nothing_else(kb, path, tmp_path, monkeypatch, linked):
    if not linked:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no hard links here")))
    before = with_additions(kb)
    kb.to_disk(tmp_path / "pipeline" / "kb")
    assert (os.stat(path / "links.bin").st_nlink > 1) is linked
    shutil.rmtree(path)
    other = MMapKB(NLP.vocab, 1)
    other.from_disk(tmp_path / "pipeline" / "kb")
    assert everything(other) == before and other.entity_vector_length == 3 and other.carry


def test_a_pointer_says_when_what_it_points_to_is_gone_or_changed(kb, path, tmp_path):
    before = with_additions(kb)
    kb.carry = False
    kb.to_disk(tmp_path / "kb2")
    assert sum(file.stat().st_size for file in (tmp_path / "kb2").rglob("*")) < 2_000
    again = MMapKB.open(NLP.vocab, tmp_path / "kb2", carry=False)
    assert everything(again) == before
    again.to_disk(tmp_path / "kb2")
    again.to_disk(tmp_path / "kb3")
    assert everything(MMapKB(NLP.vocab, 3).from_disk(tmp_path / "kb3")) == before
    saved = again.to_bytes()
    path.rename(tmp_path / "away")
    with pytest.raises(ValueError, match="LK331.*carry = true"):
        MMapKB.open(NLP.vocab, tmp_path / "kb2")
    with pytest.raises(ValueError, match="LK331"):
        MMapKB(NLP.vocab, 3).from_bytes(saved)
    build_kb(path, [{"id": "other"}])
    with pytest.raises(ValueError, match="LK332"):
        MMapKB.open(NLP.vocab, tmp_path / "kb2")
    with pytest.raises(ValueError, match="LK332"):
        MMapKB(NLP.vocab, 3).from_bytes(saved)
    with pytest.raises(ValueError, match="LK332"):
        kb.to_disk(tmp_path / "kb4")


def test_saving_to_its_own_directory_writes_the_additions_only(kb, path):
    times = {file: file.stat().st_mtime_ns for file in path.rglob("*") if file.is_file()}
    before = with_additions(kb)
    kb.to_disk(path)
    assert all(file.stat().st_mtime_ns == time for file, time in times.items())
    assert sorted({file.name for file in path.iterdir()} - {file.name for file in times}) == [
        "additions.jsonl",
        "aliases",
        "forms",
        "ids",
    ]
    assert everything(MMapKB.open(NLP.vocab, path)) == before


def test_a_pointer_becomes_a_copy_and_back(kb, path, tmp_path):
    for carry in (False, True, False):
        kb.carry = carry
        kb.to_disk(tmp_path / "other")
        assert (tmp_path / "other" / "links.bin").is_file() is carry
        assert everything(MMapKB.open(NLP.vocab, tmp_path / "other")) == everything(kb)


@pytest.mark.parametrize("change", [lambda text: text[:-9], lambda text: text.replace("mine", "mime"), lambda text: "{}\n" + text])
def test_additions_that_were_changed_are_refused(kb, path, change):
    with_additions(kb)
    kb.to_disk(path)
    file = path / "additions.jsonl"
    file.write_text(change(file.read_text()))
    with pytest.raises(ValueError, match="LK344.*additions.jsonl"):
        MMapKB.open(NLP.vocab, path)


def test_bytes_and_pickles_are_small_and_exact(kb):
    before = with_additions(kb)
    assert len(kb.to_bytes()) < 1_000
    for other in (MMapKB(NLP.vocab, 1).from_bytes(kb.to_bytes()), pickle.loads(pickle.dumps(kb))):
        assert everything(other) == before and other.carry is kb.carry
    for bad in (b"no", b"", b"\x81\xa1a\x01"):
        with pytest.raises(ValueError, match="LK347"):
            kb.from_bytes(bad)
    assert everything(kb) == before


def test_what_is_no_knowledge_base(tmp_path):
    old = InMemoryLookupKB(NLP.vocab, 2)
    old.to_disk(tmp_path / "spacy")
    (tmp_path / "empty").mkdir()
    kb = MMapKB(NLP.vocab, 2)
    for name, code in [("spacy", "LK330.*--spacy-kb"), ("empty", "LK302"), ("gone", "LK302")]:
        with pytest.raises(ValueError, match=code):
            kb.from_disk(tmp_path / name)
    assert kb.is_empty() and kb.entity_vector_length == 2


def _ask(kb):
    return [everything(kb) for _ in range(20)][-1]


@pytest.mark.parametrize("start", ["fork", "spawn"] if hasattr(os, "fork") else ["spawn"])
def test_several_processes_read_one_store(kb, start):
    before = with_additions(kb)
    with multiprocessing.get_context(start).Pool(2) as pool:
        assert pool.map(_ask, [kb] * 4) == [before] * 4


def test_an_index_cut_short_after_a_crash_is_found(kb, path):
    before = with_additions(kb)
    kb.to_disk(path)
    path.rename(path.with_name("kb.old"))  # what a replacement that died half-way leaves
    again = MMapKB.open(NLP.vocab, path)
    assert everything(again) == before
    again.to_disk(path)
    assert path.is_dir() and everything(MMapKB.open(NLP.vocab, path)) == before


def test_loaders(path):
    assert build_mmap_kb_v1(str(path), carry=False)(NLP.vocab).carry is False
    with pytest.raises(ValueError, match="LK358.*--paths.kb"):
        build_mmap_kb_v1(None)(NLP.vocab)
    assert build_empty_mmap_kb_v1()(NLP.vocab, 7).entity_vector_length == 7
    assert json.loads((path / "manifest.json").read_text())["kind"] == "spacy_luke.kb"
