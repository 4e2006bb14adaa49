"""Readers for the files in which entity vocabularies come (LUKE.md section 8), a chunk at a time.

.tsv    `title<TAB>count`, the id is the number of the line, from 0           luke/utils/entity_vocab.py
.jsonl  {"id": 7, "entities": [["Japan", "en"], ["日本", "ja"]], "count": 5}    the same
.json   {"Japan": 13} or {"en:Japan": 13, "ja:日本": 13}                       Hugging Face's entity_vocab.json

Titles are taken as they are: no normalisation, no stripping. A name in square brackets, as [MASK], is
a special entity and has no language (Wikipedia allows no square brackets in titles).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import Errors
from .entity_json import read_json_pairs

CHUNK = 100_000  # names
NO_KEY = "\0"  # no name: readers refuse it
_SPECIAL = re.compile(r"\[[A-Z0-9_]+\]")
LARGEST_ID = 2**28  # beyond any table of vectors; a larger id is a slip


@dataclass
class Chunk:
    """A part of a vocabulary file. All lists of names go together, and the two of entities."""

    keys: list[str] = field(default_factory=list)  # (names,) as `name_key` makes them; json: as they stand
    ids: list[int] = field(default_factory=list)  # (names,)
    places: list[int] = field(default_factory=list)  # (names,) line of the file, json: which entry, from 1
    entities: list[int] = field(default_factory=list)  # (entities,) ids; empty for json
    counts: list[int] = field(default_factory=list)  # (entities,) -1 = not given


def is_special(name: str) -> bool:
    """[MASK], [PAD], [UNK], [MASK2], ..."""
    return name.startswith("[") and _SPECIAL.fullmatch(name) is not None


def name_key(title: str, language: str | None) -> str:
    """The key of a name in a vocabulary with languages: "ja:日本", ":Japan" without one, "[MASK]"."""
    if language is None:
        return title if is_special(title) else ":" + title
    return f"{language}:{title}"


def look_up_key(title: str, language: str | None, plain: bool) -> str:
    """The key to look a name up by; one that no vocabulary has where such a name is not possible."""
    if plain:
        return NO_KEY if language is not None else title
    return NO_KEY if language is not None and (":" in language or not language) else name_key(title, language)


def read_entity_file(path: Path) -> Iterator[Chunk]:
    """Chunks of a .tsv, .jsonl or .json file. Raises LK309 to LK314 with the file and the line."""
    readers = {".tsv": _read_tsv, ".jsonl": _read_jsonl, ".json": _read_json}
    if path.suffix not in readers:
        raise ValueError(Errors.LK309.format(path=path, endings=", ".join(readers)))
    if not path.is_file():
        raise ValueError(Errors.LK310.format(path=path))
    return readers[path.suffix](path)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, line) for all lines but blank ones at the end. Raises LK311."""
    number, blank = 0, 0
    try:
        # only "\n" ends a line: titles may hold other characters that Python takes for line ends
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                line = line.removesuffix("\n").removesuffix("\r")
                if not line.strip():
                    blank = blank or number
                    continue
                if blank:
                    raise ValueError(Errors.LK311.format(path=path, line=blank, found="", expected="no blank line"))
                yield number, line
    except UnicodeDecodeError as e:
        number, found = _undecodable(path)
        expected = "UTF-8: save the file in this encoding"
        raise ValueError(Errors.LK311.format(path=path, line=number, found=found, expected=expected)) from e


def _undecodable(path: Path) -> tuple[int, bytes]:
    """The first line that is not UTF-8, and its number from 1; text is decoded in blocks of many lines."""
    number, line = 0, b""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf8")
            except UnicodeDecodeError:
                break
    return number, line[:80]


def _read_tsv(path: Path) -> Iterator[Chunk]:
    chunk = Chunk()
    for number, line in read_lines(path):
        title, tab, count = line.partition("\t")
        if not title or not count.isascii() or not count.isdigit():
            raise ValueError(Errors.LK311.format(path=path, line=number, found=line, expected="title<TAB>count"))
        chunk.keys.append(name_key(title, None))
        chunk.ids.append(number - 1)
        chunk.places.append(number)
        chunk.entities.append(number - 1)
        chunk.counts.append(int(count))
        if len(chunk.keys) >= CHUNK:
            yield chunk
            chunk = Chunk()
    yield chunk


def _read_jsonl(path: Path) -> Iterator[Chunk]:
    chunk, seen = Chunk(), bytearray()
    expected = '{"id": number, "entities": [[title, language or null], ...], "count": number}'
    for number, line in read_lines(path):
        try:
            entry = json.loads(line)
            entity, count = entry["id"], entry.get("count", -1)
            pairs = [(title, None if is_special(title) else language) for title, language in entry["entities"]]
            names = dict.fromkeys(name_key(title, language) for title, language in pairs)
            good: bool = type(entity) is int and type(count) is int and count >= -1 and bool(names)
            good = good and all(_is_name(title, language) for title, language in pairs)
        except (ValueError, KeyError, TypeError, AttributeError):
            good = False
        if not good:
            raise ValueError(Errors.LK311.format(path=path, line=number, found=line[:200], expected=expected))
        check_id(entity, path, number)
        seen.extend(bytes(max(0, entity + 1 - len(seen))))
        if seen[entity]:
            raise ValueError(Errors.LK313.format(path=path, line=number, id=entity))
        seen[entity] = 1
        chunk.keys.extend(names)
        chunk.ids.extend([entity] * len(names))
        chunk.places.extend([number] * len(names))
        chunk.entities.append(entity)
        chunk.counts.append(count)
        if len(chunk.keys) >= CHUNK:
            yield chunk
            chunk = Chunk()
    yield chunk


def _is_name(title, language) -> bool:
    good = isinstance(title, str) and title != ""
    return good and (language is None or (isinstance(language, str) and language != "" and ":" not in language))


def _read_json(path: Path) -> Iterator[Chunk]:
    start = 1
    for pairs in read_json_pairs(path):
        keys = [key for key, _ in pairs]
        ids = [value for _, value in pairs]
        for place, (key, value) in enumerate(pairs, start):
            if type(value) is not int or key in ("", NO_KEY):
                found, expected = f"{key!r}: {value!r}", '"title": id'
                raise ValueError(Errors.LK314.format(path=path, place=place, found=found, expected=expected))
            if not 0 <= value <= LARGEST_ID:
                check_id(value, path, place)
        yield Chunk(keys, ids, list(range(start, start + len(keys))))  # type: ignore[arg-type]
        start += len(keys)


def check_id(entity: int, path: Path, place: int) -> None:
    """Raises LK312 for an id that cannot be a row of a table."""
    if not 0 <= entity <= LARGEST_ID:
        raise ValueError(Errors.LK312.format(path=path, place=place, id=entity, largest=LARGEST_ID))


_PREFIX = re.compile(r"[a-z][a-z-]{1,11}:.", re.DOTALL)


def has_language_prefix(keys: list[str]) -> np.ndarray:
    """(keys,) bool: does the key look like "ja:日本"?"""
    return np.fromiter((_PREFIX.match(key) is not None for key in keys), dtype=bool, count=len(keys))
