"""String -> number on the disk: many strings may stand for one number.

    records.bin    0xFF key 0xFE number 0xFF key 0xFE number 0xFF ...    keys in UTF-8, numbers in digits
    buckets.npy    (buckets + 1,) where each bucket of records starts
    places.npy     (rows,) where each key starts, in the order in which the keys were given

The upper bits of a key's hash say in which bucket it is, some 8 to 16 records; the bucket is read and
searched for 0xFF key 0xFE. UTF-8 has no byte 0xFE or 0xFF, so only the key itself is ever found: a hash
leads to the bucket and decides nothing. Keys are compared as they are: no case folding, no Unicode
normalisation.

Why not something kept by others? 8.8 M names, 100,000 random look-ups, one core (benchmarks/entity_vocab;
seconds and look-ups of processor time, memory is what each step added to the process):

                     on disk   build   its peak    resident after   look-ups/s in a batch   one by one
    this              354 MB    19 s     124 MB             10 MB                 520,000      480,000
    marisa-trie 1.4    92 MB    52 s    1042 MB             89 MB                 290,000      220,000
    sorted hashes     385 MB    10 s     387 MB            374 MB                 430,000      130,000
    sqlite3           368 MB    54 s    2038 MB              6 MB                 115,000      115,000

All open in 2 ms or less. marisa-trie is four times smaller; but it keeps all keys in memory while it
builds, is a dependency more, and trusts its file: one of 60 single flipped bits ended in a segmentation fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy.strings import hash_string  # type: ignore[attr-defined]

from ..errors import Errors
from .reader import Reader
from .store import find_directory, new_directory, read_manifest

if TYPE_CHECKING:
    from thinc.types import Ints1d

KIND, VERSION = "spacy_luke.string_index", 1
BEFORE_KEY, BEHIND_KEY = b"\xff", b"\xfe"
PROBE = "索引 index"  # its hash is in the manifest: an index is never read with another hash function
KEY_BYTES = 256  # read at once where the end of a key is not known


def hash_keys(keys: Sequence[str]) -> np.ndarray:
    """(keys,) uint64: spaCy's string hash (MurmurHash64A of the UTF-8), the same on every machine."""
    return np.fromiter(map(hash_string, keys), dtype=np.uint64, count=len(keys))


class KeyConflict(ValueError):
    """A key was given twice, in these two rows, for these two numbers."""

    def __init__(self, key: str, numbers: tuple[int, int], rows: tuple[int, int]):
        super().__init__(Errors.LK306.format(key=key, first=numbers[0], second=numbers[1]))
        self.key, self.numbers, self.rows = key, numbers, rows


class StringIndex:
    """A read-only map from strings to numbers >= 0. Safe in threads and after a fork; pickles by path."""

    def __init__(self, path: Path):
        self.path = Path(path).absolute()
        home = find_directory(self.path)
        self.about = read_manifest(home, KIND, VERSION)
        if self.about["probe"] != str(hash_keys([PROBE])[0]):
            raise ValueError(Errors.LK305.format(path=self.path))
        # plain arrays over the maps: np.memmap's own bookkeeping costs more than a look-up
        self._buckets = np.load(home / "buckets.npy", mmap_mode="r").view(np.ndarray)
        self.places = np.load(home / "places.npy", mmap_mode="r").view(np.ndarray)
        self._shift = 64 - self.about["bits"]
        self._records = Reader(home / "records.bin")

    @classmethod
    def open(cls, path: str | Path) -> StringIndex:
        """The index in the directory `path`. Raises LK302 to LK305."""
        return cls(Path(path))

    @classmethod
    def build(cls, path: str | Path, chunks: Iterable[tuple[Sequence[str], Ints1d]]) -> StringIndex:
        """Write (keys, numbers) chunk by chunk into the directory `path` and open it.
        A key that comes again with the same number is harmless and counted in `about["repeated"]`.
        Raises LK306 for a key with two numbers (KeyConflict), LK307 for a number below 0, LK308 for a
        key that UTF-8 cannot hold."""
        from .string_index_build import build_string_index

        about: dict = {"probe": str(hash_keys([PROBE])[0])}
        with new_directory(Path(path), KIND, VERSION, about) as directory:
            about.update(build_string_index(directory, chunks))
        return cls.open(path)

    def __len__(self) -> int:
        """How many different keys."""
        return self.about["keys"]

    def __reduce__(self):
        return StringIndex.open, (str(self.path),)

    def find(self, keys: Sequence[str]) -> Ints1d:
        """(keys,) int64: the number of each key, -1 where the index has no such key."""
        try:
            encoded = [key.encode() for key in keys]
            buckets = (hash_keys(keys) >> np.uint64(self._shift)).astype(np.int64)
        except UnicodeEncodeError:  # half of a surrogate pair: no key of ours, and no reason to crash
            return np.array([self.find_one(key) for key in keys], dtype=np.int64)
        starts, ends = self._buckets[buckets].tolist(), (self._buckets[buckets + 1] + 1).tolist()
        numbers = map(_search, map(self._records.read, starts, ends), encoded)
        return np.fromiter(numbers, dtype=np.int64, count=len(encoded))

    def find_one(self, key: str) -> int:
        """The number of one key, -1 if the index has no such key."""
        try:
            encoded = key.encode()
        except UnicodeEncodeError:
            return -1
        bucket = hash_string(key) >> self._shift
        start, end = self._buckets.item(bucket), self._buckets.item(bucket + 1) + 1  # with the last 0xFF
        return _search(self._records.read(start, end), encoded)

    def key(self, row: int) -> str:
        """The key that was given as number `row`."""
        return self.key_at(self.places.item(row))

    def key_at(self, start: int) -> str:
        """The key that starts at this byte of records.bin, one of `places`."""
        key = self._records.read(start, start + KEY_BYTES)
        while BEHIND_KEY not in key:
            key = self._records.read(start, start + 2 * len(key))
        return key[: key.index(BEHIND_KEY)].decode()

    def __iter__(self) -> Iterator[str]:
        """All keys in the order in which they were given, repeated ones again."""
        return map(self.key, range(len(self.places)))


def _search(bucket: bytes, key: bytes) -> int:
    start = bucket.find(BEFORE_KEY + key + BEHIND_KEY)
    if start < 0:
        return -1
    start += len(key) + 2  # 0xFF and 0xFE
    return int(bucket[start : bucket.index(BEFORE_KEY, start)])
