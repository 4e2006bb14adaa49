"""Public linking data to DocBin: GUM, ISTEX, Wiki-Fair, HIPE; nothing is lost in silence."""

from __future__ import annotations

import io
import json
import sys
import tarfile

import linking_data
import pytest
import spacy
from gum import parse_gum, read_gum
from linking_data import read_hipe_splits, read_istex, read_wiki_fair, write_splits
from nif import read_nif
from spacy.tokens import DocBin

NLP = spacy.blank("en")

# Mention 1 holds mention 2, which is of one word; 3-1 is of one word and alone; the title of 4 has no QID.
GUM = """#FORMAT=WebAnno TSV 3.2

#Text=University of Durham
1-1	0-10	University	organization[1]	new[1]	nnn[1]	Durham_University[1]	cf1[1]	_	_	
1-2	11-13	of	organization[1]	new[1]	nnn[1]	Durham_University[1]	cf1[1]	_	_	
1-3	14-20	Durham	organization[1]|place[2]	new[1]|new[2]	nnn[1]|nnn[2]	Durham_University[1]|Durham[2]	cf1[1]|cf2[2]	_	_	

#Text=Jim, he # 9
2-1	21-24	Jim	person[3]|time[5]	new[3]	nnn[3]	No_QID_(x)[3]	_	_	_	
2-2	24-25	,	_	_	_	_	_	_	_	
3-1	26-28	he	person	giv	_	Jim_[y]	_	ana	_	
3-2	29-30	#	_	_	_	_	_	_	_	
"""
QIDS = {"Durham_University": "Q1", "Durham": "Q2", "Jim_[y]": "Q3"}


def mentions(gold):
    return [(gold.text[m.start : m.end], m.label, m.kb_id) for m in gold.mentions]


def test_gum():
    gold = parse_gum(GUM.split("\n"), "x", QIDS, names=False)
    assert gold.text == "University of Durham Jim, he #"
    assert mentions(gold) == [
        ("University of Durham", "organization", "Q1"), ("Durham", "place", "Q2"), ("he", "person", "Q3"),
    ]  # fmt: skip
    assert [gold.text[a:b] for a, b in gold.unknown] == ["Jim"]
    names = parse_gum(GUM.split("\n"), "x", QIDS, names=True)
    assert len(names.mentions) == 2 and [names.text[a:b] for a, b in names.unknown] == ["Jim", "he"]


def test_gum_in_its_archive(tmp_path):
    (tmp_path / "wiki_map.tab").write_text(
        "#FormattedTitle\tURLTitle\tWikidataID\tDateUpdated\nDurham\tDurham\tQ2\t?\nNo_QID_(x)\t?\tNone\t?\n"
    )
    (tmp_path / "splits.md").write_text("# Splits\n\n## dev\n\n  * GUM_b\n\n## train\n\n  * GUM_c\n")
    with tarfile.open(tmp_path / "gum_tsv_6genres.tar.gz", "w:gz") as archive:
        for name in ("b", "a"):
            info = tarfile.TarInfo(f"tsv/GUM_{name}.tsv")
            info.size = len(GUM.encode())
            archive.addfile(info, io.BytesIO(GUM.encode()))
    found = list(read_gum(tmp_path))
    assert [split for split, _ in found] == ["train", "dev"]
    assert mentions(found[0][1]) == [("Durham", "place", "Q2")]


def test_a_bad_line_of_gum_is_named():
    with pytest.raises(ValueError, match="LK611.*x.tsv, line 2"):
        parse_gum(["#", "1-1\t0_1\ta"], "x.tsv", {}, names=False)


NIF = r"""@prefix nif: <http://x#> .

<http://o/1> a nif:ContextCollection ;
    nif:hasContext <http://o/1/0> .

<http://o/1/0#offset_5_8> a nif:OffsetBasedString,
        nif:Phrase ;
    nif:anchorOf "USA" ;
    nif:beginIndex "5"^^xsd:nonNegativeInteger ;
    nif:endIndex "8"^^xsd:nonNegativeInteger ;
    nif:referenceContext <http://o/1/0> ;
    itsrdf:taIdentRef <http://www.wikidata.org/entity/Q30> .

<http://o/1/1#offset_0_2> a nif:Phrase ;
    nif:beginIndex "0"^^xsd:nonNegativeInteger ;
    nif:endIndex "2"^^xsd:nonNegativeInteger ;
    nif:referenceContext <http://o/1/1> ;
    itsrdf:taIdentRef <http://aksw.org/notInWiki/A> .

<http://o/1/1#offset_3_4> a nif:Phrase ;
    nif:beginIndex "3"^^xsd:nonNegativeInteger ;
    nif:endIndex "4"^^xsd:nonNegativeInteger ;
    nif:referenceContext <http://o/1/1> .

<http://o/1/0> a nif:Context ;
    nif:isString "a \"b\u0041 USA. \\ " .

<http://o/1/1> a nif:Context ;
    nif:isString "ab c" .
"""


def test_nif(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text(NIF.replace('"5"', '"6"').replace('"8"', '"9"'), encoding="utf8")
    one, two = read_nif(path)
    assert one.text == 'a "bA USA. \\ ' and mentions(one) == [("USA", "ENTITY", "Q30")]
    assert mentions(two) == [("ab", "ENTITY", "NIL")] and two.unknown == [(3, 4)]


@pytest.mark.parametrize(
    "old, new, place",
    [("nif:isString", "x", "line 1,"), ("<http://o/1/0> ;", "<http://o/9> ;", "line 6,"), ('"2"', '"5"', "line 14,")],
)
def test_a_bad_subject_of_nif_is_named(tmp_path, old, new, place):
    path = tmp_path / "a.ttl"
    path.write_text(NIF.replace(old, new), encoding="utf8")
    with pytest.raises(ValueError, match=f"LK611.*{place}"):
        list(read_nif(path))


def record(text, *labels):
    return json.dumps({"text": text, "labels": [{"span": span, "entity_id": name} for span, name in labels]})


def test_the_command_writes_splits_and_counts(tmp_path, monkeypatch, capsys):
    tests = [record("Rome and Pa ris", ([0, 4], "Q220"), ([9, 10], "Q90"))]
    both = [*tests, record("Big Rome", ([0, 8], "<NIL>"), ([4, 8], "Q220"))]
    for name, lines in (("-test", tests), ("", both)):
        (tmp_path / f"wiki-fair-v2{name}.benchmark.jsonl").write_text("\n".join(lines))
    monkeypatch.setattr(sys, "argv", ["x", "wiki_fair", str(tmp_path), str(tmp_path / "out")])
    linking_data.main()
    counts = json.loads((tmp_path / "out/counts.json").read_text(encoding="utf8"))
    zeros = {"texts": 1, "links": 0, "NIL": 0, "without link": 0, "alternatives": 0, "left out": []}
    assert counts == {
        "test": {**zeros, "links": 1, "left out": ["P"]},
        "dev": {**zeros, "NIL": 1, "alternatives": 1},
    }
    assert "test: 1 texts, 1 links, 0 NIL, 0 without link, 0 alternatives, 1 left out" in capsys.readouterr().out
    [dev] = DocBin().from_disk(tmp_path / "out/dev.spacy").get_docs(NLP.vocab)
    assert [(e.text, e.kb_id_) for e in dev.ents] == [("Big Rome", "NIL")]
    assert [(s.text, s.kb_id_) for s in dev.spans["nel_alternatives"]] == [("Rome", "Q220")]


@pytest.mark.parametrize("read", [read_wiki_fair, read_istex, read_gum, read_hipe_splits])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(FileNotFoundError, match="LK610"):
        list(read(tmp_path))


# Linked mentions, NIL included, by split, as in the READMEs of the folders; dev of ISTEX is part of its train.
REAL = [
    (read_gum, "el_en_gum", {"train": (84, 5912), "dev": (12, 643), "test": (12, 876)}),
    (read_istex, "el_en_istex", {"train + dev": (750, 2073), "test": (250, 670)}),
    (read_hipe_splits, "el_multi_hipe2022/hipe2020/en", {"dev": (80, 966), "test": (46, 449)}),
]


@pytest.mark.shared
@pytest.mark.parametrize("read, folder, expected", REAL, ids=lambda value: str(value)[:30])
def test_the_real_files(shared, tmp_path, read, folder, expected):
    counts = write_splits(read(shared / "data" / folder), NLP, tmp_path)
    for split, numbers in expected.items():
        parts = [counts[part] for part in split.split(" + ")]
        all_of = sum(c["links"] + c["NIL"] + c["alternatives"] + len(c["left out"]) for c in parts)
        assert (sum(c["texts"] for c in parts), all_of) == numbers
