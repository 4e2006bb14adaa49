"""Real dumps, complete and cut, old and new, in 122 languages."""

from __future__ import annotations

from collections import Counter

import pytest

from spacy_luke.kb.wikipedia.build import build_from_wikipedia
from spacy_luke.kb.wikipedia.files import DumpFile
from spacy_luke.kb.wikipedia.pages import page_batches, read_page, split_pages
from spacy_luke.kb.wikipedia.site import read_siteinfo
from spacy_luke.kb.wikipedia.wikitext import raw_link_spans, visible

pytestmark = pytest.mark.shared
COMPLETE = "wikidump_ltg_complete/smallwiki-latest-pages-articles.xml.gz"


def all_dumps(data) -> list:
    samples = [file for file in data.glob("wikidump_[eijl]*/*") if file.suffix in (".bz2", ".gz", ".xml")]
    mini = sorted(data.glob("wikidump_multi_dbpedia_minidumps/*/wiki.xml.bz2"))
    return [(file, None) for file in sorted(samples)] + [(file, file.parent.name) for file in mini]


def test_all_dumps_build(shared, tmp_path):
    dumps = all_dumps(shared / "data")
    assert len(dumps) == 9 + 122
    items = shared / "data/kb_wikidata_sample_opentapioca/sample_wikidata_items.json.bz2"
    report = build_from_wikipedia(tmp_path / "kb", dumps, wikidata=items, workers=1)
    assert len(report.languages) == 122 + 1 and not any(report.damage.values())
    assert sum(counts["broken pages, skipped"] for counts in report.files.values()) == 0
    assert report.kb["entities"] > 1500 and sum(c["articles with a QID"] for c in report.languages.values()) > 0


def test_a_complete_wikipedia(shared, tmp_path):
    """Pages, articles and redirects as its README counts them: 903 pages of namespace 0 that are no redirects."""
    report = build_from_wikipedia(tmp_path / "kb", [(shared / "data" / COMPLETE, None)], workers=1)
    found = report.files[str(shared / "data" / COMPLETE)]
    assert found["pages"] == 2004 and found["redirects"] == 147
    assert found["articles"] + found["disambiguation pages"] == 903 and found["disambiguation pages"] == 7
    assert report.links["links to entities"] == 3101


@pytest.mark.parametrize(
    "path",
    [
        COMPLETE,
        "wikidump_it_jsonwikipedia/wikipedia-small-test.xml.bz2",
        "wikidump_multi_dbpedia_minidumps/ja/wiki.xml.bz2",
    ],
)
def test_every_link_that_mwparserfromhell_finds(shared, path):
    """And at most 3 % more: it does not see into tables and galleries that it takes for broken."""
    mwparserfromhell = pytest.importorskip("mwparserfromhell")
    ours, theirs = Counter(), Counter()
    batches = page_batches(DumpFile(shared / "data" / path))
    site = read_siteinfo(next(batches).decode())
    for page in (read_page(source, site) for batch in batches for source in split_pages(batch)):
        if page.namespace == 0 and page.redirect is None:
            ours.update((site.title(target), shown) for target, shown, _, _ in raw_link_spans(visible(page.text)))
            links = mwparserfromhell.parse(page.text).filter_wikilinks(recursive=True)
            pairs = ((str(link.title), None if link.text is None else str(link.text)) for link in links)
            theirs.update((site.title(target), shown) for target, shown in pairs)
    for counts in (ours, theirs):
        for pair in [pair for pair in counts if pair[0] is None]:
            del counts[pair]
    assert not theirs - ours
    assert sum(theirs.values()) <= sum(ours.values()) <= 1.03 * sum(theirs.values())
