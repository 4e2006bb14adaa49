"""The table of entity vectors: a .npy file that stays on the disk and that no optimizer ever sees.

`rows` reads the rows asked for and nothing else (reader.py): 1.1 microseconds a row of 256 float16, 0.5
through a memory map, which however has the whole table of 600 MB resident after 20,000 rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Errors
from .npy import NpyWriter
from .reader import Reader
from .store import new_file

if TYPE_CHECKING:
    from thinc.types import Floats2d, Ints1d

ROWS = 65_536  # rows written at once where a whole array is given


class EntityTable:
    """Entity vectors on the disk, float16 or float32, one row per entity id. Pickles by path."""

    def __init__(self, path: Path):
        self.path = Path(path).absolute()
        try:
            mapped = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as e:
            raise ValueError(Errors.LK320.format(path=self.path, reason=e)) from e
        if not isinstance(mapped, np.memmap) or not _is_good(mapped) or np.isfortran(mapped):
            found = f"{getattr(mapped, 'dtype', type(mapped))} {getattr(mapped, 'shape', '')}"
            raise ValueError(Errors.LK321.format(name=self.path, found=found))
        self._header, self._shape, self._dtype = mapped.offset, mapped.shape, mapped.dtype
        self._reader = Reader(self.path)

    @classmethod
    def open(cls, path: str | Path) -> EntityTable:
        """The table in the file `path`. Raises LK320 (no .npy file, or cut off), LK321 (shape or dtype)."""
        return cls(Path(path))

    @classmethod
    def create(cls, path: str | Path, vectors: np.ndarray | Iterable[np.ndarray]) -> EntityTable:
        """Write `path` from one array (entities, emb) or chunks of it, float16 or float32, and open it.
        An older table stays whole until the new one is. Raises LK321 for another shape or dtype, LK322
        for a chunk that differs from the first one, LK323 if there is no chunk."""
        if isinstance(vectors, np.ndarray):
            array = vectors
            _check(array, "the array")
            vectors = (array[i : i + ROWS] for i in range(0, max(1, len(array)), ROWS))
        with new_file(Path(path)) as file:
            writer = None
            for number, chunk in enumerate(vectors):
                chunk = np.asarray(chunk)
                _check(chunk, f"chunk {number}")
                if writer is None:
                    writer = NpyWriter(file, chunk.dtype, chunk.shape[1])
                if chunk.dtype != writer.dtype or chunk.shape[1] != writer.width:
                    found, expected = f"{chunk.dtype} {chunk.shape}", f"{writer.dtype} (rows, {writer.width})"
                    raise ValueError(Errors.LK322.format(number=number, found=found, expected=expected))
                writer.write(chunk)
            if writer is None or writer.rows == 0:
                raise ValueError(Errors.LK323.format(path=path))
            writer.close()
        return cls.open(path)

    def __len__(self) -> int:
        """How many entities."""
        return self._shape[0]

    @property
    def width(self) -> int:
        """Components of a vector."""
        return self._shape[1]

    @property
    def dtype(self) -> np.dtype:
        """float16 or float32, as on the disk."""
        return self._dtype

    def rows(self, ids: Ints1d) -> Floats2d:
        """(ids, emb) float32, a copy that may be written to: torch on read-only pages of a map crashes the
        process at the first write in place. Raises LK324 for an id the table does not have."""
        ids = np.asarray(ids, dtype=np.int64).reshape(-1)
        if len(ids) and (ids.min() < 0 or ids.max() >= len(self)):
            bad = int(ids[(ids < 0) | (ids >= len(self))][0])
            raise ValueError(Errors.LK324.format(path=self.path, id=bad, rows=len(self)))
        size = self.width * self.dtype.itemsize
        starts = (ids * size + self._header).tolist()
        found = b"".join([self._reader.read(start, start + size) for start in starts])
        return np.frombuffer(found, self.dtype).reshape(len(ids), self.width).astype(np.float32)

    def __reduce__(self):
        return EntityTable.open, (str(self.path),)


def _is_good(array: np.ndarray) -> bool:
    return array.ndim == 2 and array.shape[1] > 0 and array.dtype in (np.float16, np.float32)


def _check(array: np.ndarray, name: str) -> None:
    if not _is_good(array):
        raise ValueError(Errors.LK321.format(name=name, found=f"{array.dtype} {array.shape}"))
