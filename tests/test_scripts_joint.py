"""The scripts of the workflows ja and xx on a few lines in the formats of their data: read, mixed, scored, tabled."""

from __future__ import annotations

import bz2
import json
import subprocess
import sys
from pathlib import Path

import evaluate
import mix
import pytest
import read_data
import seeds
import spacy
import wiki_links
from spacy.tokens import DocBin
from wiki_text import articles, lines, sentences

from spacy_luke.annotations import TYPES_KEY, get_relations, get_types
from spacy_luke.kb import MMapKB
from spacy_luke.kb.wikipedia.build import build_from_wikipedia

from .joint import PIPES, TRAIN, examples_of, joint, train

KBP37 = '0\t" <e1> Thom Yorke </e1> of <e2> Radiohead </e2> has sung . "\nper:employee_of(e1,e2)\n\n\n'
JACRED = [
    {
        "title": "東京",
        "sents": [["東京", "は", "日本", "の", "首都", "。"]],
        "vertexSet": [
            [{"name": "東京", "sent_id": 0, "pos": [0, 1], "type": "LOC"}],
            [{"name": "日本", "sent_id": 0, "pos": [2, 3], "type": "LOC"}],
        ],
        "labels": [{"h": 0, "t": 1, "r": "P17", "evidence": [0]}],
    }
]
UFET = {"y_str": ["city", "place"], "annot_id": "1", "mention_span": "Rome", "right_context_token": ["."], "left_context_token": ["In"]}
DUMP = """<mediawiki xml:lang="{language}"><siteinfo><dbname>{language}wiki</dbname>
<namespaces><namespace key="10">Template</namespace></namespaces></siteinfo>
{pages}</mediawiki>"""
PAGE = '<page><title>{}</title><ns>0</ns><id>{}</id><revision><text xml:space="preserve">{}</text></revision></page>\n'
PAGES = [
    (
        "Ada Lovelace",
        "{{Infobox|[[Rome]]}}\n'''Ada''' was born in [[London]]&lt;ref>[[Paris]]&lt;/ref>, the [[London|capital]]. "
        "She met [[Bob (poet)|Bob]] in [[Nowhere]].\n== Life ==\n* [[London]]\n[[File:a.png|thumb|[[London]]]]",
    ),
    ("London", "London is a city. [[Ada Lovelace]] lived there."),
    ("Bob (poet)", "Bob wrote of [[London]]s."),
]


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "enwiki.xml.bz2"
    pages = "".join(PAGE.format(title, number, text) for number, (title, text) in enumerate(PAGES, 1))
    path.write_bytes(bz2.compress(DUMP.format(language="en", pages=pages).encode()))
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("types") / "dev.tsv"
    rows = ["freebase_id\twikipedia_title\ttypes", "/m/1\tLondon\tlocation-city,location", "/m/2\tAda Lovelace\tperson-author"]
    path.write_text("\n".join(rows) + "\n", encoding="utf8")
    return path


def _docs(path: Path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def _script(name: str, *arguments) -> subprocess.CompletedProcess:
    script = Path(__file__).parents[1] / "scripts" / f"{name}.py"
    return subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True, check=False)


# --- read_data.py ----------------------------------------------------------------------------------


def test_a_corpus_of_a_reader_becomes_a_docbin(tmp_path):
    (tmp_path / "kbp37.txt").write_text(KBP37, encoding="utf8")
    (tmp_path / "jacred.json").write_text(json.dumps(JACRED), encoding="utf8")
    (tmp_path / "ufet.json").write_text(json.dumps(UFET) + "\n", encoding="utf8")
    assert read_data.convert("KBP37", tmp_path / "kbp37.txt", tmp_path / "out" / "kbp37.spacy", "en") == 1
    (doc,) = _docs(tmp_path / "out" / "kbp37.spacy")
    found = [(r.head.text, r.label, r.tail.text) for r in get_relations(doc)]
    assert found == [("Thom Yorke", "per:employee_of(e1,e2)", "Radiohead")]
    assert read_data.convert("OpenEntity", tmp_path / "ufet.json", tmp_path / "ufet.spacy", "en") == 1
    (doc,) = _docs(tmp_path / "ufet.spacy")
    assert get_types(doc[1:2]) == {"city": 1.0, "place": 1.0}
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    assert read_data.convert("JacRED", tmp_path / "jacred.json", tmp_path / "jacred.spacy", "ja") == 1
    (doc,) = _docs(tmp_path / "jacred.spacy")
    assert [(r.head.text, r.label, r.tail.text) for r in get_relations(doc)] == [("東京", "P17", "日本")]


def test_a_missing_file_is_said(tmp_path):
    done = _script("read_data", "KBP37", tmp_path / "none.txt", tmp_path / "out.spacy")
    assert done.returncode == 1 and "LK610" in done.stderr and "Traceback" not in done.stderr


# --- wiki_text.py, wiki_links.py -------------------------------------------------------------------


def test_running_text_of_a_dump(dump):
    (title, text, site), *_ = articles(dump)
    ((line, links),) = lines(text, site)
    assert title == "Ada Lovelace"
    assert line == "Ada was born in London, the capital. She met Bob in Nowhere."
    assert [(line[link.start : link.end], link.title) for link in links] == [
        ("London", "London"),
        ("capital", "London"),
        ("Bob", "Bob (poet)"),
        ("Nowhere", "Nowhere"),
    ]
    cut = [(text, [(text[a:b], title) for a, b, title in found]) for text, found in sentences(line, links)]
    assert cut[1] == ("She met Bob in Nowhere.", [("Bob", "Bob (poet)"), ("Nowhere", "Nowhere")])


def test_links_lead_to_the_knowledge_base_and_have_types(dump, table, tmp_path):
    build_from_wikipedia(tmp_path / "kb", [(dump, "en")], workers=1)
    done = _script("wiki_links", tmp_path / "out", "--kb", tmp_path / "kb", "--dumps", f"en={dump}", "--types", table)
    assert done.returncode == 0, done.stderr
    docs = [doc for split in ("train", "dev", "test") for doc in _docs(tmp_path / "out" / f"en_{split}.spacy")]
    (ada,) = [doc for doc in docs if doc.text.startswith("Ada was")]
    assert [(ent.text, ent.kb_id_) for ent in ada.ents] == [("London", "en:London"), ("capital", "en:London"), ("Bob", "en:Bob (poet)")]
    assert sorted(get_types(ada.ents[0])) == ["/location", "/location/city"]
    assert get_types(ada.ents[2]) == {}  # not in the table: nothing is known, which is not "no type"
    assert "1 unknown to the knowledge base" in done.stdout


def test_types_of_the_knowledge_base_without_a_table(tmp_path):
    nlp = spacy.blank("en")
    kb = MMapKB(nlp.vocab, 4)
    kb.add_entities([{"id": "Q1", "labels": {"en": "Rome"}, "types": ["Q515"]}])
    kb.add_aliases([{"alias": "Rome", "entity": "Q1", "count": 3}])
    doc, counts = wiki_links.to_doc("In Rome.", [wiki_links.Link(3, 7, "Rome")], kb, lambda id: kb.info(id)["types"], nlp)
    assert get_types(doc.ents[0]) == {"Q515": 1.0} and counts == {"links": 1, "typed": 1}


def test_a_dump_without_a_language_is_said(dump, tmp_path):
    done = _script("wiki_links", tmp_path, "--kb", tmp_path, "--dumps", dump)
    assert done.returncode == 1 and "LK764" in done.stderr and "Traceback" not in done.stderr


# --- mix.py ----------------------------------------------------------------------------------------


@pytest.fixture
def all_gold(tmp_path) -> Path:
    docs = [example.reference for example in examples_of(spacy.blank("en"), TRAIN * 3)]
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    return tmp_path / "gold.spacy"


def test_each_doc_is_gold_for_the_tasks_of_its_file(all_gold, tmp_path):
    copy = tmp_path / "copy.spacy"
    copy.write_bytes(all_gold.read_bytes())
    files = {"ner": [all_gold], "linker": [all_gold], "relations": [copy], "typing": [copy, all_gold]}
    assert mix.mix({"ner": [all_gold]}, tmp_path / "all.spacy", limit=0) == {"ner": len(_docs(all_gold))}
    assert mix.mix(files, tmp_path / "deep" / "mixed.spacy", limit=2) == {"ner": 2, "linker": 2, "relations": 2, "typing": 4}
    for doc in _docs(tmp_path / "deep" / "mixed.spacy"):
        is_ner = doc.has_annotation("ENT_IOB")
        assert is_ner == any(ent.kb_id_ for ent in doc.ents) == ("luke_relations" not in doc.spans)
        assert TYPES_KEY in doc.spans


def test_mixing_nothing_or_a_missing_file_is_said(tmp_path):
    assert _script("mix", tmp_path / "out.spacy").returncode == 2
    done = _script("mix", tmp_path / "out.spacy", "--ner", tmp_path / "none.spacy")
    assert done.returncode == 1 and "LK760" in done.stderr and "Traceback" not in done.stderr


# --- evaluate.py -----------------------------------------------------------------------------------


def test_each_pipe_is_scored_on_its_own_corpus(xlmr, all_gold, tmp_path):
    nlp, examples = joint(xlmr)
    train(nlp, examples, steps=60)
    nlp.to_disk(tmp_path / "pipeline")
    corpora = {task: [("", all_gold)] for task in PIPES} | {"ner": [("a", all_gold), ("b", all_gold)]}
    found = evaluate.evaluate(tmp_path / "pipeline", corpora)
    assert list(found) == ["ner.a", "ner.b", "linker", "relations", "typing"]
    assert found["ner.a"]["ents_f"] == found["linker"]["nel_micro_f"] == found["relations"]["rel_micro_f"] == 1.0
    assert all(name.startswith("types_") for name in found["typing"]) and found["typing"]["types_micro_f"] == 1.0
    flat = evaluate.flat(found | {"ner.a": {"ents_f": 0.5}})  # as `luke release` takes it: the first of each task
    assert flat["ents_f"] == 0.5 and flat["nel_micro_f"] == flat["rel_micro_f"] == flat["types_micro_f"] == 1.0
    few = evaluate.evaluate(tmp_path / "pipeline", {"relations": [("", all_gold)]}, limit=1)
    assert few["relations"]["rel_micro_f"] in (0.0, 1.0, None)
    # links, relations and types do not wait for entities to be found
    nlp.get_pipe("luke_ner").model.get_ref("output_layer").get_param("b")[...] = -100.0
    nlp.to_disk(tmp_path / "blind")
    blind = evaluate.evaluate(tmp_path / "blind", corpora)
    assert blind["relations"]["rel_micro_f"] == blind["typing"]["types_micro_f"] == blind["linker"]["nel_micro_f"] == 1.0
    nlp.remove_pipe("luke_typing")
    nlp.to_disk(tmp_path / "three")
    with pytest.raises(ValueError, match="LK769.*typing"):
        evaluate.evaluate(tmp_path / "three", corpora)


# --- seeds.py --------------------------------------------------------------------------------------


def test_a_command_runs_for_each_seed_and_its_metrics_are_summed_up(tmp_path):
    """Worked out by hand: mean of 0.5, 0.6, 0.7 and their standard deviation, 0.1."""
    code = "import json, sys; json.dump({'ents_f': 0.5 + int(sys.argv[1]) / 10, 'speed': 1000, 'x': None}, open(sys.argv[2], 'w'))"
    done = _script("seeds", "run", 0, 1, 2, "--", sys.executable, "-c", code, "{seed}", tmp_path / "m{seed}.json")
    assert done.returncode == 0, done.stderr
    done = _script("seeds", "table", 0, 1, 2, "--metrics", tmp_path / "m{seed}.json", "--out", tmp_path / "out" / "metrics.json")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert list(summary) == ["ents_f", "speed"]
    assert summary["ents_f"] == {"mean": pytest.approx(0.6), "std": pytest.approx(0.1), "seeds": {"0": 0.5, "1": 0.6, "2": 0.7}}
    rows = (tmp_path / "out" / "metrics.md").read_text().splitlines()
    assert rows[0] == "|  | mean | std | seed 0 | seed 1 | seed 2 |"
    assert rows[2] == "| ents_f | 60.00 | 10.00 | 50.00 | 60.00 | 70.00 |"
    assert rows[3] == "| speed | 1,000 | 0 | 1,000 | 1,000 | 1,000 |"


def test_one_seed_has_no_spread():
    summary = seeds.summarise({"7": {"ner": {"ents_f": 0.25, "ents_per_type": {"LOC": {"f": 0.5}}}}})
    assert summary["ner.ents_f"]["std"] is None
    assert seeds.markdown(summary).splitlines()[2:] == ["| ner.ents_f | 25.00 |  | 25.00 |"]


def test_a_seed_that_fails_or_is_missing_is_said(tmp_path):
    done = _script("seeds", "run", 0, 1, "--", sys.executable, "-c", "raise SystemExit(3)")
    assert done.returncode == 1 and "LK766] Seed 0" in done.stderr
    done = _script("seeds", "table", 5, "--metrics", tmp_path / "{seed}.json", "--out", tmp_path / "x")
    assert done.returncode == 1 and "LK760" in done.stderr and "5.json" in done.stderr
    assert _script("seeds", "run", 0).returncode == 2
