"""Writing a StringIndex: the keys are dealt out to PARTS files by their hash, then each is sorted by itself.

Memory is bounded: one chunk of keys, then one part (1/64) of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import Errors
from . import string_index
from .npy import NpyWriter, save_npy

if TYPE_CHECKING:
    from thinc.types import Ints1d

PART_BITS = 6
PARTS = 2**PART_BITS
BUCKET_BITS = 4  # a bucket has at most 2**4 records in the mean, and more than half of it


class Part(NamedTuple):
    """The keys of one part, sorted by hash, then by row."""

    hashes: np.ndarray  # (keys,) uint64
    rows: np.ndarray  # (keys,) uint64, the order in which the keys were given
    numbers: np.ndarray  # (keys,) uint64, what they stand for
    keys: list[bytes]


def build_string_index(directory: Path, chunks: Iterable[tuple[Sequence[str], Ints1d]]) -> dict:
    """Fill `directory` with the files of a StringIndex; returns {"keys", "rows", "repeated", "bits"}."""
    spools = [directory / f"{part}.spool" for part in range(PARTS)]
    with ExitStack() as stack:
        rows, size = _deal_out(chunks, [stack.enter_context(open(spool, "wb")) for spool in spools])
    bits = max(PART_BITS, (max(1, rows) - 1).bit_length() - BUCKET_BITS)
    dtype = np.dtype(np.uint32 if size < 2**32 else np.int64)
    places, keys = _new_array(directory / "places.npy", dtype, rows), 0
    with open(directory / "records.bin", "wb") as records, open(directory / "buckets.npy", "wb") as file:
        buckets = NpyWriter(file, dtype)
        for number, spool in enumerate(spools):
            part = _read_part(spool)
            starts, kept = _write_part(part, records, places)
            keys += len(kept)
            first, per_part = number << (bits - PART_BITS), 1 << (bits - PART_BITS)
            in_bucket = (part.hashes[kept] >> np.uint64(64 - bits)).astype(np.int64)
            buckets.write(starts[np.searchsorted(in_bucket, np.arange(first, first + per_part))])
            spool.unlink()
        buckets.write(np.array([records.tell()]))
        buckets.close()
        records.write(string_index.BEFORE_KEY)
    return {"keys": keys, "rows": rows, "repeated": rows - keys, "bits": bits}


def _new_array(path: Path, dtype: np.dtype, rows: int) -> np.ndarray:
    if rows == 0:  # nothing to map
        save_npy(path, np.empty(0, dtype))
        return np.empty(0, dtype)
    return np.lib.format.open_memmap(path, "w+", dtype, (rows,))


def _deal_out(chunks: Iterable[tuple[Sequence[str], Ints1d]], files: list[IO[bytes]]) -> tuple[int, int]:
    """Append each key to the file of its part, in frames of: length, (length, 4) uint64 hash, row, number
    and bytes of each key, the keys. Returns how many rows, and how many bytes the records have at most."""
    rows, size = 0, 0
    for keys, numbers in chunks:
        numbers = np.asarray(numbers, dtype=np.int64)
        if len(numbers) and numbers.min() < 0:
            bad = int(numbers.argmin())
            raise ValueError(Errors.LK307.format(key=keys[bad], value=numbers[bad]))
        try:
            encoded = [key.encode() for key in keys]
        except UnicodeEncodeError as e:
            raise ValueError(Errors.LK308.format(key=e.object)) from e
        hashes = string_index.hash_keys(keys)
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        about = np.empty((len(keys), 4), np.uint64)
        for column, values in enumerate((hashes, np.arange(rows, rows + len(keys)), numbers, lengths)):
            about[:, column] = values
        parts = hashes >> np.uint64(64 - PART_BITS)
        order = np.argsort(parts, kind="stable")
        ends = np.cumsum(np.bincount(parts.astype(np.int64), minlength=PARTS))
        for file, mine in zip(files, np.split(order, ends[:-1])):
            if len(mine):
                file.write(np.array([len(mine)]).data)
                file.write(about[mine].data)
                file.write(b"".join([encoded[i] for i in mine.tolist()]))
        rows += len(keys)
        size += int(lengths.sum()) + len(keys) * (2 + len(str(numbers.max(initial=0))))
    return rows, size + 1


def _read_part(spool: Path) -> Part:
    abouts = [np.empty((0, 4), np.uint64)]
    keys: list[bytes] = []
    with open(spool, "rb") as file:
        while head := file.read(8):
            length = int.from_bytes(head, "little")
            about = np.frombuffer(file.read(length * 32), np.uint64).reshape(length, 4)
            ends = np.cumsum(about[:, 3].astype(np.int64)).tolist()
            blob = file.read(ends[-1])
            keys.extend(blob[start:end] for start, end in zip([0, *ends], ends))
            abouts.append(about)
    about = np.concatenate(abouts)
    order = np.argsort(about[:, 0], kind="stable")
    hashes, rows, numbers = (np.ascontiguousarray(column) for column in about[order, :3].T)
    return Part(hashes, rows, numbers, [keys[i] for i in order.tolist()])


def _write_part(part: Part, records: IO[bytes], places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Append the records of a part and fill in the places of its rows. Returns (kept + 1,) where each record
    starts and the last one ends, and (kept,) which keys of the part were written: those not there before."""
    owner = _first_of_each_key(part)
    kept = np.flatnonzero(owner == np.arange(len(owner)))
    numbers = part.numbers[kept].tolist()
    texts = [b"\xff%b\xfe%d" % (part.keys[i], number) for i, number in zip(kept.tolist(), numbers)]
    starts = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=starts[1:])
    starts += records.tell()
    records.write(b"".join(texts))
    places[part.rows.astype(np.int64)] = starts[np.searchsorted(kept, owner)] + 1
    return starts, kept


def _first_of_each_key(part: Part) -> np.ndarray:
    """(keys,) where in the part the same key stands for the first time.
    Raises KeyConflict (LK306) where it has another number there."""
    owner = np.arange(len(part.keys))
    for i in (np.flatnonzero(part.hashes[1:] == part.hashes[:-1]) + 1).tolist():
        first = i - 1
        while first > 0 and part.keys[first] != part.keys[i] and part.hashes[first - 1] == part.hashes[i]:
            first -= 1
        if part.keys[first] != part.keys[i]:
            continue
        owner[i] = owner[first]
        if part.numbers[first] != part.numbers[i]:
            both = [int(owner[first]), i]
            numbers, rows = part.numbers[both].tolist(), part.rows[both].tolist()
            raise string_index.KeyConflict(part.keys[i].decode(), tuple(numbers), tuple(rows))
    return owner
