"""A batch of pages -> lines about its pages and counted links. Runs in the worker processes."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from .pages import BrokenPage, Page, read_page, split_pages
from .sentence import first_sentence
from .site import Site
from .wikitext import links, visible
from .words import DISAMBIGUATION

ARTICLE, REDIRECT, DISAMBIG, TEMPLATE, TEMPLATE_REDIRECT = "a", "r", "d", "t", "T"
_TEMPLATE = re.compile(r"\{\{\s*([^{}|<>\[\]\n#]{1,80})(?=[|}\n])")
_MARKER = "__DISAMBIG__"
_GAPS = re.compile(r"[\s_]+")


class Extracted(NamedTuple):
    """What one batch gives."""

    pages: str  # a line for each page: kind, page id, title, redirect target or description, templates
    links: Counter[str]  # "anchor<TAB>title" -> count
    counts: Counter[str]  # what was found and what was lost


def extract(batch: bytes, site: Site) -> Extracted:
    """Read a batch of pages. A page that cannot be read is counted and skipped."""
    lines: list[str] = []
    found: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for source in split_pages(batch):
        counts["pages"] += 1
        try:
            page = read_page(source, site)
        except BrokenPage:
            counts["broken pages, skipped"] += 1
            continue
        _add_page(page, site, lines, found, counts)
    return Extracted("".join(lines), found, counts)


def _add_page(page: Page, site: Site, lines: list[str], found: Counter[str], counts: Counter[str]) -> None:
    prefix, colon, name = page.title.partition(":")
    namespace = page.namespace
    if namespace < 0:
        namespace = site.namespaces.get(prefix.lower(), 1 if colon and site.namespace(prefix) else 0)
    if namespace == 10:
        _add_template(page, name, lines)
    title = " ".join(page.title.split())
    if namespace != 0 or not title:
        counts["pages of other namespaces"] += 1
    elif page.redirect is not None:
        target = site.title(page.redirect)
        counts["redirects"] += 1
        lines.append(f"{REDIRECT}\t{page.id}\t{title}\t{target or ''}\t\n")
    else:
        text = visible(page.text)
        templates = [template_name(name) for name in _TEMPLATE.findall(text)]
        is_disambig = _MARKER in text or not DISAMBIGUATION.isdisjoint(templates)
        counts["disambiguation pages" if is_disambig else "articles"] += 1
        kind, sentence = (DISAMBIG, "") if is_disambig else (ARTICLE, first_sentence(text, site))
        ends = "|".join(dict.fromkeys([*templates[:3], *templates[-5:]]))
        lines.append(f"{kind}\t{page.id}\t{title}\t{sentence}\t{ends}\n")
        for target, anchor in links(text, site):
            counts["links"] += 1
            if anchor:
                found[f"{anchor}\t{target}"] += 1
            else:
                counts["links without a name"] += 1


def _add_template(page: Page, name: str, lines: list[str]) -> None:
    """Which templates make a page a disambiguation page: a dump says it itself."""
    if page.redirect is not None:
        target = template_name(page.redirect.partition(":")[2])
        lines.append(f"{TEMPLATE_REDIRECT}\t-1\t{template_name(name)}\t{target}\t\n")
    elif _MARKER in page.text and _MARKER in visible(page.text):
        lines.append(f"{TEMPLATE}\t-1\t{template_name(name)}\t\t\n")


def template_name(name: str) -> str:
    """As templates are compared: without capitals and gaps."""
    return _GAPS.sub(" ", name).strip().lower()
