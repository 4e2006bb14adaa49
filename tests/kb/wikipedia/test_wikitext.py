from __future__ import annotations

import time

import pytest

from spacy_luke.kb.wikipedia.sentence import first_sentence
from spacy_luke.kb.wikipedia.site import Site
from spacy_luke.kb.wikipedia.wikitext import links, raw_link_spans, visible, without_brackets

EN, JA, DE = Site("en"), Site("ja"), Site("de", {"datei": 6, "vorlage": 10})

LINKS = [
    ("[[Berlin]]", [("Berlin", "Berlin")]),
    ("[[berlin_(band)|the  band]]", [("Berlin (band)", "the band")]),
    ("[[bus]]es, [[bus]]Es, [[bus]]-es", [("Bus", "buses"), ("Bus", "bus"), ("Bus", "bus")]),
    ("[[Berlin (band)|]]", [("Berlin (band)", "Berlin")]),
    ("[[Berlin#Name|name]] [[#Name|here]]", [("Berlin", "name")]),
    ("[[AT&amp;T]] [[R%26B|r]]", [("AT&T", "AT&T"), ("R&B", "r")]),
    ("[[Rome|'''Roma'''<br/>]]", [("Rome", "Roma")]),
    ("[[Rome|{{lang|it|Roma}}]] [[Rome|{{flag}}]]", [("Rome", "Roma"), ("Rome", "")]),
    ("[[Rome|[1]]] [[Rome|a [b] c]]", [("Rome", "[1]"), ("Rome", "a [b] c")]),
    ("[[Rome|a] [b] [c]] [[Rome|d]", [("Rome", "a] [b] [c")]),
    ("[[Rome{{!}}Roma]]", [("Rome", "Roma")]),
    ("[[File:a.jpg|thumb|by [[Ann|her]] in [[Rome]]]]", [("Ann", "her"), ("Rome", "Rome")]),
    ("[[File:a.jpg|thumb|alone]] [[Image:b.png]] [[:Category:C]] [[category:C]]", []),
    ("[[fr:Rome]] [[wikt:rome]] [[Talk: x]] [[2001: A Space Odyssey]]", [("2001: A Space Odyssey",) * 2]),
    ("<!-- [[A]] -->[[B]]<nowiki>[[C]]</nowiki><math>[[D]]</math>", [("B", "B")]),
    ("[[A]] <!-- [[B]]", [("A", "A")]),
    ("<nowiki>[[A]]", [("A", "A")]),
    ("<nowiki/>[[A]] <ref>[[B]]</ref> {{t|x=[[C]]}}\n{|\n| [[D]]\n|}", [(x, x) for x in "ABCD"]),
    ("[[A|" + "b" * 101 + "]]", [("A", "")]),
    ("[[A\nB]] [[]] [[|x]] [[A[B]] [[{{t}}|x]] [[A", []),
]


@pytest.mark.parametrize("text, expected", LINKS)
def test_links(text, expected):
    assert list(links(visible(text), EN)) == expected


def test_links_of_other_languages():
    assert list(links("[[ファイル:a.jpg]][[カテゴリ:国]][[日本]]の[[東京都|東京]]", JA)) == [("日本", "日本"), ("東京都", "東京")]
    assert list(links("[[Straße]]nbahnen [[Datei:a.jpg]] [[Vorlage:B]]", DE)) == [("Straße", "Straßenbahnen")]
    assert list(links("[[بيت]]ين", Site("ar"))) == [("بيت", "بيتين")]
    assert list(links("[[თბილისი]]", Site("ka"))) == [("თბილისი", "თბილისი")]  # Georgian has no title case


@pytest.mark.parametrize(
    "title, short",
    [
        ("Mercury (planet)", "Mercury"),
        ("水星 (惑星)", "水星"),
        ("水星（惑星）", "水星"),
        ("(What)", "(What)"),
        ("F(x) y", "F(x) y"),
    ],
)
def test_titles_without_brackets(title, short):
    assert without_brackets(title) == short


BAD = ["[[", "[[a|", "[[a|[x]", "[[a|{{lang|", "{{", "{|\n", "<!--", "<nowiki>", "<nowiki ", "<ref>", "(", "[//", "\n "]


@pytest.mark.parametrize("piece", BAD)
def test_bad_text_takes_time_in_proportion_to_its_length(piece):
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        shown = visible(text)
        list(links(shown, EN)), first_sentence(shown, EN)
        return time.process_time() - start

    assert seconds(400_000) < 1  # quadratic: minutes


def test_one_link_with_many_brackets_takes_time_in_proportion_too():
    start = time.process_time()
    assert list(links("[[a|" + "[x] ]" * 80_000, EN)) == []
    assert list(links("[[a|" + "[x] ]" * 80_000 + "]]", EN)) == [("A", "")]
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text", [text for text, _ in LINKS if not any(odd in text for odd in ("[1]]]", "{{!}}", "<!-- [[B]]", "{{t}}|"))]
)
def test_the_same_links_as_mwparserfromhell(text):
    """Four texts are left out: two that MediaWiki reads as we do, an open comment, and a template as the target."""
    mwparserfromhell = pytest.importorskip("mwparserfromhell")
    assert sorted(ours(text), key=str) == sorted(theirs(mwparserfromhell, text), key=str)


def ours(text: str) -> list[tuple[str, str | None]]:
    found = [(EN.title(target), shown) for target, shown, _, _ in raw_link_spans(visible(text))]
    return [pair for pair in found if pair[0]]


def theirs(mwparserfromhell, text: str) -> list[tuple[str, str | None]]:
    found = mwparserfromhell.parse(text).filter_wikilinks(recursive=True)
    pairs = [(EN.title(str(link.title)), None if link.text is None else str(link.text)) for link in found]
    return [pair for pair in pairs if pair[0]]
