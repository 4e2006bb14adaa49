from __future__ import annotations

import json

import pytest

from spacy_luke.kb.wikipedia import pages
from spacy_luke.kb.wikipedia.pages import BrokenPage, NoPages, Page, page_batches, read_page, split_pages
from spacy_luke.kb.wikipedia.site import Site, language_of_name, read_siteinfo

from .dumps import dump, page

SITE = Site("xx")
DUMP = dump(
    page("A & B", "x &amp;nbsp; <b>", 7), page("C", "#REDIRECT [[A & B]]", 8, redirect="A & B"), page("Bilds:D", ns=6)
)


def read(content: bytes, block: int, size: int) -> tuple[str, list[Page]]:
    batches = page_batches((content[i : i + block] for i in range(0, len(content), block)), size)
    head = next(batches).decode()
    return head, [read_page(source, SITE) for batch in batches for source in split_pages(batch)]


@pytest.mark.parametrize("block, size", [(1, 1), (7, 100), (100, 1), (10**6, 10**6)])
def test_pages_are_whole_whatever_the_blocks(block, size):
    head, found = read(DUMP.encode(), block, size)
    assert head == DUMP[: DUMP.index("<page>")]
    assert found == [
        Page("A & B", 0, 7, None, "x &amp;nbsp; <b>"),
        Page("C", 0, 8, "A & B", "#REDIRECT [[A & B]]"),
        Page("Bilds:D", 6, 1, None, ""),
    ]


@pytest.mark.parametrize("block, size", [(1, 1), (9, 40), (10**6, 10**6)])
def test_json_lines(block, size):
    lines = [{"title": "日本", "text": "国\n[[東京]]"}, {"title": "JP", "text": "#転送 [[日本]]"}]
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    assert read(content, block, size)[1] == [
        Page("日本", -1, -1, None, "国\n[[東京]]"),
        Page("JP", -1, -1, "日本", "#転送 [[日本]]"),
    ]


@pytest.mark.parametrize(
    "text, target",
    [
        ("#REDIRECT [[A]]", "A"),
        ("# redirect: [[A|b]] {{r}}", "A"),
        ("#WEITERLEITUNG[[A#b]]", "A#b"),
        ("#list [[A]]", None),
        ("see #REDIRECT [[A]]", None),
    ],
)
def test_redirects_of_old_dumps(text, target):
    assert read_page(page("X", text), SITE).redirect == target


@pytest.mark.parametrize(
    "source",
    [
        "<title>A</title><text>b</text>",
        "<text>b</text></page>",
        "<title>A</title><text>b</page>",
        "{",
        "{}",
        '{"title": 1, "text": ""}',
    ],
)
def test_broken_pages(source):
    with pytest.raises(BrokenPage):
        read_page(source, SITE)


def test_what_is_no_dump(monkeypatch):
    monkeypatch.setattr(pages, "LARGEST", 1000)
    with pytest.raises(NoPages):
        list(page_batches([b"", b"no dump"]))
    with pytest.raises(NoPages):
        list(page_batches([b"x" * 600] * 10))
    batches = [b"<page>", *[b"y" * 600] * 10]  # a page that does not end is no reason to fill the memory
    assert max(map(len, page_batches(iter(batches), size=500))) <= 2000


def test_siteinfo():
    site = read_siteinfo(DUMP[: DUMP.index("<page>")])
    assert site == Site("xx", {"bilds": 6, "templ": 10, "kat": 14}, True)
    assert site.namespace("Kat") and site.namespace("Image") and site.namespace("ja") and not site.namespace("S.O.S")
    assert read_siteinfo("<dbname>zh_min_nanwiki</dbname>").language == "zh-min-nan"
    assert read_siteinfo("<dbname>tmp-wp</dbname><base>https://ltg.wikipedia.org/wiki/A</base>").language == "ltg"
    assert read_siteinfo('<mediawiki xml:lang="en">').language == "en"
    assert read_siteinfo("<dbname>enwiki</dbname>", "ja").language == "ja"
    assert read_siteinfo("<mediawiki>") is None
    names = ("jawiki-country.json.gz", "wiki.xml", "be_x_oldwiki.sql")
    assert [language_of_name(name) for name in names] == ["ja", None, "be-x-old"]
