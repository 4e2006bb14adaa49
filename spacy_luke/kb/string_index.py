"""String -> number on the disk: many strings may stand for one number.

    keys.bin     the keys in UTF-8, one behind the other, in the order they came   a row per key
    offsets.npy  (rows + 1,) where each key starts in keys.bin
    values.npy   (rows,) the number each key stands for
    hashes.npy   (keys,) uint32, sorted: the upper half of the 64-bit hash of each key
    rows.npy     (keys,) the row of each hash

A look-up searches the hash and then compares the key itself, so two keys with one hash are never
mixed up. Keys are compared as they are: no case folding, no Unicode normalisation.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy.strings import hash_string

from ..errors import Errors
from .store import find_directory, new_directory, read_manifest

if TYPE_CHECKING:
    from thinc.types import Ints1d

KIND, VERSION = "spacy_luke.string_index", 1
PROBE = "索引 index"  # its hash is in the manifest: an index is never read with another hash function


def hash_keys(keys: Sequence[str]) -> np.ndarray:
    """(keys,) uint64: spaCy's string hash (MurmurHash64A of the UTF-8), the same on every machine."""
    return np.fromiter(map(hash_string, keys), dtype=np.uint64, count=len(keys))


class KeyConflict(ValueError):
    """A key came twice with different values; rows: where, in the order of the keys."""

    def __init__(self, message: str, rows: tuple[int, int]):
        super().__init__(message)
        self.rows = rows


class StringIndex:
    """A read-only map from strings to numbers >= 0. Pickles by path."""

    def __init__(self, path: Path):
        self.path = Path(path).absolute()
        home = find_directory(self.path)
        self.about = read_manifest(home, KIND, VERSION)
        if self.about["probe"] != str(hash_keys([PROBE])[0]):
            raise ValueError(Errors.LK305.format(path=self.path))
        self._hashes, self._rows, self._offsets, self._values = (
            # a plain array over the map: np.memmap's own bookkeeping costs more than a look-up
            np.load(home / f"{name}.npy", mmap_mode="r").view(np.ndarray)
            for name in ("hashes", "rows", "offsets", "values")
        )
        with open(home / "keys.bin", "rb") as file:
            size = self.about["files"]["keys.bin"]
            self._keys = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    @classmethod
    def open(cls, path: str | Path) -> StringIndex:
        """The index in the directory `path`. Raises LK302 to LK305."""
        return cls(Path(path))

    @classmethod
    def build(cls, path: str | Path, chunks: Iterable[tuple[Sequence[str], Ints1d]]) -> StringIndex:
        """Write (keys, values) chunk by chunk into the directory `path` and open it.
        A key that comes again with the same value is harmless and counted in `about["repeated"]`.
        Raises LK306 for a key with two values (KeyConflict), LK307 for a value below 0, LK308 for a
        key that UTF-8 cannot hold."""
        from .string_index_build import build_string_index

        about: dict = {"probe": str(hash_keys([PROBE])[0])}
        with new_directory(Path(path), KIND, VERSION, about) as directory:
            about.update(build_string_index(directory, chunks))
        return cls.open(path)

    def __len__(self) -> int:
        """How many different keys."""
        return len(self._hashes)

    def __reduce__(self):
        return StringIndex.open, (str(self.path),)

    def find(self, keys: Sequence[str]) -> Ints1d:
        """(keys,) int64: the value of each key, -1 where the index has no such key."""
        rows = self.find_rows(keys)
        found = rows >= 0
        rows[found] = self._values[rows[found]]
        return rows

    def find_one(self, key: str) -> int:
        """The value of one key, -1 if the index has no such key."""
        return int(self.find((key,))[0])

    def find_rows(self, keys: Sequence[str]) -> Ints1d:
        """(keys,) int64: the row of each key, -1 where the index has no such key."""
        keys = list(keys)
        out = np.full(len(keys), -1, dtype=np.int64)
        try:
            hashes = (hash_keys(keys) >> np.uint64(32)).astype(np.uint32)
        except UnicodeEncodeError:  # a lone surrogate: no key of ours, and not a crash
            good = [i for i, key in enumerate(keys) if _is_utf8(key)]
            out[good] = self.find_rows([keys[i] for i in good])
            return out
        asked = np.argsort(hashes)  # searching in order touches every page of the map only once
        hashes = hashes[asked]
        places = np.searchsorted(self._hashes, hashes)
        while len(asked):  # all keys at once, a further round for those whose hash met another key
            places_in = np.minimum(places, len(self._hashes) - 1) if len(self._hashes) else places[:0]
            if not len(places_in):
                break
            live = (places < len(self._hashes)) & (self._hashes[places_in] == hashes)
            asked, hashes, places = asked[live], hashes[live], places[live]
            rows = self._rows[places].astype(np.int64)
            starts, ends = self._offsets[rows].tolist(), self._offsets[rows + 1].tolist()
            same = np.fromiter(
                (
                    self._keys[start:end] == keys[i].encode()
                    for i, start, end in zip(asked.tolist(), starts, ends)
                ),
                dtype=bool,
                count=len(asked),
            )
            out[asked[same]] = rows[same]
            asked, hashes, places = asked[~same], hashes[~same], places[~same] + 1
        return out

    def values_of(self, rows: Ints1d | slice) -> Ints1d:
        """(rows,) int64: what the keys in these rows stand for; a copy."""
        return self._values[rows].astype(np.int64)

    def key(self, row: int) -> str:
        """The key that came as number `row`."""
        return self._keys[int(self._offsets[row]) : int(self._offsets[row + 1])].decode()

    def __iter__(self) -> Iterator[str]:
        """All keys in the order they came, repeated ones again."""
        return (self.key(row) for row in range(len(self._values)))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
