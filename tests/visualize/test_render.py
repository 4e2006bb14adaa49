"""What each style shows, and that nothing in a Doc is taken for HTML."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_luke.annotations import set_relations
from spacy_luke.kb import MMapKB
from spacy_luke.visualize import STYLES, render
from spacy_luke.visualize.candidates import get_choices
from spacy_luke.visualize.html import entity_url, escape

from .docs import IMAGE, LINK, QUOTE, SCRIPT, choices, drawn_doc, hostile_doc
from .reader import ATTRIBUTES, ELEMENTS, Reader


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("page", [True, False])
def test_what_would_run_is_shown(style, page):
    read = Reader(render(hostile_doc(), style=style, page=page))
    assert read.elements <= ELEMENTS and read.attributes <= ATTRIBUTES and not read.open
    assert all(text in read.text for text in (SCRIPT, IMAGE, QUOTE))
    assert all(re.match(r"https://[a-z.]+/wiki/[\w.%~'-]+$", link) for link in read.links)


@pytest.mark.parametrize("style", STYLES)
def test_options_do_not_run_either(style):
    options = {"kb_url_template": f"https://x/{{}}{IMAGE}", "colors": {SCRIPT: IMAGE}, "ents": [SCRIPT, IMAGE]}
    read = Reader(render(hostile_doc(), style=style, options=options))
    assert read.elements <= ELEMENTS and read.attributes <= ATTRIBUTES and not read.open


def test_ent_has_texts_labels_and_links():
    read = Reader(render(drawn_doc()))
    assert " ".join(read.text.split()) == "Ada PERSON Q7259 founded Acme ORG NIL in Kyoto GPE ja:京都市"
    assert read.links == [
        "https://www.wikidata.org/wiki/Q7259",
        "https://ja.wikipedia.org/wiki/%E4%BA%AC%E9%83%BD%E5%B8%82",
    ]


@pytest.mark.parametrize(
    ("entity", "template", "url"),
    [
        ("Q17", None, "https://www.wikidata.org/wiki/Q17"),
        ("en:New York", None, "https://en.wikipedia.org/wiki/New_York"),
        ("mine", None, None),
        ("NIL", "https://x/{}", None),
        ("", "https://x/{}", None),
        ("a/b?c#d e", "https://x/{}.html", "https://x/a%2Fb%3Fc%23d%20e.html"),
        (LINK, "{}", "javascript%3Awindow.ran%3D1"),
        ("{0.__class__}", "{}", "%7B0.__class__%7D"),
    ],
)
def test_urls(entity, template, url):
    assert entity_url(entity, template) == url


def test_labels_of_the_knowledge_base_are_hints(tmp_path):
    doc = drawn_doc()
    kb = MMapKB(doc.vocab, 0)
    kb.add_entities(
        [{"id": "Q7259", "labels": {"en": IMAGE, "ja": "エイダ"}}, {"id": "Q1", "labels": {"fr": "univers"}}]
    )
    assert escape(IMAGE) in render(doc, options={"kb": kb})
    assert "univers" in Reader(render(doc, style="candidates", options={"kb": kb})).text
    assert "エイダ" in Reader(render(drawn_doc("ja"), style="candidates", options={"kb": kb})).text


def test_types_with_probabilities():
    text = " ".join(Reader(render(drawn_doc(), style="types")).text.split())
    assert text == "Ada PERSON person 0.90 artist 0.25 founded Acme ORG in Kyoto GPE city 1.00"


def test_overlapping_mentions_come_in_lines_of_their_own():
    doc = Doc(spacy.blank("en").vocab, ["New", "York", "Times"])
    doc.spans["mine"] = [Span(doc, 0, 2, "city"), Span(doc, 0, 3, "paper"), Span(doc, 0, 2, "place")]
    html = render(doc, style="types", options={"types_key": "mine"})
    assert html.count('<div class="entities"') == 2
    assert " ".join(Reader(html).text.split()) == "New York Times paper 1.00 New York city 1.00 place 1.00 Times"


def test_candidates_best_first_with_bars():
    html = render(drawn_doc(), style="candidates")
    assert re.findall(r"(\d\.\d{3})</td>", html) == ["0.750", "0.200", "0.050", "1.000", "0.800", "0.100", "0.100"]
    assert "width: 75.0%" in html and "decided in pass 2" in html and html.count("decided in pass") == 2
    [ada, acme, kyoto] = get_choices(drawn_doc())
    assert (ada.probability, acme.probability, kyoto.chosen) == (0.75, 1.0, "ja:京都市")


def test_of_many_candidates_the_best_and_the_chosen():
    doc = drawn_doc()
    ids = [f"Q{i}" for i in range(30)]
    choices(doc, [(doc.ents[0], "Q25", ids, [0.02] * 30, 0.4, 0)])
    text = Reader(render(doc, style="candidates", options={"top": 3})).text
    assert "Q25" in text and "Q1" in text and "Q7" not in text and "27 more, together 0.540" in text


@pytest.mark.parametrize(
    "broken", [{"scores": None}, {"nil": [1.0]}, {"scores": [["x"], [], []]}, {"candidates": [["Q1"], [], []]}]
)
def test_groups_of_others_are_refused(broken):
    doc = drawn_doc()
    for key, value in broken.items():
        doc.spans["luke_linker"].attrs[key] = value
    with pytest.raises(ValueError, match="LK731"):
        render(doc, style="candidates")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("words", [[], ["nothing", "here"]])
def test_docs_without_annotations(style, words):
    read = Reader(render(Doc(spacy.blank("xx").vocab, words), style=style, page=True))
    assert not read.open and (style == "ent" or "doc.spans" in read.text)


def test_several_docs_and_their_language():
    html = render([drawn_doc("ja"), drawn_doc("ja")], page=True)
    assert html.count("Kyoto") == 2 and '<html lang="ja" dir="ltr">' in html
    assert '<html lang="ar" dir="rtl">' in render(drawn_doc("ar"), page=True)
    assert "<body" in render([], page=True)


def test_errors():
    with pytest.raises(ValueError, match=r"LK730.*'dep'.*ent, types, relations, candidates"):
        render(drawn_doc(), style="dep")
    with pytest.raises(ValueError, match="LK732.*Span"):
        render([drawn_doc()[:2]])


def test_in_a_notebook_it_is_displayed(monkeypatch):
    shown = []
    module = ModuleType("IPython.display")
    module.HTML, module.display = str, shown.append
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    assert render(drawn_doc(), jupyter=True) is None
    assert render(drawn_doc(), jupyter=False) in shown[0]


# --- relations -------------------------------------------------------------------------------------


def arcs(html: str) -> list[tuple[float, float, float, float]]:
    """(x of the head, y, x of the tail, the text's y) of each arc."""
    found = re.findall(r'<path d="M([-\d.]+),([\d.]+) V([-\d.]+) H([-\d.]+)', html)
    return [(float(x), float(foot), float(tail), float(top)) for x, foot, top, tail in found]


def boxes(html: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(x) + float(w)) for x, w in re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', html)
    ]


def test_arcs_go_from_head_to_tail():
    html = render(drawn_doc(), style="relations")
    (ada, acme, kyoto), found = boxes(html), sorted(arcs(html))
    for (head, _, tail, _), (a, b) in zip(found, [(ada, acme), (acme, kyoto)], strict=True):
        assert a[0] < head < a[1] and b[0] < tail < b[1]
    assert ada[1] < acme[0] and acme[1] < kyoto[0]
    assert "founded 0.98" in html and ">based_in<" in html  # gold has no probability to show


def test_arcs_over_the_same_words_do_not_meet():
    doc = Doc(spacy.blank("en").vocab, list("abcdefgh"))
    spans = [Span(doc, i, i + 1, "X") for i in range(0, 8, 2)]
    doc.ents = spans
    set_relations(doc, [(a, b, "r") for a in spans for b in spans if a != b])
    found = arcs(render(doc, style="relations"))
    assert len(found) == 12
    for i, (a, _, b, top) in enumerate(found):
        for c, _, d, other in found[:i]:
            assert top != other or max(a, b) <= min(c, d) or max(c, d) <= min(a, b)


def test_long_texts_break_where_no_arc_passes():
    words = ["Entity" if i % 10 == 0 else "word" for i in range(600)]
    doc = Doc(spacy.blank("en").vocab, words)
    doc.ents = [Span(doc, i, i + 1, "X") for i in range(0, 600, 10)]
    none = render(doc, style="relations")
    assert "<svg" not in none  # no group: nobody looked for relations
    set_relations(doc, [])
    rows = render(doc, style="relations").count("<svg")
    assert rows > 5 and "…" in render(doc, style="relations")
    set_relations(doc, [(doc.ents[0], doc.ents[-1], "far")])
    assert render(doc, style="relations").count("<svg") == 1
    set_relations(doc, [(doc.ents[1], doc.ents[2], "near"), (doc.ents[30], doc.ents[29], "near")])
    html = render(doc, style="relations")
    assert html.count("<svg") == rows and len(arcs(html)) == 2


def test_nested_entities():
    doc = Doc(spacy.blank("ja").vocab, ["京都", "大学", "は", "京都", "に"], spaces=[False] * 5)
    whole, part, city = Span(doc, 0, 2, "ORG"), Span(doc, 0, 1, "GPE"), Span(doc, 3, 4, "GPE")
    set_relations(doc, [(whole, city, "in"), (part, city, "same")], entities=[whole, part, city])
    html = render(doc, style="relations")
    found = sorted(boxes(html))
    assert found[0][0] == found[1][0] and found[1][1] - found[1][0] == 2 * (found[0][1] - found[0][0])
    assert Reader(html).text.count("京都大学") == 2 and len(arcs(html)) == 2  # once in the title of an arc
