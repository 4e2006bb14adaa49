"""kb embed: vectors of all entities, from the table of a LUKE or from descriptions, interrupted and not."""

from __future__ import annotations

import os
import shutil

import numpy
import pytest
import spacy
import torch
from spacy.vocab import Vocab

from spacy_luke.convert.checkpoint import load_checkpoint
from spacy_luke.convert.save import save_checkpoint
from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.kb.descriptions import passage_of
from spacy_luke.kb.entity_vocab import EntityVocab
from spacy_luke.kb.verify import verify_kb
from spacy_luke.models.encoder import build_luke_encoder_v1
from spacy_luke.models.entity_vectors import embed_passages, standardise
from spacy_luke.models.linker import build_luke_linker_v1
from spacy_luke.pipeline import embed_kb as module
from spacy_luke.pipeline.embed_kb import Embedded, embed_kb

from .. import tiny
from ..kb.make import everything
from ..linking import WIDTH, add_linker, write_luke

ENTITIES = [
    {"id": "Q1", "labels": {"en": "E5"}, "description": "in the table by its label"},
    {"id": "Q2", "labels": {"en": "Kyoto"}, "description": "Kyoto was the capital before"},
    {"id": "Q3", "description": "without label"},
    {"id": "en:E7", "labels": {"de": "Nein"}},
    {"id": "Q5", "labels": {"en": "E5"}, "description": "the E5 that people mean", "count": 10},
    {"id": "Q6", "labels": {"en": "Obama", "ja": "オバマ"}, "description": "オバマはホノルル生まれ"},
    {"id": "Q7", "labels": {"en": "Honolulu"}},
]
IDS = [entity["id"] for entity in ENTITIES]


@pytest.fixture(scope="module")
def luke(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("luke")
    return path, write_luke(path)


@pytest.fixture
def path(tmp_path):
    build_kb(tmp_path / "kb", ENTITIES, [("E", "Q1", 3), ("E", "Q5", 1)])
    return tmp_path / "kb"


def opened(path) -> MMapKB:
    return MMapKB.open(Vocab(), path)


def vectors(path) -> dict[str, numpy.ndarray]:
    kb = opened(path)
    return dict(zip(kb.get_entity_strings(), kb.vectors_of(range(len(kb)))))


def linker_model(source):
    model = build_luke_linker_v1(build_luke_encoder_v1(str(source)))
    model.initialize()
    return model


def from_description(model, id):
    return embed_passages(model, [passage_of(ENTITIES[IDS.index(id)])])[0]


def near(found, expected):
    numpy.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)  # float16


def test_rows_of_the_table_and_vectors_from_descriptions(luke, path):
    source, theirs = luke
    before = everything(opened(path))
    assert embed_kb(path, source) == Embedded(7, from_table=2, from_description=4, without=1)
    found, kb = vectors(path), opened(path)
    table = theirs.luke.entity_embeddings.entity_embeddings.weight.detach().numpy()
    bias = theirs.entity_predictions.bias.detach().numpy()
    row = {"Q5": 4 + 5, "en:E7": 4 + 7}  # behind the special entities
    model = linker_model(source)
    for i, id in enumerate(IDS):
        if id in row:
            assert numpy.array_equal(found[id], table[row[id]].astype("float16"))
        elif id == "Q3":
            assert not found[id].any()
        else:
            near(found[id], from_description(model, id))
        assert kb.biases_of([i])[0] == (bias[row[id]] if id in row else 0)
    assert verify_kb(path) == []
    after = everything(kb)
    assert (after["links"], after["info"]) == (before["links"], before["info"])
    assert [p.name for p in path.parent.iterdir()] == ["kb"]


def test_by_qid(luke, path, tmp_path):
    """A checkpoint in our own layout, whose vocabulary knows QIDs: Q1 has the label of a row that is Q5's."""
    save_checkpoint(load_checkpoint(luke[0]), tmp_path / "ours")
    (tmp_path / "qids.tsv").write_text("Q6\tE3\nQ5\tE5\n")
    vocab = EntityVocab.from_file(luke[0] / "entity_vocab.json", tmp_path / "qids.tsv")
    shutil.rmtree(tmp_path / "ours" / "entity_vocab")
    vocab.save(tmp_path / "ours" / "entity_vocab")
    (tmp_path / "ours" / "manifest.json").unlink()  # knows the sizes of the old files
    table = load_checkpoint(luke[0]).entity_vectors.astype("float16")
    assert embed_kb(path, tmp_path / "ours").from_table == 3
    found = vectors(path)
    assert numpy.array_equal(found["Q6"], table[4 + 3]) and numpy.array_equal(found["Q5"], table[4 + 5])
    assert numpy.array_equal(found["en:E7"], table[4 + 7])
    assert not numpy.array_equal(found["Q1"], table[4 + 5])


def test_a_fresh_encoder_gives_standardised_vectors(xlmr, path):
    assert embed_kb(path, xlmr) == Embedded(7, 0, 6, 1)
    found = vectors(path)
    assert not found.pop("Q3").any()
    model = linker_model(xlmr)
    raw = numpy.stack([from_description(model, id) for id in found if id != "en:E7"])
    own = embed_passages(model, [passage_of(ENTITIES[3])])
    expected, _, _ = standardise(numpy.concatenate([raw[:2], own, raw[2:]]))
    numpy.testing.assert_allclose(numpy.stack([*found.values()]), expected, rtol=2e-3, atol=5e-3)
    assert verify_kb(path) == []


@pytest.mark.parametrize("chunk", [1, 3])
def test_vectors_do_not_depend_on_the_chunks(monkeypatch, xlmr, luke, tmp_path, chunk):
    for name, source in (("fresh", xlmr), ("luke", luke[0])):
        for kb, size in (("one", 1024), ("many", chunk)):
            monkeypatch.setattr(module, "CHUNK", size)
            build_kb(tmp_path / name / kb, ENTITIES)
            embed_kb(tmp_path / name / kb, source)
        one, many = opened(tmp_path / name / "one"), opened(tmp_path / name / "many")
        numpy.testing.assert_allclose(many.vectors_of(range(7)), one.vectors_of(range(7)), atol=2e-3)
        assert numpy.array_equal(many.biases_of(range(7)), one.biases_of(range(7)))


def test_mean_and_variance_are_those_of_the_first_vectors(monkeypatch, xlmr, tmp_path):
    """Of three of them, whatever the chunks; entities without vector do not count."""
    monkeypatch.setattr(module, "SAMPLE", 3)
    model = linker_model(xlmr)
    raw = embed_passages(model, [passage_of(e) for e in ENTITIES if e["id"] != "Q3"])
    _, mean, deviation = standardise(raw[:3])
    for chunk in (1, 2, 1024):
        monkeypatch.setattr(module, "CHUNK", chunk)
        build_kb(tmp_path / "kb", ENTITIES)
        embed_kb(tmp_path / "kb", xlmr)
        found = opened(tmp_path / "kb").vectors_of([0, 1, 3, 4, 5, 6])
        numpy.testing.assert_allclose(found, (raw - mean) / deviation, rtol=2e-3, atol=1e-2)


class Stop(Exception):
    pass


@pytest.mark.parametrize("at", [2, 4, 7])
def test_an_interrupted_run_goes_on(monkeypatch, xlmr, path, tmp_path, at):
    monkeypatch.setattr(module, "CHUNK", 2)
    shutil.copytree(path, tmp_path / "whole")
    embed_kb(tmp_path / "whole", xlmr)
    before, computed = everything(opened(path)), []
    embed = module._embed
    monkeypatch.setattr(module, "_embed", lambda kb, rows, *more: computed.append(rows.start) or embed(kb, rows, *more))

    def progress(done, all):
        assert all == 7
        if done == at:
            raise Stop

    with pytest.raises(Stop):
        embed_kb(path, xlmr, progress=progress)
    assert everything(opened(path)) == before and verify_kb(path) == []
    assert computed == [start for start in (0, 2, 4, 6) if start < at]
    seen = []
    assert embed_kb(path, xlmr, progress=lambda done, all: seen.append(done)) == Embedded(7, 0, 6, 1)
    assert computed == [0, 2, 4, 6]  # each once
    assert seen == [2, 4, 6, 7]
    assert everything(opened(path)) == everything(opened(tmp_path / "whole"))
    assert verify_kb(path) == [] and not path.with_name("kb.embed").exists()


def test_chunks_of_another_encoder_are_not_taken(monkeypatch, tmp_path, path):
    """The encoder was trained on meanwhile, in the same directory."""
    monkeypatch.setattr(module, "CHUNK", 3)
    source = tiny.write_xlmr(tmp_path / "xlmr")

    def progress(done, all):
        raise Stop

    with pytest.raises(Stop):
        embed_kb(path, source, progress=progress)
    shutil.rmtree(source)
    tiny.write_xlmr(source, seed=1)
    shutil.copytree(path, tmp_path / "whole")
    embed_kb(path, source)
    embed_kb(tmp_path / "whole", source)
    assert everything(opened(path)) == everything(opened(tmp_path / "whole"))


def test_a_failure_while_writing_leaves_the_old_one(monkeypatch, xlmr, path):
    before = everything(opened(path))
    monkeypatch.setattr(module, "_standardised", lambda files, fresh: iter([(numpy.ones((2, 3)), numpy.ones(2))]))
    with pytest.raises(ValueError, match="LK339"):
        embed_kb(path, xlmr)
    assert everything(opened(path)) == before and verify_kb(path) == []


@pytest.fixture(scope="module")
def pipelines(xlmr, tmp_path_factory):
    """Directories of pipelines: with a luke_linker, whose head is a trained one, and without."""
    root = tmp_path_factory.mktemp("pipelines")
    nlp = spacy.blank("xx")
    linker = add_linker(nlp, xlmr)
    rng = numpy.random.default_rng(0)
    head = linker.model.get_ref("head")
    for name in ("W", "b", "G", "beta"):
        value = head.get_param(name)
        head.set_param(name, value + rng.normal(0, 0.3, value.shape).astype("float32"))
    nlp.to_disk(root / "linker")
    spacy.blank("xx").to_disk(root / "blank")
    return root


def test_a_pipeline_gives_what_its_linker_gives(pipelines, path):
    """Nothing is standardised: the linker was trained, and its add_entities does the same."""
    assert embed_kb(path, pipelines / "linker") == Embedded(7, 0, 6, 1)
    linker = spacy.load(pipelines / "linker").get_pipe("luke_linker")
    found = vectors(path)
    for id in ("Q1", "Q2", "Q5", "Q6", "Q7"):
        near(found[id], from_description(linker.model, id))
    linker.set_kb(lambda vocab: MMapKB.open(vocab, path))
    linker.add_entities([{**ENTITIES[1], "id": "new"}])
    near(linker.kb.get_vector("new"), found["Q2"])


def test_the_kb_may_lie_in_the_pipeline(monkeypatch, pipelines, tmp_path):
    monkeypatch.setattr(module, "CHUNK", 2)
    shutil.copytree(pipelines / "linker", tmp_path / "linker")
    kb = tmp_path / "linker" / "luke_linker" / "kb"
    computed, embed = [], module._embed
    monkeypatch.setattr(module, "_embed", lambda kb, rows, *more: computed.append(rows.start) or embed(kb, rows, *more))
    build_kb(kb, ENTITIES)

    def progress(done, all):
        if done == 4:
            raise Stop

    with pytest.raises(Stop):
        embed_kb(kb, tmp_path / "linker", progress=progress)
    embed_kb(kb, tmp_path / "linker")
    assert computed == [0, 2, 4, 6]
    linker = spacy.load(tmp_path / "linker").get_pipe("luke_linker")
    near(linker.kb.get_vector("Q2"), from_description(linker.model, "Q2"))


def test_additions_come_in(xlmr, path):
    kb = opened(path)
    kb.add_entities([{"id": "mine", "labels": {"en": "Mine"}}])
    kb.to_disk(path)
    assert embed_kb(path, xlmr) == Embedded(8, 0, 7, 1)
    kb = opened(path)
    assert len(kb.base) == 8 and not kb.added and any(kb.get_vector("mine"))


def test_one_entity_and_none(xlmr, luke, tmp_path):
    for name, source in (("fresh", xlmr), ("luke", luke[0])):
        build_kb(tmp_path / name, ENTITIES[1:2])
        assert embed_kb(tmp_path / name, source) == Embedded(1, 0, 1, 0)
        near(opened(tmp_path / name).vectors_of([0])[0], from_description(linker_model(source), "Q2"))
    build_kb(tmp_path / "empty", [])
    assert embed_kb(tmp_path / "empty", xlmr) == Embedded(0, 0, 0, 0)
    assert verify_kb(tmp_path / "empty") == []


def test_wrong_sources(xlmr, pipelines, path, tmp_path):
    kb = opened(path)
    kb.add_entities([{"id": "added"}])
    kb.to_disk(path)
    for source, said in [
        (pipelines / "blank", "LK516.*blank has no luke_linker"),
        (tmp_path / "nowhere", "LK701.*nowhere"),
        (tmp_path, "LK702"),
    ]:
        with pytest.raises(ValueError, match=said):
            embed_kb(path, source)
        assert len(opened(path).base) == 7  # nothing was merged either
    with pytest.raises(ValueError, match="LK302"):
        embed_kb(pipelines, xlmr)


def test_one_that_points_is_refused_at_once(xlmr, path, tmp_path):
    kb = opened(path)
    kb.carry = False
    kb.to_disk(tmp_path / "pointer")
    with pytest.raises(ValueError, match="LK352.*pointer.*kb"):
        embed_kb(tmp_path / "pointer", tmp_path / "nowhere")


def test_a_table_without_a_head_computes_nothing(tmp_path, path):
    """The head that it would need was not saved with it: no vectors rather than wrong ones."""
    write_luke(tmp_path / "luke").luke.save_pretrained(tmp_path / "luke")
    assert embed_kb(path, tmp_path / "luke") == Embedded(7, from_table=2, from_description=0, without=5)
    assert opened(path).entity_vector_length == WIDTH


def test_files_are_what_the_key_knows(xlmr, tmp_path):
    """A touched file is another source: better once more than mixed."""
    build_kb(tmp_path / "kb", ENTITIES)
    source = shutil.copytree(xlmr, tmp_path / "source")
    kb = opened(tmp_path / "kb")
    first = module._key(kb, source, tmp_path / "kb")
    assert module._key(kb, source, tmp_path / "kb") == first
    os.utime(source / "config.json", ns=(1, 1))
    assert module._key(kb, source, tmp_path / "kb") != first


