"""The read-only part of a knowledge base: files by position, nothing held in memory but what is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .entity_table import EntityTable
from .kb_files import blocks_at, find_base, manifest_sha256
from .links import LINK
from .reader import Reader
from .string_index import StringIndex

if TYPE_CHECKING:
    from thinc.types import Floats2d, Ints1d

CHUNK = 20_000  # aliases at once where all are read


class Base:
    """The store in the directory `path`, or the one it points to. Safe in threads and after a fork.
    Raises LK302 to LK305, LK330 to LK332."""

    def __init__(self, path: Path):
        self.path = Path(path).absolute()
        self.home, self.about = find_base(self.path)
        self.manifest_sha256 = manifest_sha256(self.home)
        self.ids = StringIndex.open(self.home / "ids")
        self.aliases = StringIndex.open(self.home / "aliases")
        self.forms = StringIndex.open(self.home / "forms")
        self._links = Reader(self.home / "links.bin")
        self._info = Reader(self.home / "info.bin")
        self._info_starts = _Column(self.home / "info.npy")
        self._counts = _Column(self.home / "counts.npy")
        has_vectors = (self.home / "vectors.npy").is_file()
        self._table = EntityTable.open(self.home / "vectors.npy") if has_vectors else None
        self._has_vector = _Column(self.home / "has_vector.npy") if has_vectors else None
        has_biases = (self.home / "biases.npy").is_file()
        self._biases = _Column(self.home / "biases.npy") if has_biases else None

    def __len__(self) -> int:
        """How many entities."""
        return self.about["entities"]

    @property
    def width(self) -> int:
        """Components of an entity vector, 0 if there are none and nobody said how many there would be."""
        return self.about["width"]

    @property
    def vector_dtype(self) -> str | None:
        """float16 or float32; None without vectors."""
        return None if self._table is None else str(self._table.dtype)

    def links(self, keys: Sequence[str], *, normalised: bool) -> tuple[Ints1d, np.ndarray]:
        """(keys,) int64 how many links each has, and (links of all,) LINK. normalised: the keys are normal
        forms already, and all aliases of such a form count."""
        places = (self.forms if normalised else self.aliases).find(keys)
        return self.links_at(places)

    def links_at(self, places: Ints1d) -> tuple[Ints1d, np.ndarray]:
        """The same by the numbers that the indexes give, -1 = none."""
        first, lengths = blocks_at(places)
        some = lengths > 0
        starts, ends = first[some] * LINK.itemsize, (first[some] + lengths[some]) * LINK.itemsize
        found = b"".join(map(self._links.read, starts.tolist(), ends.tolist()))
        return lengths, np.frombuffer(found, LINK)

    def info(self, row: int) -> dict:
        """{"labels": ..., "description": ..., "types": ...} of an entity, as far as known."""
        start, end = self._info_starts.read(row, row + 2).tolist()
        return json.loads(self._info.read(start, end))

    def counts(self, rows: Ints1d) -> Ints1d:
        """(rows,) int64 popularity, -1 = unknown."""
        return self._counts[rows]

    def vectors(self, rows: Ints1d) -> Floats2d:
        """(rows, width) float32, zeros where there is none."""
        if self._table is None:
            return np.zeros((len(rows), self.width), np.float32)
        return self._table.rows(rows)

    def has_vector(self, rows: Ints1d) -> np.ndarray:
        """(rows,) bool."""
        return np.zeros(len(rows), bool) if self._has_vector is None else self._has_vector[rows]

    def biases(self, rows: Ints1d) -> np.ndarray:
        """(rows,) float32 what LUKE's masked-entity head adds to the score of each entity, 0 where unknown."""
        return np.zeros(len(rows), np.float32) if self._biases is None else self._biases[rows]

    def iter_aliases(self) -> Iterator[list[str]]:
        """All aliases in parts."""
        for start in range(0, len(self.aliases.places), CHUNK):
            part = self.aliases.places[start : start + CHUNK].tolist()
            yield [self.aliases.key_at(place) for place in part]


class _Column:
    """A flat .npy file read by position. Through a map all of it would become resident."""

    def __init__(self, path: Path):
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        self._dtype, self._offset = mapped.dtype, getattr(mapped, "offset", 0)
        self._reader = Reader(path)

    def read(self, start: int, end: int) -> np.ndarray:
        """(end - start,) neighbours."""
        size = self._dtype.itemsize
        return np.frombuffer(self._reader.read(self._offset + start * size, self._offset + end * size), self._dtype)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        size = self._dtype.itemsize
        starts = (np.asarray(rows, np.int64) * size + self._offset).tolist()
        return np.frombuffer(b"".join([self._reader.read(start, start + size) for start in starts]), self._dtype)
