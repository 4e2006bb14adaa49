"""The first sentence of a page, as the description of its entity.

A description helps a person to tell entities apart, and is what vectors of entities without training are
made from; it may be missing (a page of tables, a broken template) and need not be perfect.
"""

from __future__ import annotations

import re
from html import unescape

from .site import Site
from .wikitext import raw_link_spans, without_brackets

MAX_TEXT = 100_000  # characters of a page that are looked at: infoboxes can be long
MAX_LEAD = 4_000  # characters outside templates, tables and references that are looked at
MAX_SENTENCE = 300  # characters; a longer sentence is cut at a space

_BLOCKS = re.compile(
    r"(?P<open>\{\{|^[ \t:*]*\{\||<ref\b[^<>/]*>|<gallery\b[^<>/]*>)|"
    r"(?P<close>\}\}|^[ \t]*\|\}(?!\})|</ref\s*>|</gallery\s*>)|(?P<empty><ref\b[^<>]*/>)|(?P<head>^=)",
    re.MULTILINE | re.IGNORECASE,
)
_KINDS = {"{{": "}}", "{|": "|}", "<r": "</r", "<g": "</g"}
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_EXTERNAL = re.compile(r"\[(?:https?:)?//[^\s\[\]]*\s*([^\[\]]*)\]")
_QUOTES = re.compile(r"'{2,}|__[A-Z]+__")
_EMPTY = re.compile(r"\s*[(（][\s,;:.、，；·/–-]*[)）]")
_SPACES = re.compile(r"\s+")
_STOPS = re.compile(r"[.!?](?=\s|$)|[。！？।۔።။։]|[(（\[«「『]|[)）\]»」』]")


def first_sentence(text: str, site: Site) -> str:
    """The first sentence of a visible wikitext without its markup, "" where there is none."""
    lead = _without_blocks(text[:MAX_TEXT])
    for _ in range(3):  # links in the captions of pictures first, then the pictures
        lead, found = _without_links(lead, site)
        if not found:
            break
    lead = _EXTERNAL.sub(r"\1", _QUOTES.sub("", _TAG.sub("", lead)))
    for line in unescape(lead).split("\n"):
        if line[:1] in tuple("*#:;|!{}[=<") or not any(map(str.isalpha, line)):
            continue
        line = _SPACES.sub(" ", _EMPTY.sub("", line)).strip()
        sentence = _cut(line)
        if len(sentence) > 10 or any(c > "\u2e80" for c in sentence):
            return sentence
    return ""


def _without_blocks(text: str) -> str:
    """What stands outside templates, tables and references, up to the first heading."""
    kept: list = []
    waiting: list = []
    done, size = 0, 0
    for match in _BLOCKS.finditer(text):
        if not waiting:
            kept.append(text[done : match.start()])
            size += match.start() - done
            if size > MAX_LEAD:
                return "".join(kept)[:MAX_LEAD]
            if match["head"] and "".join(kept).strip():
                return "".join(kept)
        mark = match[0].strip(" \t:*").lower()
        if match["open"]:
            waiting.append(_KINDS[mark[:2]])
        elif match["close"] and waiting and mark.startswith(waiting[-1]):
            waiting.pop()
        done = match.end()
    return "".join(kept) if waiting else ("".join(kept) + text[done:])[:MAX_LEAD]


def _without_links(text: str, site: Site) -> tuple[str, bool]:
    """Links replaced by what a reader sees of them, pictures and categories by nothing."""
    kept, done = [], 0
    for target, shown, start, end in raw_link_spans(text):
        kept.append(text[done:start])
        title = site.title(target)
        if shown is not None and not shown.strip():
            shown = without_brackets(title or "")
        if title is not None or target.startswith(":"):
            kept.append(target.strip().removeprefix(":") if shown is None else shown)
        done = end
    return "".join(kept) + text[done:], done > 0


def _cut(line: str) -> str:
    """Up to the first full stop outside brackets that does not belong to an abbreviation."""
    depth = 0
    for match in _STOPS.finditer(line):
        sign = match[0]
        if sign in "(（[«「『":
            depth += 1
        elif sign in ")）]»」』":
            depth = max(0, depth - 1)
        elif depth == 0 and not (sign == "." and _is_abbreviation(line, match.start())):
            return _shorten(line[: match.end()])
    return _shorten(line)


def _is_abbreviation(line: str, stop: int) -> bool:
    """Is the full stop at `stop` behind a short word or a number, or does the sentence go on?"""
    word = line[max(0, stop - 30) : stop].rpartition(" ")[2].lstrip("(\"'„“")
    after = line[stop + 1 :].lstrip()[:1]
    if word.isdigit():
        return len(word) < 3  # "am 3. Oktober", but "in 1990."
    return after.islower() or (len(word) <= 3 and word[:1].isupper()) or len(word) <= 2 or "." in word


def _shorten(sentence: str) -> str:
    if len(sentence) <= MAX_SENTENCE:
        return sentence
    cut = sentence[:MAX_SENTENCE]
    return (cut.rpartition(" ")[0] if " " in cut[MAX_SENTENCE // 2 :] else cut) + "…"
