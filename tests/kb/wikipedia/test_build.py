from __future__ import annotations

import bz2
import gzip
import json

import pytest

from spacy_luke.kb.wikipedia import work
from spacy_luke.kb.wikipedia.build import build_from_wikipedia

from .dumps import dump, page

XX = dump(
    page("Rome", "'''Rome''' is a city. See [[Mercury (planet)|Mercury]].", 1),
    page(
        "Mercury (planet)",
        "A planet seen from [[rome]], [[Rome]], [[Urbs]] and [[Nowhere]]. [[Bilds:R.jpg|[[Rome|city]]]]",
        2,
    ),
    page("Mercury", "[[Mercury (planet)]]{{Not one}}", 3),
    page("Roma", "#X", 4, redirect="Rome"),
    page("Urbs", "#X", 5, redirect="Roma"),
    page("Round", "#X", 6, redirect="About"),
    page("About", "#X", 7, redirect="Round"),
    page("Lost", "#X", 8, redirect="Nowhere"),
    page("Templ:Several", "<noinclude>x</noinclude>__DISAMBIG__", 9, ns=10),
    page("Templ:Not one", "#X", 10, ns=10, redirect="Templ:Several"),
    page("Kat:Cities", "[[Rome]]", 11, ns=14),
    page("Rome", "The same title again, [[Rome]].", 12),
    "<page><title>Broken</title><text>[[Rome]]</page>",
)
YY = dump(page("Roma", "'''Roma''' [[Merkur]].", 21), page("Merkur", "Planet [[Roma|Romas]].", 22), language="yy")
PROPS = (
    "INSERT INTO `page_props` VALUES (1,'wikibase_item','Q220',NULL),(2,'page_image','a(\\'b',1),"
    "(2,'wikibase_item','Q308',NULL);\n"
)
SITES = (
    "INSERT INTO `wb_items_per_site` VALUES (1,220,'xxwiki','Rome'),(2,308,'xxwiki','Mercury (planet)'),"
    "(3,220,'yywiki','Roma'),(4,308,'yywiki','Merkur'),(5,7,'zzwiki','O\\'Hara'),(6,220,'xxwikiquote','Rome');\n"
)


def item(qid: str, labels: dict[str, str], sites: dict[str, str], kind: str, **more) -> dict:
    return {
        "id": qid,
        "labels": {key: {"language": key, "value": value} for key, value in labels.items()},
        "sitelinks": {key: {"site": key, "title": value} for key, value in sites.items()},
        "claims": {"P31": [{"rank": "normal", "mainsnak": {"datavalue": {"value": {"id": kind}}}}]},
        **more,
    }


ITEMS = [
    item(
        "Q220",
        {"xx": "Rome", "yy": "Roma", "zz": "Rom"},
        {"xxwiki": "Rome", "yywiki": "Roma", "zzwiki": "Rom"},
        "Q515",
        aliases={"yy": [{"language": "yy", "value": "Caput Mundi"}]},
        descriptions={"xx": {"language": "xx", "value": "capital"}},
    ),
    item("Q308", {"xx": "Mercury"}, {"xxwiki": "Mercury (planet)", "yywiki": "Merkur"}, "Q634", aliases=[]),
    item("Q1", {"zz": "Other"}, {"zzwiki": "Other"}, "Q5"),
]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "xx.xml.bz2").write_bytes(bz2.compress(XX.encode()))
    (tmp_path / "yy.xml.gz").write_bytes(gzip.compress(YY.encode()))
    (tmp_path / "xxwiki-page_props.sql.gz").write_bytes(gzip.compress(PROPS.encode()))
    (tmp_path / "sites.sql.gz").write_bytes(gzip.compress(SITES.encode()))
    lines = ",\n".join(map(json.dumps, ITEMS))
    (tmp_path / "items.json.bz2").write_bytes(bz2.compress(f"[\n{lines},\n{{\"xxwiki\": broken,\n]\n".encode()))
    return tmp_path


@pytest.fixture
def built(monkeypatch):
    """Everything that goes into the knowledge base, in place of the knowledge base."""
    found: dict = {}

    def build_kb(path, entities, links) -> dict:
        found["entities"] = {entity["id"]: entity for entity in entities}
        found["links"] = {}
        for alias, entity, count in links:
            found["links"][alias, entity] = found["links"].get((alias, entity), 0) + count
        return {"entities": len(found["entities"])}

    monkeypatch.setattr("spacy_luke.kb.wikipedia.build.build_kb", build_kb)
    return found


ONE = {
    ("rome", "xx:Rome"): 1,
    ("Rome", "xx:Rome"): 1,
    ("Urbs", "xx:Rome"): 1,
    ("city", "xx:Rome"): 1,
    ("Roma", "xx:Rome"): 0,
    ("Mercury", "xx:Mercury (planet)"): 1,
    ("Mercury (planet)", "xx:Mercury (planet)"): 1,
}


@pytest.mark.parametrize("workers", [1, 2])
def test_counts_worked_out_by_hand(files, built, workers):
    report = build_from_wikipedia(files / "kb", [(files / "xx.xml.bz2", None)], workers=workers)
    assert built["links"] == {**ONE, ("Rome", "xx:Rome"): 2}  # of the page that came twice, too
    assert built["entities"] == {
        "xx:Rome": {"id": "xx:Rome", "labels": {"xx": "Rome"}, "count": 5, "description": "Rome is a city."},
        "xx:Mercury (planet)": {
            "id": "xx:Mercury (planet)",
            "labels": {"xx": "Mercury (planet)"},
            "count": 2,
            "description": "A planet seen from rome, Rome, Urbs and Nowhere.",
        },
    }
    assert report.languages["xx"] == {
        "articles": 2,
        "redirects": 5,
        "redirects to nothing or in a circle": 3,
        "disambiguation pages": 1,
        "pages that came twice": 1,
    }
    assert report.links == {
        "links to entities": 7,
        "links to pages that are not there": 1,
        "links to pages that are no entities": 0,
    }
    assert report.files[str(files / "xx.xml.bz2")]["broken pages, skipped"] == 1
    assert not (files / "kb.work").exists()


@pytest.mark.parametrize("source", ["page_props", "items_per_site", "wikidata"])
def test_qids_merge_the_languages(files, built, source):
    dumps = [(files / "xx.xml.bz2", None), (files / "yy.xml.gz", None)]
    how = {
        "page_props": {"page_props": [(files / "xxwiki-page_props.sql.gz", None)]},
        "items_per_site": {"items_per_site": files / "sites.sql.gz"},
        "wikidata": {"wikidata": files / "items.json.bz2"},
    }[source]
    report = build_from_wikipedia(files / "kb", dumps, workers=1, **how)
    assert report.languages["xx"]["articles with a QID"] == 2
    links, entities = built["links"], built["entities"]
    assert links["Urbs", "Q220"] == 1 and links["Mercury", "Q308"] == 1
    if source == "page_props":  # it speaks of xx only
        assert set(entities) == {"Q220", "Q308", "yy:Roma", "yy:Merkur"}
        return
    assert set(entities) == {"Q220", "Q308"}
    assert links["Romas", "Q220"] == 1 and links["Merkur", "Q308"] == 1 and links["Roma", "Q220"] == 0
    assert entities["Q220"]["count"] == 6 and entities["Q220"]["labels"] == {"xx": "Rome", "yy": "Roma"}
    assert entities["Q220"]["description"] == "Rome is a city."
    if source == "wikidata":
        assert entities["Q220"]["types"] == ["Q515"] and entities["Q220"]["aliases"] == ["Caput Mundi"]
        assert entities["Q308"]["labels"]["xx"] == "Mercury"
        assert report.files[str(files / "items.json.bz2")] == {"items": 4, "broken items, skipped": 1}


def test_disambiguation_pages_of_tables_and_of_wikidata(files, built):
    (files / "xxwiki-page_props.sql.gz").write_bytes(gzip.compress(b"VALUES (1,'disambiguation','',NULL);"))
    props = [(files / "xxwiki-page_props.sql.gz", None)]
    build_from_wikipedia(files / "kb", [(files / "xx.xml.bz2", None)], page_props=props, workers=1)
    assert set(built["entities"]) == {"xx:Mercury (planet)"}
    text = json.dumps(item("Q9", {}, {"xxwiki": "Mercury (planet)"}, "Q4167410"))
    (files / "items.json.bz2").write_bytes(text.encode())
    build_from_wikipedia(files / "kb", [(files / "xx.xml.bz2", None)], wikidata=files / "items.json.bz2", workers=1)
    assert set(built["entities"]) == {"xx:Rome"}


def test_an_interrupted_build_goes_on(files, built, monkeypatch):
    dumps = [(files / "xx.xml.bz2", None), (files / "yy.xml.gz", None)]
    read, real = [], work._read_dump

    def read_dump(new, file, *rest):
        read.append(file.path.name)
        if file.path.name == "yy.xml.gz" and len(read) == 2:
            raise KeyboardInterrupt
        real(new, file, *rest)

    monkeypatch.setattr(work, "_read_dump", read_dump)
    with pytest.raises(KeyboardInterrupt):
        build_from_wikipedia(files / "kb", dumps, workers=1)
    build_from_wikipedia(files / "kb", dumps, workers=1, keep_work=True)
    assert read == ["xx.xml.bz2", "yy.xml.gz", "yy.xml.gz"]
    first = dict(built)
    (files / "yy.xml.gz").write_bytes(gzip.compress(YY.replace("Romas", "Romae").encode()))
    build_from_wikipedia(files / "kb", dumps, workers=1)  # a dump that was changed is read again
    assert read[3:] == ["yy.xml.gz"]
    assert built["links"].keys() ^ first["links"].keys() == {("Romas", "yy:Roma"), ("Romae", "yy:Roma")}


def test_links_that_do_not_fit_the_memory_are_added_up(files, built, monkeypatch):
    monkeypatch.setattr(work, "PAIRS", 0)
    monkeypatch.setattr("spacy_luke.kb.wikipedia.pages.page_batches.__defaults__", (1,))
    build_from_wikipedia(files / "kb", [(files / "xx.xml.bz2", None)], workers=1)
    assert built["links"] == {**ONE, ("Rome", "xx:Rome"): 2}


def test_a_dump_that_is_cut_off_is_built_as_far_as_it_goes(files, built):
    whole = (files / "xx.xml.bz2").read_bytes()
    (files / "cut.xml").write_bytes(XX.encode()[: XX.index("Kat:Cities")])
    report = build_from_wikipedia(files / "kb", [(files / "cut.xml", None)], workers=1)
    assert built["links"] == ONE
    assert report.files[str(files / "cut.xml")]["broken pages, skipped"] == 1
    (files / "cut.xml.bz2").write_bytes(bz2.compress(XX.encode()) + whole[:40])
    report = build_from_wikipedia(files / "kb", [(files / "cut.xml.bz2", None)], workers=1)
    assert report.damage[str(files / "cut.xml.bz2")] == ["cut off at its end"] and len(built["entities"]) == 2


def test_errors(files):
    (files / "some.xml").write_text("<mediawiki><page>")
    with pytest.raises(ValueError, match="LK360.*ja=.*some.xml"):
        build_from_wikipedia(files / "kb", [(files / "some.xml", None)], workers=1)
    with pytest.raises(ValueError, match="LK363"):
        build_from_wikipedia(files / "kb", [(files / "xxwiki-page_props.sql.gz", None)], workers=1)
    with pytest.raises(ValueError, match="LK364.*language yy.*xx"):
        props = [(files / "xxwiki-page_props.sql.gz", "yy")]
        build_from_wikipedia(files / "kb", [(files / "xx.xml.bz2", None)], page_props=props, workers=1)
    with pytest.raises(ValueError, match="LK365"):
        build_from_wikipedia(files / "kb", [(files / "some.xml", "xx")], workers=1)
    assert not (files / "kb").exists()
