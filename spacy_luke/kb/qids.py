"""QIDs of entities: `QID<TAB>title` or `QID<TAB>language<TAB>title` lines -> sorted numbers and ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import Errors
from .entity_files import look_up_key, read_lines
from .string_index import StringIndex

CHUNK = 100_000  # lines looked up at once


def qid_number(qid: str) -> int:
    """"Q17" -> 17. Raises LK325."""
    digits = qid[1:]
    if qid[:1] != "Q" or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError(Errors.LK325.format(qid=qid))
    return int(digits)


def read_qids(path: Path, names: StringIndex, plain: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """(QIDs,) int64 sorted numbers, (QIDs,) int64 ids, and how many lines name no entity.
    Raises LK310, LK311 for a broken line, LK325 for a broken QID, LK328 where one QID means two entities,
    LK329 where no line names an entity."""
    if not path.is_file():
        raise ValueError(Errors.LK310.format(path=path))
    parts: list = []
    keys: list = []
    lines: list = []
    columns, lost = 0, 0

    def flush() -> int:
        ids = names.find([key for _, key in keys])
        numbers = np.array([number for number, _ in keys], dtype=np.int64)
        found = ids >= 0
        parts.append((numbers[found], ids[found], np.array(lines, dtype=np.int64)[found]))
        keys.clear()
        lines.clear()
        return int((~found).sum())

    for line_number, line in read_lines(path):
        cells = line.split("\t")
        columns = columns or len(cells)
        if len(cells) != columns or columns not in (2, 3):
            expected = "QID<TAB>title or QID<TAB>language<TAB>title in all lines"
            raise ValueError(Errors.LK311.format(path=path, line=line_number, found=line, expected=expected))
        try:
            number = qid_number(cells[0])
        except ValueError as e:
            raise ValueError(Errors.LK311.format(path=path, line=line_number, found=line, expected=e)) from e
        keys.append((number, look_up_key(cells[-1], cells[1] if columns == 3 else None, plain)))
        lines.append(line_number)
        if len(keys) == CHUNK:
            lost += flush()
    lost += flush()
    numbers, ids, places = (np.concatenate(part) for part in zip(*parts))
    if not len(numbers):
        raise ValueError(Errors.LK329.format(path=path, lines=lost))
    order = np.argsort(numbers, kind="stable")
    numbers, ids, places = numbers[order], ids[order], places[order]
    same = numbers[1:] == numbers[:-1]
    if (same & (ids[1:] != ids[:-1])).any():
        bad = int(np.flatnonzero(same & (ids[1:] != ids[:-1]))[0])
        raise ValueError(
            Errors.LK328.format(
                path=path,
                qid=f"Q{numbers[bad]}",
                first=ids[bad],
                second=ids[bad + 1],
                lines=f"{places[bad]} and {places[bad + 1]}",
            )
        )
    keep = np.concatenate([[True], ~same])
    return numbers[keep], ids[keep], lost
