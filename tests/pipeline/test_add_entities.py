"""New entities for a luke_linker that was trained without them."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.vocab import Vocab

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.kb.descriptions import passage_of
from spacy_luke.models.entity_vectors import embed_passages
from spacy_luke.pipeline.embed_kb import embed_kb

from ..linking import IDS, TEXTS, add_linker, doc_with, example, links, memory_kb, spacy_kb, train

MINE = {
    "id": "mine",
    "labels": {"en": "Kyoto Ltd.", "ja": "京都社"},
    "aliases": ["Kyoto"],
    "description": "Kyoto Ltd. is a company that makes trains",
    "types": ["company"],
}


@pytest.fixture
def nlp(trained_linker):
    return spacy.load(trained_linker)


def linked(nlp, text, *ents):
    return links(nlp.get_pipe("luke_linker")(doc_with(nlp, text, [(*ent, "LOC", "") for ent in ents])))


def candidates(nlp, name):
    kb = nlp.get_pipe("luke_linker").kb
    found = kb.look_up([name])
    return dict(zip(kb.entity_ids(found.entities), found.priors.tolist()))


def test_it_is_linked_at_once(nlp):
    linker = nlp.get_pipe("luke_linker")
    for text, ents in TEXTS:  # it has learned something, and keeps it
        assert [id for _, id in linked(nlp, text, *(ent[:2] for ent in ents))] == [ent[3] for ent in ents]
    assert linked(nlp, "He lives near Kyoto", (14, 19)) == [("Kyoto", "NIL")]
    before = linker.model.to_bytes()
    linker.add_entities([MINE])
    for name in ("Kyoto", "Kyoto Ltd.", "京都社"):
        assert linked(nlp, f"He lives near {name}", (14, 14 + len(name))) == [(name, "mine")]
    assert linker.model.to_bytes() == before
    for text, ents in TEXTS:
        assert [id for _, id in linked(nlp, text, *(ent[:2] for ent in ents))] == [ent[3] for ent in ents]
    assert linker.kb.info("mine")["types"] == ["company"]


def test_its_vector_is_that_of_its_description(nlp):
    linker = nlp.get_pipe("luke_linker")
    linker.add_entities([MINE, {"id": "given", "labels": {"en": "Given"}, "vector": [0.5] * 32}, {"id": "bare"}])
    expected = embed_passages(linker.model, [passage_of(MINE)])[0]
    assert numpy.allclose(linker.kb.get_vector("mine"), expected, atol=1e-5)
    assert linker.kb.get_vector("given") == [0.5] * 32
    assert not any(linker.kb.get_vector("bare"))


DESCRIBED = [
    {"id": "Q1", "labels": {"en": "Tokyo"}, "description": "Tokyo is the capital of Japan", "aliases": ["Tokyo"]},
    {"id": "Q2", "labels": {"en": "Tokyo"}, "description": "Tokyo is a lazy dog"},
    {"id": "Q3", "labels": {"ja": "日本"}, "description": "日本は国である", "aliases": ["Japan"]},
    {"id": "Q4", "labels": {"en": "Obama"}, "aliases": ["Japan"]},
    {"id": "Q5", "aliases": ["Tokyo"]},
]


@pytest.mark.parametrize("steps", [0, 3])
def test_it_is_on_the_scale_of_kb_embed(xlmr, tmp_path, steps):
    """An encoder without entity pretraining: what `kb embed` gives an entity is what another one with the same label
    and description gets when it is added, before training; after it, all are still spread alike."""
    build_kb(tmp_path / "kb", DESCRIBED)
    embed_kb(tmp_path / "kb", xlmr)
    nlp = spacy.blank("en")
    examples = [example(nlp, *text) for text in TEXTS]
    linker = add_linker(nlp, xlmr, examples, kb=lambda vocab: MMapKB.open(vocab, tmp_path / "kb"))
    train(nlp, examples, steps, rate=0.01)
    linker.add_entities([{**entity, "id": f"new {entity['id']}"} for entity in DESCRIBED])
    old, new = linker.kb.vectors_of(range(5)), linker.kb.vectors_of(range(5, 10))
    if not steps:
        numpy.testing.assert_allclose(new, old, atol=1e-2)  # the base is float16
    numpy.testing.assert_allclose(new[:4].mean(axis=0), old[:4].mean(axis=0), atol=1e-2)
    numpy.testing.assert_allclose(new[:4].std(axis=0), old[:4].std(axis=0), atol=1e-2)
    assert not new[4].any()


def test_priors_come_from_the_count(nlp):
    linker = nlp.get_pipe("luke_linker")
    linker.kb.add_aliases([{"alias": "Obama", "entity": "Q1", "count": 30}])
    linker.add_entities([
        {"id": "often", "labels": {"en": "Obama"}, "count": 70},
        {"id": "seldom", "labels": {"en": "Obama"}, "aliases": ["Barack", "Barack"], "count": 0},
        {"id": "unknown", "labels": {"en": "Obama"}, "count": -1},
    ])
    found = candidates(nlp, "Obama")
    assert found["often"] == pytest.approx(0.7, abs=1e-3) and found["Q1"] == pytest.approx(0.3, abs=1e-3)
    assert 0 < found["seldom"] < 1e-3 and 0 < found["unknown"] < 1e-3
    assert candidates(nlp, "Barack") == {"seldom": 1.0}


def test_it_is_saved(nlp, tmp_path):
    linker = nlp.get_pipe("luke_linker")
    linker.add_entities([{**MINE, "count": 5, "bias": 0.25}])
    nlp.to_disk(tmp_path / "nlp")
    for other in (spacy.load(tmp_path / "nlp"), nlp.from_bytes(nlp.to_bytes())):
        kb = other.get_pipe("luke_linker").kb
        assert linked(other, "He lives near Kyoto", (14, 19)) == [("Kyoto", "mine")]
        assert numpy.allclose(kb.get_vector("mine"), linker.kb.get_vector("mine"))
        assert candidates(other, "Kyoto") == {"mine": 1.0}
        assert kb.biases_of(kb.entity_rows(["mine"])).tolist() == [0.25]


def test_what_cannot_be_added(nlp):
    linker = nlp.get_pipe("luke_linker")
    for bad, said in [
        ([MINE, {"id": "Q1"}], "LK343.*Q1"),
        ([MINE, MINE], "LK333.*mine"),
        ([MINE, {"labels": {"en": "No id"}}], "LK336.*number 2"),
        ([MINE, {"id": "x", "labels": ["Kyoto"]}], "LK336.*number 2"),
        ([MINE, {"id": "x", "aliases": [" "]}], "LK334.*'x'"),
        ([{"id": "x", "vector": [1.0]}], "LK337"),
        (["mine"], "LK336"),
    ]:
        with pytest.raises(ValueError, match=said):
            linker.add_entities(bad)
        assert sorted(linker.kb.get_entity_strings()) == IDS
    given = dict(MINE)
    linker.add_entities(iter([given]))
    assert given == MINE  # nobody's dict was changed
    with pytest.raises(ValueError, match="LK343.*mine"):
        linker.add_entities([MINE])


def test_a_knowledge_base_of_spacy_takes_none(xlmr):
    nlp = spacy.blank("en")
    empty = {"@misc": "spacy.EmptyKB.v2"}
    linker = add_linker(nlp, xlmr, kb=spacy_kb, generate_empty_kb=empty)
    with pytest.raises(ValueError, match="LK515.*InMemoryLookupKB"):
        linker.add_entities([MINE])


def test_a_knowledge_base_without_vectors(xlmr):
    """Stays one: only priors speak, for old and new entities."""

    def kb(vocab: Vocab) -> MMapKB:
        return memory_kb(vocab, vectors=numpy.zeros((len(IDS), 0)), width=0)

    nlp = spacy.blank("en")
    linker = add_linker(nlp, xlmr, kb=kb)
    linker.add_entities([MINE])
    assert linker.kb.contains_entity("mine") and linker.kb.entity_vector_length == 0
    assert linked(nlp, "Kyoto", (0, 5))[0][1] in ("mine", "NIL")
