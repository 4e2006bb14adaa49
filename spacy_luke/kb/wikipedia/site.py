"""A wiki: its language, how its namespaces are called, and which link targets are articles."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import unquote

from .words import LANGUAGES, NAMESPACES, PROJECTS

_SPACES = re.compile(r"[\s_\u200e\u200f]+")
_DBNAME = re.compile(r"([a-z]{2,}(?:_[a-z]+)*)wiki(?![a-z])")
_HOST = re.compile(r"//([a-z-]{2,})\.wikipedia\.")
_NAMESPACE = re.compile(r'<namespace key="(-?\d+)"[^>]*>([^<]*)</namespace>')
_UNWRITTEN = frozenset([0x1C90, *range(0x1C90, 0x1CC0)])  # Georgian capitals: no title begins with one


@dataclass(frozen=True)
class Site:
    """What must be known of a wiki to read its pages; goes to the worker processes."""

    language: str
    namespaces: dict[str, int] = field(default_factory=dict)  # the wiki's own names, in lower case
    first_letter: bool = True  # titles begin with a capital

    def namespace(self, prefix: str) -> bool:
        """Is this, before ":", a namespace or another wiki and not the beginning of a title?"""
        prefix = prefix.strip().lower()
        return prefix in self.namespaces or prefix in NAMESPACES or prefix in PROJECTS or prefix in LANGUAGES

    def title(self, target: str) -> str | None:
        """The title that a link target means, as titles are written in the dump; None where it is no article
        of this wiki (another namespace, another wiki, a section of the same page, nothing)."""
        if "&" in target:
            target = unescape(target)
        if "%" in target:
            target = unquote(target, errors="replace")
        target = _SPACES.sub(" ", target.partition("#")[0]).strip()
        if target[:1] == ":":
            target = target[1:].lstrip()
        prefix, colon, _ = target.partition(":")
        if not target or len(target) > 255 or (colon and self.namespace(prefix)):
            return None
        if not target.isascii():
            target = unicodedata.normalize("NFC", target)
        return self.capital(target)

    def capital(self, title: str) -> str:
        """With the first letter as the wiki writes it."""
        first = title[:1].upper() if self.first_letter else title[:1]
        return first + title[1:] if len(first) == 1 and ord(first) not in _UNWRITTEN else title


def read_siteinfo(head: str, language: str | None = None) -> Site | None:
    """The wiki that the beginning of a dump (all before the first <page>) describes. language: of the user, goes
    before what the dump says. None where neither says it."""
    dbname = re.search(r"<dbname>([^<]*)</dbname>", head)
    found = _DBNAME.fullmatch(dbname[1].strip()) if dbname else None
    found = found or _HOST.search(head) or re.search(r'xml:lang="([a-z-]+)"', head)
    if language is None:
        if found is None:
            return None
        language = found[1].replace("_", "-")
    names = {unescape(name).lower(): int(key) for key, name in _NAMESPACE.findall(head) if name}
    return Site(language, names, "<case>case-sensitive</case>" not in head)


def language_of_name(name: str) -> str | None:
    """jawiki-20240101-page_props.sql.gz -> ja; None where the name does not begin like that."""
    match = _DBNAME.match(name)
    return match[1].replace("_", "-") if match else None
