"""Running text of a Wikipedia dump, line by line, with its links to articles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple

from spacy_luke.kb.wikipedia.files import DumpFile
from spacy_luke.kb.wikipedia.pages import BrokenPage, page_batches, read_page, split_pages
from spacy_luke.kb.wikipedia.site import Site, read_siteinfo
from spacy_luke.kb.wikipedia.wikitext import clean_anchor, raw_link_spans, visible

# Templates, tables and references without others in them; taken out again and again, from the inside.
HIDDEN = re.compile(
    r"\{\{[^{}]*\}\}|\{\|[^{}]*\|\}|<ref\b[^<>]*/>|<ref\b[^<>]*>.*?</ref\s*>|<gallery\b.*?</gallery\s*>", re.DOTALL
)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>|'{2,}|\[(?:https?:)?//[^\s\[\]]*\s*|__[A-Z]+__")
MARKUP = tuple("*#:;|!{}[=<")
STOP = re.compile(r"(?<=[.!?]) +(?=[A-Z\"(])|(?<=。)")


class Link(NamedTuple):
    """A link in a text."""

    start: int  # first character
    end: int  # one past the last
    title: str  # of the article, as titles are written in the dump; it may be a redirect


def articles(path: Path, language: str | None = None) -> Iterator[tuple[str, str, Site]]:
    """(title, wikitext, its wiki) of the articles of a dump. language: None = as the dump says."""
    batches = page_batches(DumpFile(path))
    site = read_siteinfo(next(batches).decode(), language) or Site(language or "en")
    for batch in batches:
        for source in split_pages(batch):
            try:
                page = read_page(source, site)
            except BrokenPage:
                continue
            # -1: the dump does not say it, the title does
            if page.namespace in (0, -1) and page.redirect is None and site.title(page.title) is not None:
                yield page.title, page.text, site


def lines(text: str, site: Site) -> Iterator[tuple[str, list[Link]]]:
    """The paragraphs of a wikitext as a reader sees them, without templates, tables, references, headings and lists,
    and their links to articles."""
    text, before = visible(text), None
    while text != before:
        text, before = HIDDEN.sub("", text), text
    for line in text.split("\n"):
        if line.strip() and not line.startswith(MARKUP):
            yield _without_links(line, site)


def sentences(line: str, links: list[Link]) -> Iterator[tuple[str, list[Link]]]:
    """A paragraph cut at full stops; good enough for texts to learn from."""
    start = 0
    for end in [*(match.end() for match in STOP.finditer(line)), len(line)]:
        inside = [Link(a - start, b - start, title) for a, b, title in links if start <= a and b <= end]
        if end > start:
            yield line[start:end].rstrip(), inside
        start = end


def _without_links(line: str, site: Site) -> tuple[str, list[Link]]:
    """What stands in [[ ]] for an article is a link; pictures and the like are left out."""
    shown, links, done = "", [], 0
    for target, anchor, start, end in raw_link_spans(line):
        shown += _clean(line[done:start])
        name = clean_anchor(anchor if anchor is not None else target)
        title = site.title(target)
        if title is not None:
            links += [Link(len(shown), len(shown) + len(name), title)] if name else []
            shown += name
        done = end
    return shown + _clean(line[done:]), links


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(TAG.sub("", text)).replace("]", ""))
