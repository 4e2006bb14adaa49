"""Files of entities and aliases -> what build_kb takes; every refusal names the file and the line.

    entities .jsonl   {"id": "Q17", "labels": {"ja": "日本"}, "description": "...", "types": ["country"],
                       "count": 123, "aliases": ["Nippon"], "vector": [...], "bias": 0.1}   all but the id may be left out
    entities .tsv     id<TAB>label   or   id<TAB>label<TAB>description
    aliases  .jsonl   {"alias": "日本", "entity": "Q17", "count": 1200}   or
                      {"alias": "日本", "entities": ["Q17"], "priors": [0.9]}
    aliases  .tsv     alias<TAB>id<TAB>count
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import Errors
from .build_checks import alias_links, check_entity, check_link
from .entity_files import read_lines
from .links import GIVEN

ENDINGS = (".jsonl", ".tsv")
_HEADER = ["id", "label", "description"]


def read_entities(path: Path, language: str) -> Iterator[dict]:
    """The entities of one file. language: of the labels of a .tsv file.
    Raises LK310, LK311, LK334, LK336, LK346 with the file and the line, LK327 for a file without any."""
    line = 0
    for line, text in _lines(path):
        where = f"{path}, line {line}"
        if path.suffix == ".jsonl":
            entity = _json(text, path, line)
        else:
            cells = text.split("\t")
            if len(cells) not in (2, 3) or not cells[0]:
                expected = "id<TAB>label or id<TAB>label<TAB>description"
                raise ValueError(Errors.LK311.format(path=path, line=line, found=text[:200], expected=expected))
            if line == 1 and [cell.strip().lower() for cell in cells] == _HEADER[: len(cells)]:
                expected = "an entity: remove the line with the names of the columns"
                raise ValueError(Errors.LK311.format(path=path, line=line, found=text, expected=expected))
            entity = {"id": cells[0], "labels": {language: cells[1]}, "description": cells[2] if cells[2:] else ""}
        check_entity(entity, where)
        yield entity
    if line == 0:
        raise ValueError(Errors.LK327.format(path=path))


def entity_place(paths: Iterable[Path], number: int) -> str:
    """The file and the line of an entity, by its number from 0 on; reads the files again."""
    for path in paths:
        for line, _ in _lines(path):
            if number == 0:
                return f"{path}, line {line}"
            number -= 1
    return f"entity number {number + 1} behind the files"


def read_links(path: Path) -> Iterator[tuple[str, str, int]]:
    """(alias, id, count) of the lines of one file that have counts. Raises as read_priors."""
    for line, text in _lines(path):
        if path.suffix == ".jsonl":
            alias, links = alias_links(_json(text, path, line), f"{path}, line {line}")
            yield from ((alias, id, count) for id, _, count in links if count != GIVEN)
            continue
        cells = text.split("\t")
        if len(cells) != 3 or not cells[2].isascii() or not cells[2].isdigit():
            expected = "alias<TAB>id<TAB>count"
            raise ValueError(Errors.LK311.format(path=path, line=line, found=text[:200], expected=expected))
        alias, id, count = cells[0], cells[1], int(cells[2])
        check_link(alias, id, count, f"{path}, line {line}")
        yield alias, id, count


def read_priors(path: Path) -> Iterator[tuple[str, list[str], list[float]]]:
    """(alias, ids, priors) of the lines of one file that have priors.
    Raises LK310, LK311, LK334 to LK336, LK340, LK341, LK346 with the file and the line."""
    for line, text in _lines(path) if path.suffix == ".jsonl" else ():
        if '"priors"' in text:
            alias, links = alias_links(_json(text, path, line), f"{path}, line {line}")
            if links and links[0][2] == GIVEN:
                yield alias, [id for id, _, _ in links], [prior for _, prior, _ in links]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    if path.suffix not in ENDINGS:
        raise ValueError(Errors.LK346.format(path=path, endings=".jsonl or .tsv (columns with a tab between them)"))
    if not path.is_file():
        raise ValueError(Errors.LK310.format(path=path))
    return read_lines(path)


def _json(text: str, path: Path, line: int) -> dict:
    try:
        return json.loads(text)
    except ValueError as e:
        raise ValueError(Errors.LK311.format(path=path, line=line, found=text[:200], expected=f"JSON ({e})")) from e
