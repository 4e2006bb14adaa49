"""Entities of a knowledge base -> the texts from which their vectors are computed."""

from __future__ import annotations

from typing import NamedTuple


class Passage(NamedTuple):
    """A text about an entity, and where it is named in it."""

    text: str
    start: int  # first character of the mention
    end: int  # one past the last


def passage_of(info: dict) -> Passage | None:
    """An entity's description with its own name in it: "Tokyo is the capital of Japan." Where none of its
    labels is in it, one is put in front: "Tokyo: capital of Japan". None without a label.

    info: {"labels": {language: label}, "description"}, as of MMapKB.info. The longest label that the
    description has is taken, else the first one."""
    labels = list(dict.fromkeys(label for label in (info.get("labels") or {}).values() if label.strip()))
    description = (info.get("description") or "").strip()
    for label in sorted(labels, key=len, reverse=True):
        start = _find(description, label)
        if start >= 0:
            return Passage(description, start, start + len(label))
    if not labels:
        return None
    return Passage(f"{labels[0]}: {description}" if description else labels[0], 0, len(labels[0]))


def _find(text: str, name: str) -> int:
    """The first place of a name, -1 = none: not "Ann" in "Annual", but "東京" in "東京都"."""
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if not _is_inside(text, start) and not _is_inside(text, end):
            return start
        start = text.find(name, start + 1)
    return -1


def _is_inside(text: str, place: int) -> bool:
    """Do letters of a script that has upper and lower case, and so blanks between words, stand on both sides?"""
    return 0 < place < len(text) and all(c.lower() != c.upper() for c in text[place - 1 : place + 1])
