"""Writing the entities of a knowledge base: info, popularity, vectors; their names become links."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np

from ..errors import Errors
from .entity_table import EntityTable
from .npy import NpyWriter

CHUNK = 20_000  # entities at once


def names_of(entity: dict) -> dict[str, None]:
    """Labels of all languages and other names, each once."""
    return dict.fromkeys([*(entity.get("labels") or {}).values(), *(entity.get("aliases") or [])])


def info_of(entity: dict) -> dict:
    """What is kept to be shown."""
    return {key: entity[key] for key in ("labels", "description", "types") if entity.get(key)}


class EntityWriter:
    """Takes entities in their order, writes info.*, counts.npy, vectors.npy, has_vector.npy, biases.npy."""

    def __init__(self, directory: Path, vector_dtype: str, width: int, stack: ExitStack):
        self.rows, self.width = 0, width
        self._directory, self._stack, self._dtype = directory, stack, vector_dtype
        self._info = stack.enter_context(open(directory / "info.bin", "wb"))
        self._starts = NpyWriter(stack.enter_context(open(directory / "info.npy", "wb")), np.uint64)
        self._counts = NpyWriter(stack.enter_context(open(directory / "counts.npy", "wb")), np.int64)
        self._vectors: NpyWriter | None = None
        self._has_vector: NpyWriter | None = None
        self._biases: NpyWriter | None = None

    def write(self, entities: list[dict], vectors: np.ndarray | None = None) -> None:
        """Append entities that were checked. vectors: (entities, width), in place of those in the entities;
        a row of zeros is no vector. Raises LK337 for another width, LK338 for NaN and infinity."""
        try:
            texts = [json.dumps(info_of(entity), ensure_ascii=False).encode() for entity in entities]
        except UnicodeEncodeError as e:
            raise ValueError(Errors.LK308.format(key=e.object[:200])) from e
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._starts.write(np.cumsum(lengths) - lengths + self._info.tell())
        self._info.write(b"".join(texts))
        counts = [entity.get("count") for entity in entities]
        self._counts.write(np.array([-1 if count is None else count for count in counts], np.int64))
        if vectors is None:
            vectors = self._own_vectors(entities)
        if vectors is not None:
            self._write_vectors(vectors)
        elif self._vectors is not None:
            self._write_vectors(np.zeros((len(entities), self.width), np.float32))
        self._write_biases(np.array([entity.get("bias") or 0.0 for entity in entities], np.float32))
        self.rows += len(entities)

    def _write_biases(self, biases: np.ndarray) -> None:
        if self._biases is None and biases.any():
            file = self._stack.enter_context(open(self._directory / "biases.npy", "wb"))
            self._biases = NpyWriter(file, np.float32)
            self._biases.write(np.zeros(self.rows, np.float32))
        if self._biases is not None:
            self._biases.write(biases)

    def _own_vectors(self, entities: list[dict]) -> np.ndarray | None:
        given = [(i, entity["vector"]) for i, entity in enumerate(entities) if entity.get("vector") is not None]
        if not given:
            return None
        for i, vector in given:
            self.width = self.width or len(vector)
            if len(vector) != self.width:
                where = f"the entity {entities[i]['id']!r} (number {self.rows + i + 1})"
                raise ValueError(Errors.LK337.format(where=where, found=len(vector), width=self.width))
        array = np.zeros((len(entities), self.width), np.float32)
        array[[i for i, _ in given]] = np.array([vector for _, vector in given], np.float32)
        return array

    def _write_vectors(self, vectors: np.ndarray) -> None:
        self.width = self.width or vectors.shape[1]
        if vectors.shape[1] != self.width:
            where = f"the vectors from number {self.rows + 1} on"
            raise ValueError(Errors.LK337.format(where=where, found=vectors.shape[1], width=self.width))
        with np.errstate(over="ignore"):  # told as LK338
            vectors = vectors.astype(self._dtype)
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            number = self.rows + int(finite.argmin()) + 1
            raise ValueError(Errors.LK338.format(number=number, dtype=self._dtype))
        if self._vectors is None:
            enter, directory = self._stack.enter_context, self._directory
            self._vectors = NpyWriter(enter(open(directory / "vectors.npy", "wb")), self._dtype, self.width)
            self._has_vector = NpyWriter(enter(open(directory / "has_vector.npy", "wb")), bool)
            for start in range(0, self.rows, CHUNK):  # those that came before the first one with a vector
                nothing = np.zeros((min(CHUNK, self.rows - start), self.width), self._dtype)
                self._vectors.write(nothing)
                self._has_vector.write(np.zeros(len(nothing), bool))
        self._vectors.write(vectors)
        self._has_vector.write(vectors.any(axis=1))  # type: ignore

    def close(self) -> None:
        """Write what is known only at the end; the files are closed by their stack."""
        self._starts.write(np.array([self._info.tell()], np.uint64))
        for writer in (self._starts, self._counts, self._vectors, self._has_vector, self._biases):
            if writer is not None:
                writer.close()


def iter_chunks(items: Iterable, size: int = CHUNK) -> Iterator[list]:
    """Lists of `size` items, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def vector_reader(vectors: np.ndarray | Path | str | Iterable[np.ndarray]) -> Callable[[int], np.ndarray]:
    """A function that gives the next rows, fewer at the end. vectors: one array (entities, width), a .npy
    file of one, or parts of one. Raises LK320, LK321."""
    if isinstance(vectors, (str, Path)):
        table = EntityTable.open(vectors)
        vectors = (table.rows(np.arange(i, min(i + CHUNK, len(table)))) for i in range(0, len(table), CHUNK))
    parts = iter([vectors] if isinstance(vectors, np.ndarray) else vectors)
    waiting: list[np.ndarray] = []

    def take(rows: int) -> np.ndarray:
        while sum(map(len, waiting)) < rows and (part := next(parts, None)) is not None:
            part = np.asarray(part)
            if part.ndim != 2:
                raise ValueError(Errors.LK321.format(name="vectors", found=f"{part.dtype} {part.shape}"))
            waiting.append(part)
        if not waiting:
            return np.empty((0, 1), np.float32)
        if len(waiting) > 1:
            if len({part.shape[1] for part in waiting}) > 1:
                widths = [part.shape[1] for part in waiting]
                raise ValueError(Errors.LK337.format(where="a part of the vectors", found=widths[-1], width=widths[0]))
            waiting[:] = [np.concatenate(waiting)]
        found, waiting[0] = waiting[0][:rows], waiting[0][rows:]
        return found

    return take
