"""A heap on the disk, sorted into parts: what has the same key comes out of the same part.

The external half of every group-by of a build. Memory: one chunk that goes in, or one part that comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import Errors
from .string_index import hash_keys

PART_BITS = 8
PARTS = 2**PART_BITS


class Spool:
    """add(keys, texts, values) as often as you like, then parts() once: it removes what it has read.

    dtype: of `values`, one for each key."""

    def __init__(self, directory: Path, dtype: np.dtype):
        directory.mkdir(parents=True)
        self._paths = [directory / str(part) for part in range(PARTS)]
        self._files: list[IO[bytes] | None] = [None] * PARTS
        self._dtype = np.dtype(dtype)

    def add(self, keys: Sequence[str], values: np.ndarray, behind: Sequence[str] | None = None) -> None:
        """Keep keys, each with a value and, if given, with a second string. Raises LK308."""
        try:
            texts = [key.encode() for key in keys]
            if behind is not None:  # no byte of UTF-8 is 0xFF
                texts = [text + b"\xff" + more.encode() for text, more in zip(texts, behind)]
        except UnicodeEncodeError as e:
            raise ValueError(Errors.LK308.format(key=e.object)) from e
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        values = np.asarray(values, self._dtype)
        parts = (hash_keys(keys) >> np.uint64(64 - PART_BITS)).astype(np.int64)
        order = np.argsort(parts, kind="stable")
        ends = np.cumsum(np.bincount(parts, minlength=PARTS))
        for part, mine in enumerate(np.split(order, ends[:-1])):
            if len(mine):
                file = self._files[part] = self._files[part] or open(self._paths[part], "wb")
                file.write(np.array([len(mine)]).data)
                file.write(lengths[mine].data)
                file.write(values[mine].tobytes())
                file.write(b"".join([texts[i] for i in mine.tolist()]))

    def parts(self) -> Iterator[tuple[list[bytes], np.ndarray]]:
        """(texts,) key or key 0xFF second string, and (texts,) values, in the order in which they came."""
        self.close()
        for path in (path for file, path in zip(self._files, self._paths) if file is not None):
            texts, values = [], [np.empty(0, self._dtype)]
            with open(path, "rb") as file:
                while head := file.read(8):
                    length = int.from_bytes(head, "little")
                    ends = np.cumsum(np.frombuffer(file.read(8 * length), np.int64)).tolist()
                    values.append(np.frombuffer(file.read(self._dtype.itemsize * length), self._dtype))
                    blob = file.read(ends[-1])
                    texts += [blob[start:end] for start, end in zip([0, *ends], ends)]
            path.unlink()
            yield texts, np.concatenate(values)

    def close(self) -> None:
        """Also for a build that ends before its time: open files cannot be removed on Windows."""
        for file in self._files:
            if file is not None:
                file.close()


def number_texts(texts: list[bytes]) -> tuple[np.ndarray, list[bytes]]:
    """(texts,) int64 the same number for the same text, from 0 on, and the texts by number."""
    numbers: dict[bytes, int] = {}
    found = np.fromiter((numbers.setdefault(text, len(numbers)) for text in texts), np.int64, len(texts))
    return found, list(numbers)
