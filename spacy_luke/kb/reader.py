"""Bytes of a file by position, without becoming resident memory.

A look-up needs a few hundred bytes from anywhere in a file of gigabytes. Through a memory map each of them
makes 64 KB resident (Linux maps the pages around), and after some thousand look-ups all of the file is.
`pread` costs a microsecond, shares the system's cache of the file with all processes just as a map does,
and has no file position that threads or forked workers could spoil.
"""

from __future__ import annotations

import mmap
import os
import weakref
from pathlib import Path


class Reader:
    """reader.read(start, end) -> the bytes [start, end), fewer at the end of the file."""

    def __init__(self, path: Path):
        file = open(path, "rb", buffering=0)
        if hasattr(os, "pread"):
            weakref.finalize(self, file.close)
            self._file = file.fileno()
        else:  # Windows cannot read at a position
            with file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self.read = self._read_map  # type: ignore[method-assign]

    def read(self, start: int, end: int) -> bytes:
        """The bytes [start, end) of the file."""
        return os.pread(self._file, end - start, start)

    def _read_map(self, start: int, end: int) -> bytes:
        return self._map[start:end]
