"""Readers of corpora with links: small files in the format, and the real ones where they are at hand."""

from __future__ import annotations

import gzip
import json
import warnings

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_luke.training.readers.elevant import build_elevant_reader_v1
from spacy_luke.training.readers.hipe import COLUMNS, build_hipe_reader_v1

NLP = spacy.blank("en")


def ents(doc):
    return [(ent.text, ent.label_, ent.kb_id_) for ent in doc.ents]


def unknown(doc):
    return [token.text for token in doc if token.ent_iob == 0]


# --- ELEVANT -------------------------------------------------------------------------------------

TEXT = "Title. Louis VIII, Landgrave of Hesse, met him in Paris on 4 May in a town. More Text"


def label(name: str, entity_id: str, **more) -> dict:
    start = TEXT.index(name)
    return {"id": 0, "span": [start, start + len(name)], "entity_id": entity_id, "name": "?", "type": "T", **more}


LABELS = [
    label("Louis VIII, Landgrave of Hesse", "Q1", type="Q215627", children=[1, 2]),
    label("Louis VIII", "Q1", type="Q215627", parent=0),
    label("Hesse", "Q2", type="Q27096213|Q43229", parent=0),
    label("him", "Q3", coref=True),
    label("Paris", "<NIL>"),
    label("4 May", "DATETIME", type="DATETIME"),
    label("town", "Q4", optional=True),
]


def elevant(path, *records) -> None:
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n", encoding="utf8")


def test_elevant(tmp_path):
    path = tmp_path / "a.jsonl"
    span = [TEXT.index("Louis"), TEXT.index(" More")]
    elevant(path, {"id": 7, "title": "?", "text": TEXT, "evaluation_span": span, "labels": LABELS})
    [example] = build_elevant_reader_v1(path)(NLP)
    gold = example.reference
    assert ents(gold) == [("Louis VIII, Landgrave of Hesse", "Q215627", "Q1"), ("Paris", "T", "NIL")]
    assert unknown(gold) == ["Title", ".", "him", "4", "May", "town", "More", "Text"]
    [other] = DocBin().from_bytes(DocBin(docs=[gold]).to_bytes()).get_docs(NLP.vocab)
    assert ents(other) == ents(gold) and unknown(other) == unknown(gold)
    for doc in (gold, other):
        alternatives = doc.spans["nel_alternatives"]
        assert [(s.text, s.label_, s.kb_id_) for s in alternatives] == [
            ("Louis VIII", "Q215627", "Q1"),
            ("Hesse", "Q27096213|Q43229", "Q2"),
        ]
    assert example.predicted.text == gold.text == TEXT and not example.predicted.ents

    [example] = build_elevant_reader_v1(path, coref=True)(NLP)
    assert ents(example.reference)[1] == ("him", "T", "Q3") and "him" not in unknown(example.reference)


def test_elevant_without_optional_keys_all_is_annotated(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    first = TEXT.index("Paris")
    record = {"text": TEXT, "labels": [{"span": [first, first + 5], "entity_id": "<NO_MAPPING>"}]}
    path.write_bytes(gzip.compress((json.dumps(record) + "\n\n").encode()))
    [example] = build_elevant_reader_v1(path)(NLP)
    assert ents(example.reference) == [("Paris", "ENTITY", "NIL")] and unknown(example.reference) == []


def test_spans_off_word_borders_are_counted_once_and_their_words_are_unknown(tmp_path):
    path = tmp_path / "a.jsonl"
    inside = label("Pari", "Q90")
    elevant(path, *[{"text": TEXT, "labels": [inside, label("Hesse", "Q2")]}] * 2)
    reader = build_elevant_reader_v1(path)
    with pytest.warns(UserWarning, match="LKW610.*a.jsonl: 2 of 4 gold mentions.*'Pari'") as caught:
        examples = list(reader(NLP))
    assert len(caught) == 1
    assert [ents(e.reference) for e in examples] == [[("Hesse", "T", "Q2")]] * 2
    assert unknown(examples[0].reference) == ["Paris"]


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", '{"text": "a"}', '{"text": "a", "labels": [{"span": [0, 1]}]}',
     '{"text": "a", "labels": [{"span": [0, 2], "entity_id": "Q1"}]}',
     '{"text": "a", "labels": [{"span": [0, 1], "entity_id": null}]}'],
)  # fmt: skip
def test_a_bad_line_of_elevant_is_named(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "labels": []}\n' + line + "\n", encoding="utf8")
    with pytest.raises(ValueError, match="LK611.*a.jsonl, line 2"):
        list(build_elevant_reader_v1(path)(NLP))


# --- HIPE ----------------------------------------------------------------------------------------


def hipe(*rows: str) -> str:
    """rows: "word tag link misc", or a line as it is"""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        if row and not row.startswith("# hipe"):
            word, tag, link, misc = row.split(" ")
            row = "\t".join([word, tag, "O", "_", "_", "_", "_", link, "_", misc])
        lines.append(row)
    return "\n".join(lines) + "\n"


HIPE = hipe(
    "# hipe2022:document_id = one",
    "In O _ _",
    "New B-loc Q60 NoSpaceAfter",
    "- I-loc Q60 EndOfLine|NoSpaceAfter",
    "York I-loc Q60 NoSpaceAfter",
    ", O _ _",
    "Zeus B-pers NIL _",
    "Hera B-pers _ LED0.00",
    "# O _ _",
    "big I-pers Q1 EndOfSentence",
    "",
    "# hipe2022:document_id = two",
    "Dr B-pers Q2 NoSpaceAfter",
    ".X I-org Q3 _",
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_hipe_with_its_own_words(tmp_path, line_end):
    path = tmp_path / "a.tsv"
    path.write_bytes(HIPE.replace("\n", line_end).encode())
    with pytest.warns(UserWarning, match="LKW610.*1 of 5 gold mentions.*'big'"):
        one, two = build_hipe_reader_v1(path, gold_words=True)(NLP)
    assert one.reference.text == "In New-York, Zeus Hera # big" and two.reference.text == "Dr.X"
    assert ents(one.reference) == [("New-York", "loc", "Q60"), ("Zeus", "pers", "NIL"), ("Hera", "pers", "")]
    assert ents(two.reference) == [("Dr.X", "pers", "Q2")]
    assert [t.text for t in two.predicted] == [t.text for t in two.reference] == ["Dr", ".X"]
    assert unknown(one.reference) == ["big"] and "nel_alternatives" not in one.reference.spans


def test_hipe_with_the_words_of_the_pipeline(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(hipe("Pa B-loc Q90 NoSpaceAfter", "ris O _ _", "Rome B-loc Q220 _").encode()))
    with pytest.warns(UserWarning, match="LKW610.*1 of 2 gold mentions.*'Pa'"):
        [example] = build_hipe_reader_v1(path)(NLP)
    assert [t.text for t in example.reference] == ["Paris", "Rome"] == [t.text for t in example.predicted]
    assert ents(example.reference) == [("Rome", "loc", "Q220")] and unknown(example.reference) == ["Paris"]


@pytest.mark.parametrize(
    "text, place",
    [("a\tb\n", "line 1"), (HIPE + "word\tO\n", "line 16.*2 columns"), (hipe("x X _ _"), "line 2.*'X'"),
     (hipe("a O _ _", " O _ _"), "line 3")],
)  # fmt: skip
def test_a_bad_line_of_hipe_is_named(tmp_path, text, place):
    path = tmp_path / "a.tsv"
    path.write_text(text, encoding="utf8")
    with pytest.raises(ValueError, match=f"LK611.*{place}"):
        list(build_hipe_reader_v1(path)(NLP))


@pytest.mark.parametrize("build", [build_elevant_reader_v1, build_hipe_reader_v1])
def test_a_missing_file(tmp_path, build):
    with pytest.raises(FileNotFoundError, match="LK610.*none.tsv"):
        list(build(tmp_path / "none.tsv")(NLP))


def test_a_config_can_name_them():
    for name in ("spacy_luke.Elevant.v1", "spacy_luke.Hipe.v1"):
        block = {"corpora": {"@readers": name, "path": "x"}}
        assert callable(spacy.registry.resolve(block)["corpora"])


# --- the real files ------------------------------------------------------------------------------


def count(reader):
    """Documents, links, NIL, entities without link, alternatives; and the warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        docs = [example.reference for example in reader(NLP)]
    ids = [ent.kb_id_ for doc in docs for ent in doc.ents]
    rest = [s.kb_id_ for doc in docs for s in doc.spans.get("nel_alternatives", ())]
    return docs, ids, rest, [str(w.message) for w in caught]


@pytest.mark.shared
@pytest.mark.parametrize(
    "name, n_docs, linked, nil",
    [("wiki-fair.benchmark.jsonl", 80, 1360, 156), ("wiki-fair-v2-test.benchmark.jsonl", 40, 933, 153)],
)
def test_wiki_fair(shared, name, n_docs, linked, nil):
    docs, ids, rest, warned = count(build_elevant_reader_v1(shared / "data/el_en_wiki_fair" / name, coref=True))
    assert len(docs) == n_docs
    with open(shared / "data/el_en_wiki_fair" / name, encoding="utf8") as file:
        labels = [label for line in file for label in json.loads(line)["labels"]]
    optional = [label["entity_id"] for label in labels if label.get("optional")]
    n_optional = sum(name[:1] == "Q" or name == "<NIL>" for name in optional)
    lost = sum(int(w.partition(": ")[2].split()[0]) for w in warned)
    assert len(ids) + len(rest) + lost + n_optional == linked + nil
    assert "" not in ids + rest and lost <= 0.01 * linked


# entities, linked and NIL as in the README of the folder, which counts B- tags
HIPE_FILES = [
    ("hipe2020/de/HIPE-2022-v2.1-hipe2020-dev-de.tsv.gz", 33, 1242, 954, 288, 0),
    ("hipe2020/en/HIPE-2022-v2.1-hipe2020-test-en.tsv", 46, 449, 258, 191, 0),
    ("hipe2020/fr/HIPE-2022-v2.1-hipe2020-test-fr.tsv.gz", 43, 1600, 1235, 365, 0),
    ("topres19th/en/HIPE-2022-v2.1-topres19th-dev-en.tsv", 34, 236, 203, 33, 1),
    ("topres19th/en/HIPE-2022-v2.1-topres19th-test-en.tsv.gz", 112, 1186, 982, 204, 1),
    ("ajmc/de/HIPE-2022-v2.1-ajmc-dev-de.tsv", 14, 403, 218, 3, 0),
    ("newseye/de/HIPE-2022-v2.1-newseye-dev-de.tsv.gz", 12, 539, 420, 119, 0),
]


@pytest.mark.shared
@pytest.mark.parametrize("name, n_docs, entities, linked, nil, lost", HIPE_FILES, ids=lambda v: str(v)[-12:])
def test_hipe_files(shared, name, n_docs, entities, linked, nil, lost):
    reader = build_hipe_reader_v1(shared / "data/el_multi_hipe2022" / name, gold_words=True)
    docs, ids, rest, warned = count(reader)
    assert (len(docs), len(ids), len(rest)) == (n_docs, entities, 0)
    assert sum(name[:1] == "Q" for name in ids) == linked and ids.count("NIL") == nil
    assert [int(w.partition(": ")[2].split()[0]) for w in warned] == [lost] * bool(lost)
