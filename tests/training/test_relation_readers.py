"""Readers of corpora with relations: small files in the format, and the real ones where they are at hand."""

from __future__ import annotations

import gzip
import json
import warnings
from collections import Counter

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_luke.annotations import get_relations
from spacy_luke.training.readers.fewrel import build_fewrel_reader_v1
from spacy_luke.training.readers.jacred import build_jacred_reader_v1
from spacy_luke.training.readers.kbp37 import build_kbp37_reader_v1
from spacy_luke.training.readers.relations_jsonl import build_relations_jsonl_reader_v1
from spacy_luke.training.readers.tacred import build_tacred_reader_v1

NLP = spacy.blank("en")


def rels(doc):
    return [(r.head.text, r.label, r.tail.text) for r in get_relations(doc)]


def ents(doc):
    return [(s.text, s.label_, s.kb_id_) for s in doc.spans["luke_relations"]]


def words(doc):
    return [token.text for token in doc]


# --- KBP37, RELX ---------------------------------------------------------------------------------

KBP37 = """0\t" <e1> Thom Yorke </e1> of <e2> Radiohead </e2> has "
per:employee_of(e1,e2)


17\t"Die Band (<e2> ABC </e2>) aus <e1> Rom </e1>."
no_relation


3\t" an <e1> </e1> railway in <e2> Ireland </e2> . "
org:x(e2,e1)
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("gold_words", [False, True])
def test_kbp37(tmp_path, line_end, gold_words):
    path = tmp_path / "a.txt"
    path.write_bytes(KBP37.replace("\n", line_end).encode())
    one, two, three = build_kbp37_reader_v1(path, gold_words)(NLP)
    assert one.reference.text == "Thom Yorke of Radiohead has"
    assert rels(one.reference) == [("Thom Yorke", "per:employee_of(e1,e2)", "Radiohead")]
    assert ents(one.reference) == [("Thom Yorke", "E1", ""), ("Radiohead", "E2", "")]
    assert two.reference.text == "Die Band (ABC) aus Rom."
    assert "luke_relations" in two.reference.spans and rels(two.reference) == []
    assert ents(two.reference) == [("Rom", "E1", ""), ("ABC", "E2", "")]
    assert words(two.reference) == ["Die", "Band", "(", "ABC", ")", "aus", "Rom", "."]
    assert rels(three.reference) == [(" ", "org:x(e2,e1)", "Ireland")]
    assert three.reference.text == "an  railway in Ireland ."
    for eg in (one, two, three):
        assert words(eg.predicted) == words(eg.reference)
        assert ents(eg.predicted) == ents(eg.reference) and not get_relations(eg.predicted)
        assert {token.ent_iob for token in eg.reference} == {0}  # unknown, not outside
    assert [(e.text, e.label_) for e in two.predicted.ents] == [("ABC", "E2"), ("Rom", "E1")]
    assert [e.text for e in three.predicted.ents] == ["Ireland"]


@pytest.mark.parametrize(
    "text, place",
    [("a b\n", "line 1"), ('0\t"a <e1> b </e1>"\nx\n', "line 1.*<e2>"),
     (KBP37 + '4\t"<e1> a </e1> <e2> b </e2>"\n', "line 11"), (KBP37.replace("no_relation\n", ""), "line 8"),
     ('0\t"</e1> b <e1> <e2> c </e2>"\nx\n', "line 1")],
)  # fmt: skip
def test_a_bad_line_of_kbp37_is_named(tmp_path, text, place):
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf8")
    with pytest.raises(ValueError, match=f"LK611.*{place}"):
        list(build_kbp37_reader_v1(path)(NLP))


# --- FewRel --------------------------------------------------------------------------------------

FEWREL = {
    "P1": [
        {"tokens": ["In", "Kyoto", ",", "New", "York"], "h": ["n y", "Q60", [[3, 4]]], "t": ["k", "Q3", [[1], [0]]]}
    ],
    "P2": [{"tokens": ["a", "b"], "h": ["a", None, [[0]]], "t": ["b", None, [[1]]]}],
}


def test_fewrel(tmp_path):
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(FEWREL).encode()))
    one, two = build_fewrel_reader_v1(path)(NLP)
    assert rels(one.reference) == [("New York", "P1", "Kyoto")] and rels(two.reference) == [("a", "P2", "b")]
    assert ents(one.predicted) == [("New York", "HEAD", "Q60"), ("Kyoto", "TAIL", "Q3")]
    assert one.reference.text == "In Kyoto , New York"


# --- JacRED --------------------------------------------------------------------------------------

JACRED = [
    {
        "title": "?",
        "sents": [["東京", "都", "は", "首都", "。"], ["都", "は", "日本", "に", "ある"]],
        "vertexSet": [
            [{"type": "LOC", "sent_id": 1, "pos": [0, 1]}, {"type": "LOC", "name": "東京都", "sent_id": 0, "pos": [0, 2]}],
            [{"type": "LOC", "sent_id": 0, "pos": [0, 1]}],
            [{"type": "DAT", "sent_id": 0, "pos": [3, 3]}, {"type": "LOC", "name": "日本", "sent_id": 1, "pos": [2, 3]}],
        ],
        "labels": [{"h": 0, "t": 2, "r": "P17", "evidence": [1]}, {"h": 1, "t": 0, "r": "P1"}],
    },
    {"title": "?", "sents": [["空"]], "vertexSet": [], "labels": []},
]  # fmt: skip


def test_jacred(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(JACRED), encoding="utf8")
    one, two = build_jacred_reader_v1(path, gold_words=True)(spacy.blank("xx"))
    assert one.reference.text == "東京都は首都。都は日本にある"
    assert ents(one.reference) == [("東京都", "LOC", ""), ("東京", "LOC", ""), ("日本", "LOC", "")]
    assert rels(one.reference) == [("東京都", "P17", "日本"), ("東京", "P1", "東京都")]
    assert [sent.text for sent in one.reference.sents] == ["東京都は首都。", "都は日本にある"]
    assert [e.text for e in one.predicted.ents] == ["東京都", "日本"] and len(ents(one.predicted)) == 3
    assert rels(two.reference) == [] and "luke_relations" in two.reference.spans
    spaced, _ = build_jacred_reader_v1(path, gold_words=True, space=True)(spacy.blank("xx"))
    assert spaced.reference.text.startswith("東京 都 は 首都 。 都 は")


def test_entities_off_word_borders_are_counted(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(JACRED), encoding="utf8")
    nlp = spacy.blank("xx")  # cuts at punctuation only
    with pytest.warns(UserWarning, match="LKW524.*a.json: 2 of 2 gold relations"):
        one, _ = build_jacred_reader_v1(path)(nlp)
    assert rels(one.reference) == [] and ents(one.reference) == []


# --- TACRED --------------------------------------------------------------------------------------

TACRED = [
    {"id": "1", "token": ["Acme", "-LRB-", "Ada", "Lovelace"], "relation": "per:org", "subj_start": 2, "subj_end": 3,
     "subj_type": "PERSON", "obj_start": 0, "obj_end": 0, "obj_type": "ORGANIZATION"},
    {"id": "2", "token": ["She", "did"], "relation": "no_relation", "subj_start": 0, "subj_end": 0,
     "subj_type": "PERSON", "obj_start": 1, "obj_end": 1, "obj_type": "TITLE"},
]  # fmt: skip


def test_tacred(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(TACRED), encoding="utf8")
    one, two = build_tacred_reader_v1(path)(NLP)
    assert one.reference.text == "Acme ( Ada Lovelace"
    assert rels(one.reference) == [("Ada Lovelace", "per:org", "Acme")]
    assert ents(one.reference) == [("Ada Lovelace", "SUBJ-PERSON", ""), ("Acme", "OBJ-ORGANIZATION", "")]
    assert rels(two.reference) == [] and "luke_relations" in two.reference.spans


# --- the tutorial's JSONL ------------------------------------------------------------------------

TEXT = "p53 binds MDM2 and Rb"
TUTORIAL = {
    "text": TEXT,
    "tokens": [{"text": w, "ws": w != "Rb"} for w in TEXT.split()],
    "spans": [
        {"text": "p53", "start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "GGP"},
        {"text": "MDM2", "start": 10, "end": 14, "token_start": 2, "token_end": 2, "label": "GGP"},
        {"text": "Rb", "start": 19, "end": 21, "token_start": 4, "token_end": 4, "label": "GGP"},
    ],
    "relations": [
        {"head": 0, "child": 2, "label": "Binds"},
        {
            "head": 9,
            "child": 9,
            "head_span": {"start": 19, "end": 21},
            "child_span": {"start": 0, "end": 3},
            "label": "Pos",
        },
    ],
    "answer": "accept",
}


@pytest.mark.parametrize("gold_words", [False, True])
def test_the_tutorials_jsonl(tmp_path, gold_words):
    path = tmp_path / "a.jsonl"
    lines = [TUTORIAL, {**TUTORIAL, "answer": "reject"}, {"text": "Nothing", "spans": []}]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf8")
    one, two = build_relations_jsonl_reader_v1(path, ["Binds"], gold_words)(NLP)
    assert rels(one.reference) == [("p53", "Binds", "MDM2"), ("MDM2", "Binds", "p53"), ("Rb", "Pos", "p53")]
    assert [(e.text, e.label_) for e in one.reference.ents] == [("p53", "GGP"), ("MDM2", "GGP"), ("Rb", "GGP")]
    assert [token.ent_iob_ for token in one.reference] == ["B", "O", "B", "O", "B"]
    assert rels(two.reference) == [] and "luke_relations" in two.reference.spans


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"spans": [{"start": 0, "end": 99, "label": "x"}]},
        {"relations": [{"head": 1, "child": 2, "label": "x"}]},
    ],
)
def test_a_bad_line_of_the_jsonl_is_named(tmp_path, change):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in (TUTORIAL, {**TUTORIAL, **change})), encoding="utf8")
    with pytest.raises(ValueError, match="LK611.*a.jsonl, line 2"):
        list(build_relations_jsonl_reader_v1(path)(NLP))


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build, content, number",
    [
        (build_fewrel_reader_v1, {"P": [*FEWREL["P2"], {**FEWREL["P2"][0], "tokens": ["a"]}]}, 2),
        (build_fewrel_reader_v1, {"P": [{"tokens": ["a"]}]}, 1),
        (build_jacred_reader_v1, [JACRED[1], {**JACRED[0], "labels": [{"h": 0, "t": 9, "r": "P"}]}], 2),
        (build_jacred_reader_v1, [{**JACRED[0], "vertexSet": [[{"type": "X", "sent_id": 9, "pos": [0, 1]}]]}], 1),
        (build_tacred_reader_v1, [TACRED[0], {**TACRED[1], "obj_end": 7}], 2),
    ],
)  # fmt: skip
def test_a_bad_record_is_named(tmp_path, build, content, number):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content), encoding="utf8")
    with pytest.raises(ValueError, match=f"LK640.*a.json, record {number}"):
        list(build(path)(NLP))


BUILD = {
    "KBP37": build_kbp37_reader_v1,
    "FewRel": build_fewrel_reader_v1,
    "JacRED": build_jacred_reader_v1,
    "TACRED": build_tacred_reader_v1,
    "RelationsJSONL": build_relations_jsonl_reader_v1,
}


@pytest.mark.parametrize("name", BUILD)
def test_a_config_can_name_them_and_a_missing_file_is_named(tmp_path, name):
    block = {"corpora": {"@readers": f"spacy_luke.{name}.v1", "path": str(tmp_path / "none.x")}}
    reader = spacy.registry.resolve(block)["corpora"]
    with pytest.raises(FileNotFoundError, match="LK610.*none.x"):
        list(reader(NLP))


def test_docs_survive_a_docbin(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(TUTORIAL), encoding="utf8")
    [example] = build_relations_jsonl_reader_v1(path)(NLP)
    DocBin(docs=[example.reference]).to_disk(tmp_path / "a.spacy")
    corpus = spacy.registry.get("readers", "spacy.Corpus.v1")(tmp_path / "a.spacy", gold_preproc=False)
    [again] = corpus(NLP)
    assert rels(again.reference) == rels(example.reference) and ents(again.reference) == ents(example.reference)


# --- the real files ------------------------------------------------------------------------------


def read(reader, nlp=NLP):
    """Gold Docs, labels of relations, and how many relations the warning says are lost."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        docs = [example.reference for example in reader(nlp)]
    lost = [int(str(w.message).partition(": ")[2].split()[0]) for w in caught if "LKW524" in str(w.message)]
    return docs, Counter(r.label for doc in docs for r in get_relations(doc)), sum(lost)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name, sentences, none",
    [("rc_en_kbp37/dev.txt", 1724, 210), ("rc_en_kbp37/test.txt.gz", 3405, 419),
     ("rc_multi_relx/RELX_en.txt", 502, None), ("rc_multi_relx/RELX_fr.txt", 502, None),
     ("rc_multi_relx/RELX_de.txt", 502, None)],
)  # fmt: skip
def test_kbp37_files(shared, name, sentences, none):
    docs, labels, lost = read(build_kbp37_reader_v1(shared / "data" / name, gold_words=True))
    assert len(docs) == sentences and lost == 0
    assert len(labels) == 36 and (none is None or sentences - labels.total() == none)
    assert all(len(doc.spans["luke_relations"]) == 2 for doc in docs)


@pytest.mark.shared
@pytest.mark.slow
def test_kbp37_train(shared):
    docs, labels, lost = read(build_kbp37_reader_v1(shared / "data/rc_en_kbp37/train.txt.gz", gold_words=True))
    assert (len(docs), len(labels), len(docs) - labels.total(), lost) == (15917, 36, 1545, 0)
    assert sum(any(span.text.isspace() for span in doc.spans["luke_relations"]) for doc in docs) == 110


@pytest.mark.shared
@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_relx_with_the_words_of_the_pipeline(shared, lang):
    docs, labels, lost = read(build_kbp37_reader_v1(shared / f"data/rc_multi_relx/RELX_{lang}.txt"), spacy.blank(lang))
    assert len(docs) == 502 and lost <= 30  # German compounds: "Seventeen-Magazin"


@pytest.mark.shared
@pytest.mark.parametrize(
    "name, relations, instances", [("val_pubmed.json", 10, 1000), ("val_semeval.json.gz", 17, 8851)]
)
def test_fewrel_files(shared, name, relations, instances):
    docs, labels, lost = read(build_fewrel_reader_v1(shared / "data/rc_en_fewrel" / name, gold_words=True))
    assert (len(docs), len(labels), labels.total(), lost) == (instances, relations, instances, 0)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name, sentences, entities, relations, types",
    [("dev", 2418, 5143, 6157, {"LOC": 1648, "DAT": 1161}), ("test", 2453, 5326, 6113, {"LOC": 1723, "DAT": 1182})],
)
def test_jacred_files(shared, name, sentences, entities, relations, types):
    reader = build_jacred_reader_v1(shared / f"data/rc_ja_jacred/{name}.json.gz", gold_words=True)
    docs, labels, lost = read(reader, spacy.blank("xx"))
    assert (len(docs), lost, labels.total(), len(labels)) == (300, 0, relations, 35)
    found = Counter(span.label_ for doc in docs for span in doc.spans["luke_relations"])
    assert found.total() == entities
    assert sum(len(list(doc.sents)) for doc in docs) == sentences
    for label, count in types.items():  # ten entities have mentions of two types
        assert abs(found[label] - count) <= 10
