"""Blocks of a dump -> batches of whole pages -> pages. XML of MediaWiki (any version of the export format), or
JSON lines with "title" and "text".

Pages are found by their tags and not with an XML parser: it is faster, and a page with broken XML ends where the
next one begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import NamedTuple

from .site import Site
from .words import REDIRECTS

BATCH = 2 << 20  # bytes of a batch of pages
LARGEST = 64 << 20  # bytes without the end of a page: this is not a dump

_TITLE = re.compile(r"<title>([^<]*)</title>")
_NS = re.compile(r"<ns>(-?\d+)</ns>")
_ID = re.compile(r"<id>(\d+)</id>")
_REDIRECT = re.compile(r'<redirect(?: title="([^"]*)")?\s*/>')
_TEXT = re.compile(r"<text\b[^<>]*>")
_CHARACTER = re.compile(r"&#(?:x[0-9a-fA-F]+|[0-9]+);")
_REDIRECT_TEXT = re.compile(r"\s*#\s*([^\s\[\]:：]+)[^\[\]\n]{0,20}\[\[([^\[\]|\n]+)")


class Page(NamedTuple):
    """One page of a dump."""

    title: str
    namespace: int  # -1 = not said: it follows from the title
    id: int  # -1 = not said
    redirect: str | None  # the title as it stands in the link
    text: str


class BrokenPage(ValueError):
    """Neither a title nor a text can be found in it."""


class NoPages(ValueError):
    """This is no dump."""


def page_batches(blocks: Iterable[bytes], size: int = BATCH) -> Iterator[bytes]:
    """What stands before the first page, then batches of whole pages; at last what is left behind the last one
    (a page without an end, if the dump was cut off). Raises NoPages where the first LARGEST bytes have no page."""
    waiting, limit, end = bytearray(), 0, b"</page>"
    for block in blocks:
        waiting += block
        if not limit:
            head = _head(waiting)
            if head < 0:
                if len(waiting) > LARGEST:
                    raise NoPages
                continue
            end = b"</page>" if waiting[head : head + 1] == b"<" else b"\n"
            yield bytes(waiting[:head])
            del waiting[:head]
            limit = size
        if len(waiting) >= limit:
            cut = waiting.rfind(end) + len(end)
            if cut < len(end) and len(waiting) < LARGEST:
                limit = 2 * len(waiting)
                continue
            cut = cut if cut >= len(end) else len(waiting)
            yield bytes(waiting[:cut])
            del waiting[:cut]
            limit = size
    if not limit:
        raise NoPages
    if waiting.strip():
        yield bytes(waiting)


def _head(waiting: bytearray) -> int:
    """Where the first page begins, -1 where it has not come yet."""
    start = len(waiting) - len(waiting.lstrip())
    return start if waiting[start : start + 1] == b"{" else waiting.find(b"<page>")


def split_pages(batch: bytes) -> Iterator[str]:
    """The pages of a batch, still in XML or JSON."""
    text = batch.decode("utf8", "replace")
    if batch.lstrip()[:1] != b"{":
        pages = text.split("<page>")
        return iter(page for i, page in enumerate(pages) if i or page.strip() not in ("", "</mediawiki>"))
    return (line for line in text.split("\n") if line.strip())


def read_page(source: str, site: Site) -> Page:
    """Raises BrokenPage for a page without an end, title or text."""
    return _from_json(source) if source.lstrip()[:1] == "{" else _from_xml(source, site)


def _from_xml(source: str, site: Site) -> Page:
    title, end = _TITLE.search(source), source.rfind("</page>")
    if title is None or end < 0:
        raise BrokenPage
    namespace, number, redirect = _NS.search(source), _ID.search(source), _REDIRECT.search(source)
    text, after = "", source.rfind("</text>")
    opening = None
    for opening in _TEXT.finditer(source):  # the last revision, in dumps that have several
        pass
    if opening is not None and not opening[0].endswith("/>"):
        if after < opening.end():
            raise BrokenPage
        text = unescape_xml(source[opening.end() : after])
    to = unescape_xml(redirect[1]) if redirect and redirect[1] else redirect_target(text, redirect is not None)
    return Page(
        unescape_xml(title[1]), int(namespace[1]) if namespace else -1, int(number[1]) if number else -1, to, text
    )


def _from_json(source: str) -> Page:
    try:
        page = json.loads(source)
        title, text = page["title"], page["text"]
    except (ValueError, KeyError, TypeError) as e:
        raise BrokenPage from e
    if not isinstance(title, str) or not isinstance(text, str):
        raise BrokenPage
    return Page(title, -1, -1, redirect_target(text), text)


def redirect_target(text: str, known: bool = False) -> str | None:
    """Where "#REDIRECT [[title]]" leads; None for other pages. known: that it is a redirect, whatever the word."""
    match = _REDIRECT_TEXT.match(text)
    return match[2] if match and (known or match[1].lower() in REDIRECTS) else None


def unescape_xml(text: str) -> str:
    """The entities of XML, once: &amp;nbsp; stays &nbsp;, it belongs to the wikitext."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _CHARACTER.sub(lambda match: unescape(match[0]), text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&apos;", "'")
    return text.replace("&amp;", "&")
