"""Files, DocBins and spaCy's knowledge bases as sources; export and merge as the way back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.tokens import Doc, DocBin, Span

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build_sources import build_from_sources
from spacy_luke.kb.build_spacy import read_spacy_kb
from spacy_luke.kb.export import export_kb, merge_kb

from .make import ENTITIES, LINKS, PRIORS, everything, make_kb

NLP = spacy.blank("xx")


def write(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf8")
    return path


def links_of(kb, alias: str) -> dict[str, tuple[float, int]]:
    found = kb.look_up([alias])
    return {
        id: (round(prior, 4), count)
        for id, prior, count in zip(kb.entity_ids(found.entities), found.priors.tolist(), found.counts.tolist())
    }


def test_files(tmp_path):
    entities = write(tmp_path / "e.jsonl", *ENTITIES)
    counted = [{"alias": alias, "entity": id, "count": count} for alias, id, count in LINKS[:2]]
    given = [{"alias": alias, "entities": ids, "priors": priors} for alias, ids, priors in PRIORS]
    aliases = write(tmp_path / "a.jsonl", *counted, *given)
    tsv = write(tmp_path / "a.tsv", *(f"{alias}\t{id}\t{count}" for alias, id, count in LINKS[2:]))
    build_from_sources(tmp_path / "kb", entities=[entities], aliases=[aliases, tsv])
    expected = everything(MMapKB.open(NLP.vocab, make_kb(tmp_path / "expected")))
    assert everything(MMapKB.open(NLP.vocab, tmp_path / "kb")) == expected


def test_entities_of_a_table(tmp_path):
    table = write(tmp_path / "e.tsv", "Q17\t日本\tisland country", "Q90\tパリ")
    np.save(tmp_path / "v.npy", np.eye(2, 5, dtype="f4"))
    build_from_sources(tmp_path / "kb", entities=[table], language="ja", vectors=tmp_path / "v.npy", vector_dtype="float32")
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert kb.info("Q17") == {
        "id": "Q17",
        "labels": {"ja": "日本"},
        "description": "island country",
        "types": [],
        "count": -1,
    }
    assert links_of(kb, "パリ") == {"Q90": (1, 0)} and kb.get_vector("Q90") == [0, 1, 0, 0, 0]


def docbin(path, *docs):
    """docs: (words, (start, end, kb id), ...)."""
    made = []
    for words, *ents in docs:
        doc = Doc(NLP.vocab, words.split())
        doc.ents = [Span(doc, start, end, "X", kb_id=id) for start, end, id in ents]
        made.append(doc)
    DocBin(docs=made).to_disk(path)
    return path


def test_annotated_docs(tmp_path):
    one = docbin(tmp_path / "a.spacy", ("New York and Rome", (0, 2, "Q60"), (3, 4, "Q220")), ("Rome", (0, 1, "Q220")))
    two = docbin(tmp_path / "b.spacy", ("Rome or Rome or Oz", (0, 1, "rome_ga"), (2, 3, ""), (4, 5, "NIL")))
    with pytest.warns(UserWarning, match="LKW311.* 2 entities"):
        build_from_sources(tmp_path / "kb", docs=[one, two])
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert links_of(kb, "Rome") == {"Q220": (0.6667, 2), "rome_ga": (0.3333, 1)}
    assert links_of(kb, "New York") == {"Q60": (1, 1)} and not kb.contains_alias("Oz")
    assert sorted(kb.get_entity_strings()) == ["Q220", "Q60", "rome_ga"]


@pytest.fixture
def spacy_kb(tmp_path):
    kb = InMemoryLookupKB(spacy.blank("xx").vocab, 3)
    kb.set_entities(["Q17", "own", "no_count"], [342, 7, -1.5], [[1, 2, 3], [0, 0, 0], [4, 5, 6]])
    kb.add_alias("Japan", ["Q17", "own"], [0.8, 0.1])
    kb.add_alias("日本", ["Q17"], [1.0])
    kb.to_disk(tmp_path / "spacy")
    return kb, tmp_path / "spacy"


def test_a_knowledge_base_of_spacy(spacy_kb, tmp_path):
    theirs, directory = spacy_kb
    build_from_sources(tmp_path / "kb", spacy_kbs=[directory])
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert kb.get_entity_strings() == ["Q17", "own", "no_count"] and kb.counts([0, 1, 2]).tolist() == [342, 7, -1]
    assert [kb.get_vector(id) for id in kb.get_entity_strings()] == [[1, 2, 3], [0, 0, 0], [4, 5, 6]]
    assert links_of(kb, "Japan") == {"Q17": (0.8, -1), "own": (0.1, -1)} and links_of(kb, "日本") == {"Q17": (1, -1)}
    for alias in theirs.get_alias_strings():
        mine, old = kb.get_alias_candidates(alias), theirs.get_alias_candidates(alias)
        assert [(c.entity_, c.prior_prob) for c in mine] == [(c.entity_, c.prior_prob) for c in old]


def test_several_sources_together(spacy_kb, tmp_path):
    entities = write(tmp_path / "e.jsonl", {"id": "own", "labels": {"en": "Own"}, "vector": [9, 9, 9]}, {"id": "Q17", "labels": {"en": "Japan"}})
    tsv = write(tmp_path / "a.tsv", "Japan\tnew\t4")
    docs = docbin(tmp_path / "a.spacy", ("Japan", (0, 1, "new")))
    build_from_sources(tmp_path / "kb", entities=[entities], aliases=[tsv], docs=[docs], spacy_kbs=[spacy_kb[1]])
    kb = MMapKB.open(NLP.vocab, tmp_path / "kb")
    assert kb.get_entity_strings() == ["own", "Q17", "no_count", "new"]
    assert (kb.get_vector("own"), kb.get_vector("Q17")) == ([9, 9, 9], [1, 2, 3])
    assert (kb.info("own")["count"], kb.info("Q17")["labels"]) == (7, {"en": "Japan"})
    assert links_of(kb, "Japan") == {"Q17": (0.8, -1), "own": (0.1, -1), "new": (0.1, 5)}


@pytest.mark.parametrize("where", ["contents", "strings.json"])
@pytest.mark.parametrize("keep", [0, 10, -1])
def test_a_cut_knowledge_base_of_spacy(spacy_kb, where, keep):
    file = spacy_kb[1] / where
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match="LK345.*spacy"):
        read_spacy_kb(spacy_kb[1])


BAD_ENTITIES = [
    (["{'id': 1}"], "LK311.*line 1.*JSON"),
    ([{"id": "a"}, "[]"], "LK336.*line 2"),
    ([{"id": "a"}, {"id": "b", "labels": {"en": ""}}], "LK334.*line 2.*'' of 'b'"),
    ([{"id": "a"}, {"id": "b"}, {"id": "a"}], "LK333.*line 1 and .*line 3"),
    ([{"id": "a", "vector": [1]}, {"id": "b", "vector": [1, 2]}], "LK337.*'b'"),
    ([{"id": "a"}, {"id": "b", "label": "B"}], "LK336.*line 2: the unknown field 'label' in"),
    ([{"id": 17}], "LK336.*line 1: no id, or one that is not a string, in"),
    ([{"id": "a", "labels": "A"}], "LK336.*line 1: labels that are not names by language in"),
    ([{"id": "a", "aliases": "A"}], "LK336.*line 1: aliases that are not a list of strings in"),
    ([{"id": "a", "count": "3"}], "LK336.*line 1: a count that is not a whole number from 0 on in"),
    ([], "LK327.*bad.jsonl has no entity"),
]
BAD_ALIASES = [
    (".tsv", ["a\tb"], "LK311.*line 1.*alias<TAB>id<TAB>count"),
    (".tsv", ["a\tb\t1", "a\tb\t-1"], "LK311.*line 2"),
    (".tsv", ["a\tb\t1", " \tb\t1"], "LK334.*line 2"),
    (".jsonl", [{"alias": "", "entity": "b"}], "LK334.*line 1"),
    (".jsonl", [{"alias": "a", "entity": "b", "count": -1}], "LK340.*line 1"),
    (".jsonl", [{"alias": "a", "entity": "b"}, {"alias": "a", "entities": ["b", "c"], "priors": [0.5, 0.6]}], "LK335.*line 2.*1.1"),
    (".jsonl", [{"alias": "a", "entities": ["b"], "priors": [-0.5]}], "LK335.*line 1.*-0.5"),
    (".jsonl", [{"alias": "a", "entities": ["b"]}], "LK336.*line 1"),
    (".csv", ["a,b,1"], "LK346"),
]


@pytest.mark.parametrize("lines, message", BAD_ENTITIES, ids=[message for _, message in BAD_ENTITIES])
def test_bad_entities_name_file_and_line(tmp_path, lines, message):
    path = make_kb(tmp_path / "kb")
    before = everything(MMapKB.open(NLP.vocab, path))
    with pytest.raises(ValueError, match=message):
        build_from_sources(path, entities=[write(tmp_path / "bad.jsonl", *lines)])
    assert everything(MMapKB.open(NLP.vocab, path)) == before


@pytest.mark.parametrize("header", ["id\tlabel", "ID\tLabel\tDescription"])
def test_the_names_of_columns_are_no_entity(tmp_path, header):
    tsv = write(tmp_path / "bad.tsv", header, "e1\tAcme")
    with pytest.raises(ValueError, match="LK311.*line 1.*remove the line with the names of the columns"):
        build_from_sources(tmp_path / "kb", entities=[tsv])
    write(tmp_path / "good.tsv", "e1\tAcme", header)  # further down it is one
    build_from_sources(tmp_path / "kb", entities=[tmp_path / "good.tsv"])


def test_another_encoding_names_the_line(tmp_path):
    (tmp_path / "bad.tsv").write_bytes(b"e1\tAcme\n" * 3 + "e2\tソニー\n".encode("shift_jis"))
    with pytest.raises(ValueError, match=r"LK311.*bad.tsv, line 4: found b'e2\\t\\x83.*expected UTF-8"):
        build_from_sources(tmp_path / "kb", entities=[tmp_path / "bad.tsv"])


@pytest.mark.parametrize("ending, lines, message", BAD_ALIASES, ids=[message for _, _, message in BAD_ALIASES])
def test_bad_aliases_name_file_and_line(tmp_path, ending, lines, message):
    with pytest.raises(ValueError, match=message.replace("LK", r"LK", 1)) as error:
        build_from_sources(tmp_path / "kb", aliases=[write(tmp_path / f"bad{ending}", *lines)])
    assert "bad" + ending in str(error.value) and not (tmp_path / "kb").exists()


def test_other_bad_sources(tmp_path):
    (tmp_path / "no.spacy").write_bytes(b"no")
    for sources, code in [
        ({}, "LK350"),
        ({"entities": [tmp_path / "gone.jsonl"]}, "LK310"),
        ({"docs": [tmp_path / "no.spacy"]}, "LK351"),
        ({"docs": [tmp_path / "gone.spacy"]}, "LK310"),
        ({"spacy_kbs": [tmp_path]}, "LK345"),
        ({"aliases": [write(tmp_path / "two.tsv", "a\tb\t1")], "vectors": tmp_path / "v.npy"}, "LK320"),
        ({"spacy_kbs": [tmp_path], "vectors": tmp_path / "v.npy"}, "LK350"),
    ]:
        with pytest.raises(ValueError, match=code):
            build_from_sources(tmp_path / "kb", **sources)
    two = [write(tmp_path / "1.jsonl", {"id": "a"}), write(tmp_path / "2.jsonl", {"id": "b"}, {"id": "a"})]
    with pytest.raises(ValueError, match="LK333.*1.jsonl, line 1 and .*2.jsonl, line 2"):
        build_from_sources(tmp_path / "kb", entities=two)


def grown(path):
    kb = MMapKB.open(NLP.vocab, path)
    kb.add_entities([{"id": "new", "labels": {"en": "JAPAN"}, "aliases": ["New"], "count": 8, "vector": [1, 1, 1]}])
    kb.add_aliases([{"alias": "Japan", "entity": "new", "count": 25}, {"alias": "P", "entities": ["Q90"], "priors": [0.7]}])
    kb.to_disk(path)
    return everything(kb)


@pytest.mark.parametrize("in_place", [True, False])
def test_merge_changes_no_answer(tmp_path, in_place):
    path = make_kb(tmp_path / "kb")
    before = grown(path)
    ids = MMapKB.open(NLP.vocab, path).get_entity_strings()
    out = path if in_place else tmp_path / "out"
    about = merge_kb(path, None if in_place else out)
    kb = MMapKB.open(NLP.vocab, out)
    assert (about["entities"], len(kb.added.entities), kb.get_entity_strings()) == (5, 0, ids)
    assert everything(kb) == before
    assert (out / "additions.jsonl").exists() is False and (path / "additions.jsonl").exists() is not in_place


def test_export_and_back(tmp_path):
    path = make_kb(tmp_path / "kb")
    before = grown(path)
    lines = export_kb(path, tmp_path / "files")
    assert lines == {"entities": 5, "aliases": 13}  # counted links, and one line for all given ones of an alias
    files = tmp_path / "files"
    more = {"entities": [files / "entities.jsonl"], "aliases": [files / "aliases.jsonl"], "vectors": files / "vectors.npy"}
    build_from_sources(tmp_path / "again", **more)
    assert everything(MMapKB.open(NLP.vocab, tmp_path / "again")) == before
    export_kb(tmp_path / "again", tmp_path / "files2")
    for name in ("entities.jsonl", "vectors.npy"):
        assert (files / name).read_bytes() == (tmp_path / "files2" / name).read_bytes()
    sorted_lines = [sorted((folder / "aliases.jsonl").read_text("utf8").splitlines()) for folder in (files, tmp_path / "files2")]
    assert sorted_lines[0] == sorted_lines[1]
    with pytest.raises(ValueError, match="LK301"):
        export_kb(path, tmp_path)
