"""Writing a StringIndex: the keys go to the disk as they come, then their hashes are sorted in parts.

Memory is bounded whatever the number of keys: one chunk of keys, and PART hashes with their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Errors
from . import string_index
from .npy import NpyWriter

if TYPE_CHECKING:
    from thinc.types import Ints1d

PART = 4_000_000  # hashes sorted at once, about 150 MB
CHUNK = 1_000_000  # numbers read at once, 8 MB


def build_string_index(directory: Path, chunks: Iterable[tuple[Sequence[str], Ints1d]]) -> dict:
    """Fill `directory` with the files of a StringIndex; returns {"keys", "rows", "repeated"}."""
    rows, length, largest = _spool(directory, chunks)
    small = np.dtype(np.uint32)
    _copy(directory, "offsets", rows + 1, small if length < 2**32 else np.dtype(np.int64))
    _copy(directory, "values", rows, small if largest < 2**32 else np.dtype(np.int64))
    keys = _sort(directory, rows)
    for spool in directory.glob("*.spool"):
        spool.unlink()
    return {"keys": keys, "rows": rows, "repeated": rows - keys}


def _spool(directory: Path, chunks: Iterable[tuple[Sequence[str], Ints1d]]) -> tuple[int, int, int]:
    """Write keys.bin, and 64 bits for each offset, value and hash; how many keys, bytes, the largest value."""
    rows, length, largest = 0, 0, 0
    with (
        open(directory / "keys.bin", "wb") as keys_file,
        open(directory / "offsets.spool", "wb") as offsets_file,
        open(directory / "values.spool", "wb") as values_file,
        open(directory / "hashes.spool", "wb") as hashes_file,
    ):
        offsets_file.write(np.zeros(1, dtype=np.int64).data)
        for keys, values in chunks:
            if not len(keys):
                continue
            values = np.ascontiguousarray(values, dtype=np.int64)
            if values.min() < 0:
                bad = int(values.argmin())
                raise ValueError(Errors.LK307.format(key=keys[bad], value=values[bad]))
            try:
                encoded = [key.encode() for key in keys]
            except UnicodeEncodeError as e:
                raise ValueError(Errors.LK308.format(key=e.object)) from e
            ends = length + np.cumsum(np.fromiter(map(len, encoded), np.int64, len(keys)))
            keys_file.write(b"".join(encoded))
            offsets_file.write(ends.data)
            values_file.write(values.data)
            hashes_file.write(string_index.hash_keys(keys).data)
            rows, length, largest = rows + len(keys), int(ends[-1]), max(largest, int(values.max()))
    return rows, length, largest


def _numbers(spool: Path, dtype) -> Iterator[np.ndarray]:
    with open(spool, "rb") as file:
        while len(numbers := np.frombuffer(file.read(CHUNK * 8), dtype=dtype)):
            yield numbers


def _copy(directory: Path, name: str, rows: int, dtype: np.dtype) -> None:
    with open(directory / f"{name}.npy", "wb") as file:
        writer = NpyWriter(file, dtype)
        for numbers in _numbers(directory / f"{name}.spool", np.int64):
            writer.write(numbers.astype(dtype))
        writer.close()


def _sort(directory: Path, rows: int) -> int:
    """Write hashes.npy and rows.npy, a range of hashes after the other; returns how many keys differ."""
    parts = max(1, -(-rows // PART))
    row_type = np.dtype(np.uint32) if rows < 2**32 else np.dtype(np.int64)
    with open(directory / "hashes.npy", "wb") as f, open(directory / "rows.npy", "wb") as g:
        hashes_out, rows_out = NpyWriter(f, np.uint32), NpyWriter(g, row_type)
        for part in range(parts):
            hashes, numbers = _part(directory / "hashes.spool", part, parts)
            order = np.argsort(hashes, kind="stable")
            hashes, numbers = hashes[order], numbers[order]
            keep = _without_repeated(directory, hashes, numbers)
            hashes_out.write((hashes[keep] >> np.uint64(32)).astype(np.uint32))
            rows_out.write(numbers[keep].astype(row_type))
        hashes_out.close()
        rows_out.close()
        return hashes_out.rows


def _part(spool: Path, part: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """All hashes of one of `parts` equal ranges, and their rows."""
    first = np.uint64((part << 64) // parts)
    last = np.uint64((((part + 1) << 64) // parts) - 1)
    hashes, numbers, start = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], 0
    for chunk in _numbers(spool, np.uint64):
        inside = np.flatnonzero((chunk >= first) & (chunk <= last))
        hashes.append(chunk[inside])
        numbers.append(inside + start)
        start += len(chunk)
    return np.concatenate(hashes), np.concatenate(numbers)


def _without_repeated(directory: Path, hashes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(hashes,) bool, False for keys that were there before; equal hashes stand together here.
    Raises KeyConflict (LK306) where such a key has another value."""
    keep = np.ones(len(hashes), dtype=bool)
    again = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
    if not len(again):
        return keep
    offsets = np.load(directory / "offsets.npy", mmap_mode="r")
    values = np.load(directory / "values.npy", mmap_mode="r")
    with open(directory / "keys.bin", "rb") as file:
        seen: dict[bytes, int] = {}  # the keys of the present hash and their rows
        before = -1
        for i in again.tolist():
            if before != i - 1:
                seen = {}
            for j in (i - 1, i) if before != i - 1 else (i,):
                start, end = int(offsets[rows[j]]), int(offsets[rows[j] + 1])
                file.seek(start)
                key, row = file.read(end - start), int(rows[j])
                first = seen.setdefault(key, row)
                if first == row:
                    continue
                if values[first] != values[row]:
                    text = Errors.LK306.format(key=key.decode(), first=values[first], second=values[row])
                    raise string_index.KeyConflict(text, (first, row))
                keep[j] = False
            before = i
    return keep
