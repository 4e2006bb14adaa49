"""Linked text in NIF, as Turtle: contexts with a text, phrases with a place in it and a QID (OpenTapioca)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from spacy_luke.errors import Errors
from spacy_luke.training.readers.gold import GoldMention, GoldText, open_text

_STRING = re.compile(r'nif:isString\s+(?:"""(.*?)"""|"((?:[^"\\]|\\.)*)")(?!")', re.DOTALL)
_NUMBER = r'nif:{name}\s+"([0-9]+)"'
_BEGIN, _END = (re.compile(_NUMBER.format(name=name)) for name in ("beginIndex", "endIndex"))
_CONTEXT = re.compile(r"nif:referenceContext\s+<([^>]*)>")
_LINK = re.compile(r"itsrdf:taIdentRef\s+<([^>]*)>")
_QID = re.compile(r"https?://www\.wikidata\.org/(?:entity|wiki)/(Q[0-9]+)")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def read_nif(path: Path) -> Iterator[GoldText]:
    """The texts of a file in its order, with their phrases. A phrase with a link to something else than
    Wikidata is "NIL", one without a link counts as not annotated; all have the label ENTITY.

    Reads the Turtle that rdflib writes: one subject after the other, blank lines between them.

    RAISES FileNotFoundError LK610, ValueError LK611 with the line where the subject begins.
    """
    with open_text(path) as file:
        content = file.read()
    texts: dict[str, GoldText] = {}
    phrases: list[tuple[int, str, str]] = []
    for found in re.finditer(r"^<([^>]*)> a .*?(?= \.\s*(?:\n\s*\n|\Z))", content, re.DOTALL | re.MULTILINE):
        line = content.count("\n", 0, found.start()) + 1
        if string := _STRING.search(found[0]):
            texts[found[1]] = GoldText(_ESCAPE.sub(_unescape, string[1] or string[2] or ""), [])
        elif "nif:Phrase" in found[0]:
            phrases.append((line, found[1], found[0]))
    if not texts:
        raise ValueError(Errors.LK611.format(path=path, line=1, reason="there is no nif:isString"))
    for line, name, body in phrases:
        parts = [pattern.search(body) for pattern in (_CONTEXT, _BEGIN, _END)]
        if not all(parts) or parts[0][1] not in texts:
            raise ValueError(Errors.LK611.format(path=path, line=line, reason=f"{name} has no known place"))
        gold, start, end = texts[parts[0][1]], int(parts[1][1]), int(parts[2][1])
        if not start < end <= len(gold.text):
            raise ValueError(Errors.LK611.format(path=path, line=line, reason=f"{name} is not in its text"))
        if link := _LINK.search(body):
            qid = _QID.fullmatch(link[1])
            gold.mentions.append(GoldMention(start, end, "ENTITY", qid[1] if qid else "NIL"))
        else:
            gold.unknown.append((start, end))
    yield from texts.values()


def _unescape(found: re.Match) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])
