"""Read a flat JSON object of any size in bounded memory.

Hugging Face's entity_vocab.json of mLUKE is one object of 418 MB; `json.load` takes gigabytes for it.
Here the file is cut behind values (`: 13,`) into blocks, and each block is parsed by itself. A cut that
falls into a string (a title may hold `: 13,`) leaves that string without its end, which the parser
always notices; then the next cut to the left is tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import Errors

BLOCK = 1 << 22  # bytes read at once
LIMIT = 16  # blocks without a cut: this is no flat object of numbers
_VALUE = re.compile(rb":\s*-?\d+\s*\Z")


def read_json_pairs(path: Path) -> Iterator[list[tuple[str, object]]]:
    """(key, value) pairs of the object in the file, in their order, repeated keys included.
    Raises LK314 with the number of the entry."""
    entries = 0
    with open(path, "rb") as file:
        buffer = file.read(BLOCK).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not buffer.startswith(b"{"):
            raise _error(path, 0, bytes(buffer[:80]))
        buffer = buffer[1:]
        while block := file.read(BLOCK):
            buffer += block
            pairs, buffer = _cut(path, entries, buffer)
            if pairs:
                yield pairs
                entries += len(pairs)
            elif len(buffer) > LIMIT * BLOCK:
                raise _error(path, entries, bytes(buffer[:80]))
    try:
        pairs = _parse(b"{" + buffer)
    except ValueError as e:
        raise _error(path, entries, e) from e
    yield pairs


def _parse(text: bytes) -> list[tuple[str, object]]:
    return json.loads(text.decode("utf8"), object_pairs_hook=list)


def _cut(path: Path, entries: int, buffer: bytes) -> tuple[list[tuple[str, object]], bytes]:
    """The pairs in front of the last possible cut, and the bytes behind it."""
    end = buffer.rfind(b",")
    while end > 0:
        if _VALUE.search(buffer, max(0, end - 40), end):
            try:
                return _parse(b"{" + buffer[:end] + b"}"), buffer[end + 1 :]
            except json.JSONDecodeError as e:
                if not e.msg.startswith("Unterminated string"):
                    raise _error(path, entries, e) from e
            except UnicodeDecodeError as e:
                raise _error(path, entries, e) from e
        end = buffer.rfind(b",", 0, end)
    return [], buffer


def _error(path: Path, entries: int, found) -> ValueError:
    expected = 'one flat object {"title": id, ...} in UTF-8'
    return ValueError(Errors.LK314.format(path=path, place=f"after {entries}", found=found, expected=expected))
