"""Dumps as blocks of UTF-8, block by block: .xml, .json, .gz, .bz2, whatever the name says.

A file that is cut off or damaged gives what can be read of it; `damage` says what was wrong. A bz2 file of
many streams (the multistream dumps) goes on at the next stream behind the damage.
"""

from __future__ import annotations

import bz2
import codecs
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ...errors import Errors

BLOCK = 1 << 20  # bytes read from the disk at once
_STREAM = re.compile(rb"BZh[1-9]1AY&SY")
_UNKNOWN = {b"7z\xbc\xaf": "7-Zip", b"\x28\xb5\x2f\xfd": "Zstandard", b"\xfd7zX": "xz", b"PK\x03\x04": "zip"}
_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class DumpFile:
    """The content of a file, unpacked. Can be read once.

    size (int): bytes on the disk. position (int): how many of them have been read.
    damage (list[str]): what could not be read, filled while reading.
    Raises LK361 where there is no such file, LK362 for a compression that is not known here.
    """

    def __init__(self, path: Path):
        self.path, self.position = Path(path), 0
        self.damage: list[str] = []
        if not self.path.is_file():
            raise ValueError(Errors.LK361.format(path=path))
        self.size = self.path.stat().st_size
        with open(self.path, "rb") as file:
            self._magic = file.read(4)
        if self._magic in _UNKNOWN:
            raise ValueError(Errors.LK362.format(path=path, kind=_UNKNOWN[self._magic]))

    def __iter__(self) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            blocks = self._read(file)
            if self._magic[:3] == b"BZh":
                blocks = self._unpack_bz2(blocks)
            elif self._magic[:2] == b"\x1f\x8b":
                blocks = self._unpack_gz(blocks)
            yield from _as_utf8(blocks)

    def _read(self, file: IO[bytes]) -> Iterator[bytes]:
        while block := file.read(BLOCK):
            self.position += len(block)
            yield block

    def _unpack_bz2(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        unpack = None
        for block in blocks:
            while block:
                unpack = unpack or bz2.BZ2Decompressor()
                try:
                    yield unpack.decompress(block)
                except OSError:
                    self.damage.append(f"damaged near byte {self.position:,}")
                    block, unpack = _next_stream(block, blocks), None
                    continue
                block, unpack = (unpack.unused_data, None) if unpack.eof else (b"", unpack)
        if unpack is not None:
            self.damage.append("cut off at its end")

    def _unpack_gz(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        unpack = None
        for block in blocks:
            while block:
                unpack = unpack or zlib.decompressobj(wbits=31)
                try:
                    yield unpack.decompress(block)
                except zlib.error:
                    self.damage.append(f"damaged near byte {self.position:,}")
                    return
                block, unpack = (unpack.unused_data.lstrip(b"\0"), None) if unpack.eof else (b"", unpack)
        if unpack is not None:
            self.damage.append("cut off at its end")


def _next_stream(block: bytes, blocks: Iterator[bytes]) -> bytes:
    """From the beginning of the next bz2 stream on, which is not at the beginning of `block`."""
    block = block[1:]
    while (match := _STREAM.search(block)) is None:
        more = next(blocks, b"")
        if not more:
            return b""
        block = block[-9:] + more
    return block[match.start() :]


def _as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16 with a byte order mark becomes UTF-8; everything else stays as it is."""
    first = next((block for block in blocks if block), b"")
    encoding = _BOMS.get(first[:2])
    if encoding is None:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    yield decode(first[2:]).encode()
    for block in blocks:
        yield decode(block).encode("utf8", "replace")
    yield decode(b"", True).encode()
