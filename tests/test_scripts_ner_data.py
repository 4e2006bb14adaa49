"""Public NER data to DocBin: spans on word borders, nothing lost in silence, splits that stay put."""

from __future__ import annotations

import gzip
import json

import pytest
import spacy
from ner_data import read_bio, read_gsd, read_stockmark, read_wikineural, split_of, write_splits
from spacy.tokens import DocBin

TEXTS = ["レッドフォックス株式会社は、東京都千代田区に本社を置く。", "清水に渡米した。"]
RECORDS = [
    {"curid": "1", "text": TEXTS[0], "entities": [
        {"name": "レッドフォックス株式会社", "span": [0, 12], "type": "法人名"},
        {"name": "東京都千代田区", "span": [14, 21], "type": "地名"},
    ]},
    {"curid": "2", "text": TEXTS[1], "entities": [
        {"name": "清水", "span": [0, 2], "type": "人名"},
        {"name": "米", "span": [4, 5], "type": "地名"},
    ]},
]  # fmt: skip


@pytest.fixture(scope="module")
def ja():
    pytest.importorskip("sudachipy", reason="Japanese words need the extra [ja]")
    pytest.importorskip("sudachidict_core")
    return spacy.blank("ja")


def test_stockmark_spans_become_entities(ja, tmp_path):
    path = tmp_path / "ner.json.gz"
    path.write_bytes(gzip.compress(json.dumps(RECORDS).encode()))
    (split_a, first, lost_a), (_, second, lost_b) = read_stockmark(path, ja)
    assert [(e.text, e.start_char, e.label_) for e in first.ents] == [
        ("レッドフォックス株式会社", 0, "法人名"),
        ("東京都千代田区", 14, "地名"),
    ]
    assert split_a == split_of(TEXTS[0]) and lost_a == []
    # 渡米 is one word: the entity inside it is reported, and is not stretched over the word
    assert [e.text for e in second.ents] == ["清水"] and lost_b == ["米"]


def test_the_split_hangs_on_the_text_alone():
    # sha256 of the text, first 8 bytes, modulo 10, worked out with sha256sum
    assert [split_of(text) for text in ("文0", "文1", "文9", "文8")] == ["train", "train", "dev", "test"]
    shares = [split_of(f"文{i}") for i in range(2000)]
    assert 0.77 < shares.count("train") / 2000 < 0.83 and 0.07 < shares.count("dev") / 2000 < 0.13


def test_bio_words_have_no_blanks_between_them(tmp_path):
    path = tmp_path / "train.bio"
    path.write_text("夏目\tB-PERSON\n漱石\tI-PERSON\nは\tO\n東京\tB-GPE\n都\tB-ORG\n\n\n猫\tO\n", encoding="utf8")
    first, second = read_bio(path, spacy.blank("xx"))
    assert first.text == "夏目漱石は東京都" and second.text == "猫"
    assert [(e.text, e.label_) for e in first.ents] == [("夏目漱石", "PERSON"), ("東京", "GPE"), ("都", "ORG")]


@pytest.mark.parametrize("line", ["夏目 B-PERSON", "夏目\tPERSON", "\tO"])
def test_a_bad_bio_line_is_named(tmp_path, line):
    path = tmp_path / "dev.bio"
    path.write_text(f"は\tO\n{line}\n", encoding="utf8")
    with pytest.raises(ValueError, match="LK761.*line 2"):
        list(read_bio(path, spacy.blank("xx")))


def test_bad_json_and_missing_files_say_so(tmp_path):
    nlp = spacy.blank("xx")
    with pytest.raises(FileNotFoundError, match="LK760.*run ja . --vars.data_path"):
        list(read_stockmark(tmp_path / "none.json", nlp))
    with pytest.raises(FileNotFoundError, match="LK760.*ja_gsd-ud-train"):
        list(read_gsd(tmp_path, nlp))
    for content in ("[{", "[1]", '[{"text": "a"}]', '[{"text": "a", "entities": [{"span": [0, 1]}]}]'):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ValueError, match="LK761"):
            list(read_stockmark(tmp_path / "bad.json", nlp))


def test_files_written_are_read_back(tmp_path):
    nlp = spacy.blank("xx")
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.bio").write_text(f"{split}\tB-ORG\n!\tO\n", encoding="utf8")
    rows = [(split, doc, ["lost"] * (split == "dev")) for split, doc, _ in read_gsd(tmp_path, nlp)]
    counts = write_splits(iter(rows), tmp_path / "out")
    assert counts["dev"] == {"texts": 1, "entities": 1, "off word borders": 1, "left out": ["lost"]}
    assert json.loads((tmp_path / "out" / "counts.json").read_text()) == counts
    for split in ("train", "dev", "test"):
        (doc,) = DocBin().from_disk(tmp_path / "out" / f"{split}.spacy").get_docs(nlp.vocab)
        assert doc.text == f"{split}!" and [(e.text, e.label_) for e in doc.ents] == [(split, "ORG")]


@pytest.mark.shared
def test_docbin_and_bio_of_gsd_hold_the_same_entities(shared):
    nlp = spacy.blank("xx")
    folder = shared / "data" / "ner_ja_ud_gsd"
    found = {}
    for name, source in (("docbin", folder / "spacy"), ("bio", folder / "stanza")):
        found[name] = [(split, e.text.replace(" ", ""), e.label_) for split, doc, _ in read_gsd(source, nlp) for e in doc.ents]
    assert found["docbin"] == found["bio"] and len(found["bio"]) == 10924 + 795 + 609


@pytest.mark.shared
def test_stockmark_loses_few_entities(shared, ja):
    path = shared / "data" / "ner_ja_stockmark" / "ner_visible.json.gz"
    rows = list(read_stockmark(path, ja))
    kept, lost = (sum(len(row) for row in column) for column in ([doc.ents for _, doc, _ in rows], [x for _, _, x in rows]))
    assert len(rows) == 4672 and kept + lost == 11546 and lost < 60


def test_wikineural_has_numbers_and_the_splits_that_are_there(tmp_path):
    text = "0\tSan\tB-LOC\n1\tMarino\tI-LOC\n2\tgewinnt\tO\n\n0\tBob\tI-PER\n1\tAda\tB-PER\n\n"
    (tmp_path / "val.conllu").write_text(text, encoding="utf8")
    (tmp_path / "test.conllu.gz").write_bytes(gzip.compress(text.encode()))
    rows = list(read_wikineural(tmp_path, spacy.blank("xx")))
    assert [split for split, *_ in rows] == ["dev", "dev", "test", "test"]
    assert [doc.text for _, doc, _ in rows[:2]] == ["San Marino gewinnt", "Bob Ada"]
    assert [[(e.text, e.label_) for e in doc.ents] for _, doc, _ in rows[:2]] == [
        [("San Marino", "LOC")],
        [("Bob", "PER"), ("Ada", "PER")],
    ]
    with pytest.raises(FileNotFoundError, match="LK760"):
        list(read_wikineural(tmp_path / "none", spacy.blank("xx")))
    (tmp_path / "train.conllu").write_text("0\tSan B-LOC\n", encoding="utf8")
    with pytest.raises(ValueError, match="LK761.*line 1"):
        list(read_wikineural(tmp_path, spacy.blank("xx")))


def test_labels_of_another_data_set(tmp_path):
    """Only these, under other names; the rest is no entity, which is an annotation."""
    (tmp_path / "train.bio").write_text("夏目\tB-PERSON\n東京\tB-GPE\n三\tB-QUANTITY\n", encoding="utf8")
    rows = [("train", doc, []) for doc in read_bio(tmp_path / "train.bio", spacy.blank("xx"))]
    counts = write_splits(iter(rows), tmp_path / "out", {"PERSON": "PER", "GPE": "LOC"})
    (doc,) = DocBin().from_disk(tmp_path / "out" / "train.spacy").get_docs(spacy.blank("xx").vocab)
    assert [(e.text, e.label_) for e in doc.ents] == [("夏目", "PER"), ("東京", "LOC")]
    assert doc[2].ent_iob_ == "O" and counts["train"]["entities"] == 2
