"""A .npy file written row by row: its length is known only when the last row has been written."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np

HEADER = 128  # bytes, room for any length; NumPy wants a multiple of 64


def npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """The header of a .npy file, format 1.0, always of HEADER bytes."""
    about = {"descr": dtype.newbyteorder("<").str, "fortran_order": False, "shape": shape}
    text = repr(about).encode("latin1").ljust(HEADER - 11) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


class NpyWriter:
    """Appends rows of one dtype to an open binary file, and puts the header in when it closes.
    width: None for a flat array (rows,), else (rows, width)."""

    def __init__(self, file: IO[bytes], dtype, width: int | None = None):
        self.file, self.dtype, self.width, self.rows = file, np.dtype(dtype), width, 0
        file.write(npy_header(self.dtype, self.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.rows,) if self.width is None else (self.rows, self.width)

    def write(self, array: np.ndarray) -> None:
        """Append (rows,) or (rows, width)."""
        array = np.ascontiguousarray(array, dtype=self.dtype.newbyteorder("<"))
        self.file.write(array.data)
        self.rows += len(array)

    def close(self) -> None:
        """Write the final header; the file stays open for its owner."""
        self.file.seek(0)
        self.file.write(npy_header(self.dtype, self.shape))
        self.file.seek(0, 2)


def save_npy(path: Path, array: np.ndarray) -> None:
    """One whole array."""
    with open(path, "wb") as file:
        writer = NpyWriter(file, array.dtype, array.shape[1] if array.ndim == 2 else None)
        writer.write(array)
        writer.close()
