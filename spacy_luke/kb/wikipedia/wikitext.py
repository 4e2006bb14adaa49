"""The links of a page: [[target|anchor]]trail.

Two regular expressions do it. A link is what stands in [[ ]] without [[ in it: so the links in the caption
of a picture are found, and the picture around them is not, whatever its language calls it. What is not
parsed (comments, <nowiki>, formulas) is taken out first. Links in templates, tables and references count.

Each character is looked at a bounded number of times, also in text with thousands of open brackets:
a search never crosses the next "[[", and closing tags that are not there are looked for once.
Against mwparserfromhell: benchmarks/wikipedia.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from .site import Site

_HIDDEN = re.compile(
    r"<!--|<(nowiki|math|pre|syntaxhighlight|source|score|timeline|templatedata|chem|graph)\b[^<>]*>", re.IGNORECASE
)
_LINK = re.compile(
    r"\[\[([^\[\]|{}<>\n]+)(?:\|"  # target
    r"([^\[\]]*(?:(?:\[(?!\[)[^\[\]]*\](?=\]\])|\[(?!\[)|\](?!\]))[^\[\]]*)*)"  # anchor, single brackets in it
    r")?\]\]"
)
# Scripts without capitals whose letters stick to a link; elsewhere only small letters do.
_TRAILS = {language: "\u0621-\u064a" for language in ("ar", "arz", "ary", "fa", "azb", "ur", "ckb")}
_TRAILS |= {language: "\u05d0-\u05ea" for language in ("he", "yi")}

# Templates in an anchor that only set it in another way: their last part is the anchor.
_SET = re.compile(
    r"\{\{\s*(?:lang|nowrap|nobr|nobreak|small|big|noitalic|lang-\w+|color)\s*\|(?:[^{}|]*\|)*([^{}|]*)\}\}",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_QUOTES = re.compile(r"'{2,}")
_SPACES = re.compile(r"\s+")
_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|（[^（）]*）)$")
MAX_ANCHOR = 100  # characters; longer ones are no names


def visible(text: str) -> str:
    """The wikitext without comments and without what MediaWiki does not parse."""
    if "<" not in text:
        return text
    kept, done, missing = [], 0, set()
    while match := _HIDDEN.search(text, done):
        tag = (match[1] or "!--").lower()
        if match[0].endswith("/>") or tag in missing:
            end = -1
        elif match[1]:
            close = re.compile(rf"</{tag}\s*>", re.IGNORECASE).search(text, match.end())
            end = close.end() if close else -1
        else:
            end = text.find("-->", match.end()) + 3
            end = end if end > 2 else len(text)  # an open comment hides the rest of the page
        if end < 0 and not match[0].endswith("/>"):
            missing.add(tag)  # an open tag hides nothing
        kept.append(text[done : match.start()])
        done = match.end() if end < 0 else end
    return "".join(kept) + text[done:]


def raw_link_spans(text: str) -> Iterator[tuple[str, str | None, int, int]]:
    """(target, anchor or None, start, end) of each link of a visible text, as written."""
    for match in _LINK.finditer(text):
        yield match[1], match[2], match.start(), match.end()


def links(text: str, site: Site) -> Iterator[tuple[str, str]]:
    """(title, anchor) of each link to an article. The anchor is "" where it is no name: a formula, a template,
    a text of more than MAX_ANCHOR characters."""
    if "{{!}}" in text:
        text = text.replace("{{!}}", "|")
    more = _TRAILS.get(site.language)
    for match in _LINK.finditer(text):
        target, shown = match.groups()
        title = site.title(target)
        if title is None:
            continue
        if shown is None:
            shown = target.strip().removeprefix(":").partition("#")[0]
        elif not shown.strip():
            shown = without_brackets(title)  # the pipe trick: [[Berlin (band)|]]
        end = start = match.end()
        while text[end : end + 1].islower() or (more and re.match(f"[{more}]", text[end : end + 1])):
            end += 1
        yield title, clean_anchor(shown + text[start:end])


def clean_anchor(anchor: str) -> str:
    """What a reader sees of an anchor; "" where that cannot be known, or is no name."""
    if "{{" in anchor:
        anchor = _SET.sub(r"\1", anchor)
    if "<" in anchor:
        anchor = _TAG.sub("", anchor)
    if "''" in anchor:
        anchor = _QUOTES.sub("", anchor)
    if "&" in anchor:
        anchor = unescape(anchor)
    anchor = _SPACES.sub(" ", anchor.replace("_", " ")).strip()
    if len(anchor) > MAX_ANCHOR or "{" in anchor or "|" in anchor or "[[" in anchor:
        return ""
    return anchor


def without_brackets(title: str) -> str:
    """"Mercury (planet)" -> "Mercury"; the title itself where nothing would be left."""
    return _BRACKETS.sub("", title) or title
