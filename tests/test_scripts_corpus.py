"""The sample corpus as DocBin: what luke_ner, the linker, typing and relations read from a Doc."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from corpus import RELATIONS, TYPING, by_sentence, to_doc, write
from sample import read_sample
from spacy.tokens import DocBin

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build_sources import build_from_sources

FOLDER = Path(__file__).parents[1] / "assets" / "sample"
if not FOLDER.is_dir():
    pytest.skip("the sample corpus is not here", allow_module_level=True)

TEXT = "Ann left Paris. Bob met Ann."
RECORD = {
    "lang": "en",
    "split": "dev",
    "text": TEXT,
    "sents": [[0, 15], [16, 28]],
    "ents": [
        {"start": 0, "end": 3, "label": "PERSON", "types": ["/person"], "kb_id": "NIL"},
        {"start": 9, "end": 14, "label": "LOC", "types": ["/location", "/location/city"], "kb_id": "Q90"},
        {"start": 16, "end": 19, "label": "PERSON", "types": ["/person"], "kb_id": "X-bob"},
    ],
    "relations": [{"head": 0, "tail": 1, "label": "place_of_birth"}],
}


@pytest.fixture(scope="module")
def sample():
    return read_sample(FOLDER)


def test_a_document_becomes_a_doc():
    doc, lost, relations_lost = to_doc(RECORD, spacy.blank("en"))
    assert [(e.text, e.label_, e.kb_id_) for e in doc.ents] == [
        ("Ann", "PERSON", "NIL"),
        ("Paris", "LOC", "Q90"),
        ("Bob", "PERSON", "X-bob"),
    ]
    assert [s.text for s in doc.sents] == ["Ann left Paris.", "Bob met Ann."]
    assert [(s.text, s.label_) for s in doc.spans[TYPING]] == [
        ("Ann", "/person"),
        ("Paris", "/location"),
        ("Paris", "/location/city"),
        ("Bob", "/person"),
    ]
    assert doc.spans[TYPING].attrs["scores"] == [1.0] * 4
    assert [s.text for s in doc.spans[RELATIONS]] == ["Ann", "Paris", "Bob"]
    assert doc.spans[RELATIONS].attrs["relations"] == [[0, 1, "place_of_birth", 1.0]]
    assert (lost, relations_lost) == ([], 0)


def test_a_document_sentence_by_sentence():
    record = {**RECORD, "relations": [*RECORD["relations"], {"head": 2, "tail": 1, "label": "across"}]}
    first, second = (to_doc(part, spacy.blank("en"))[0] for part in by_sentence(record))
    assert (first.text, second.text) == ("Ann left Paris.", "Bob met Ann.")
    assert [(e.text, e.kb_id_) for e in second.ents] == [("Bob", "X-bob")]
    assert first.spans[RELATIONS].attrs["relations"] == [[0, 1, "place_of_birth", 1.0]]
    assert second.spans[RELATIONS].attrs["relations"] == []  # nothing leads into another sentence
    assert [(s.text, s.label_) for s in second.spans[TYPING]] == [("Bob", "/person")]


def test_a_mention_inside_a_word_is_counted_and_relations_follow():
    ents = [dict(RECORD["ents"][0], end=2), *RECORD["ents"][1:]]
    relations = [*RECORD["relations"], {"head": 2, "tail": 1, "label": "place_of_birth"}]
    doc, lost, relations_lost = to_doc({**RECORD, "ents": ents, "relations": relations}, spacy.blank("en"))
    assert [e.text for e in doc.ents] == ["Paris", "Bob"]
    assert doc.spans[RELATIONS].attrs["relations"] == [[1, 0, "place_of_birth", 1.0]]
    assert (lost, relations_lost) == (["An"], 1)


def test_english_docbins_hold_the_whole_corpus(sample, tmp_path):
    counts = write(sample, tmp_path, ["en"])
    nlp = spacy.blank("en")
    for split in ("train", "dev", "test"):
        records = [r for r in sample.docs if (r["lang"], r["split"]) == ("en", split)]
        for name in (f"en_{split}", f"xx_{split}"):
            docs = list(DocBin().from_disk(tmp_path / f"{name}.spacy").get_docs(nlp.vocab))
            assert [doc.text for doc in docs] == [r["text"] for r in records]
            for doc, record in zip(docs, records):
                assert [(e.start_char, e.end_char, e.label_, e.kb_id_) for e in doc.ents] == [
                    (e["start"], e["end"], e["label"], e["kb_id"]) for e in record["ents"]
                ]
                assert [s.start_char for s in doc.sents] == [start for start, _ in record["sents"]]
                assert len(doc.spans[TYPING]) == sum(len(e["types"]) for e in record["ents"])
                found = [(h, t, label) for h, t, label, _ in doc.spans[RELATIONS].attrs["relations"]]
                assert found == [(r["head"], r["tail"], r["label"]) for r in record["relations"]]
            assert counts[name][:2] == [len(records), sum(len(r["ents"]) for r in records)]
        numbers = [sum(len(r[what]) for r in records) for what in ("sents", "ents", "relations")]
        assert counts[f"en_{split}_sentences"][:3] == numbers  # no relation is lost between sentences


def test_japanese_mentions_and_sentences_are_on_word_borders(sample, tmp_path):
    """All of them with the dictionary this was written with; a newer one may cut a few words otherwise."""
    pytest.importorskip("sudachipy", reason="Japanese words need the extra [ja]")
    pytest.importorskip("sudachidict_core")
    counts = write(sample, tmp_path, ["ja", "en"])
    lost = sum(len(count[3]) for name, count in counts.items() if name.startswith("ja"))
    assert lost <= 5
    nlp = spacy.blank("ja")
    docs = list(DocBin().from_disk(tmp_path / "xx_test.spacy").get_docs(nlp.vocab))
    records = [r for r in sample.docs if r["split"] == "test"]
    assert [len(list(doc.sents)) for doc in docs] == [len(r["sents"]) for r in records]
    assert counts["xx_test"][0] == counts["ja_test"][0] + counts["en_test"][0] == len(docs)


def test_the_table_is_what_kb_build_reads(sample, tmp_path):
    """With the links of the training part every gold entity is known, and named as it is in the texts."""
    write(sample, tmp_path, ["en"])
    with pytest.warns(UserWarning, match="LKW311"):  # some are of no entity
        build_from_sources(tmp_path / "kb", entities=[tmp_path / "entities.jsonl"], docs=[tmp_path / "en_train.spacy"])
    nlp = spacy.blank("en")
    kb = MMapKB.open(nlp.vocab, tmp_path / "kb")
    assert sorted(kb.get_entity_strings()) == sorted(entity["id"] for entity in sample.entities)
    gold = [ent for part in ("train", "dev", "test") for ent in _ents(tmp_path / f"en_{part}.spacy", nlp) if ent.kb_id_ != "NIL"]
    found = kb.look_up([ent.text for ent in gold], normalised=True)
    ids = iter(kb.entity_ids(found.entities))
    candidates = [[next(ids) for _ in range(length)] for length in found.lengths.tolist()]
    assert sum(ent.kb_id_ in names for ent, names in zip(gold, candidates)) > 0.95 * len(gold)
    assert max(map(len, candidates)) > 2  # names mean several things
    assert kb.info("Q213122")["labels"] == {"ja": "ベティ・フォード", "en": "Betty Ford"}
    assert "Gerald Ford" in kb.info("Q213122")["description"]


def _ents(path, nlp):
    return [ent for doc in DocBin().from_disk(path).get_docs(nlp.vocab) for ent in doc.ents]
