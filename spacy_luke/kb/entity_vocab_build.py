"""Writing an EntityVocab from a vocabulary file and a file of QIDs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import Errors, Warnings
from .entity_files import has_language_prefix, is_special, read_entity_file
from .npy import save_npy
from .qids import read_qids
from .store import new_directory
from .string_index import KeyConflict, StringIndex


class Prefixes:
    """Counts the names that look like "ja:日本", to tell the two forms of entity_vocab.json apart."""

    def __init__(self):
        self.names, self.prefixed, self.bare = 0, 0, ""

    def add(self, keys: list[str]) -> None:
        """Count more names; special ones do not matter."""
        keys = [key for key in keys if not is_special(key)]
        found = has_language_prefix(keys)
        self.names += len(keys)
        self.prefixed += int(found.sum())
        if not self.bare and not found.all():
            self.bare = keys[int(found.argmin())]

    @property
    def languages(self) -> bool:
        """Do the names have a language? Special entities alone do not."""
        return 0 < self.names == self.prefixed

    @property
    def unclear(self) -> bool:
        """Do most names look as if they had a language, but not all?"""
        return self.names / 2 < self.prefixed < self.names


def build_entity_vocab(directory: Path, path: Path, qids: Path | None) -> None:
    """Fill `directory` with the EntityVocab of the file `path`. Raises what EntityVocab.from_file says."""
    from .entity_vocab import KIND, VERSION

    about: dict = {"plain": False, "specials": {}}
    with new_directory(directory, KIND, VERSION, about) as new:
        names, ids, prefixes, entities, counts = _write_names(new / "names", path, about)
        if path.suffix == ".json":
            if prefixes.unclear:
                lost = prefixes.names - prefixes.prefixed
                raise ValueError(Errors.LK316.format(path=path, lost=lost, names=prefixes.names, name=prefixes.bare))
            about["plain"] = not prefixes.languages
        starts = np.zeros(int(ids.max()) + 2, dtype=np.int64)
        np.cumsum(np.bincount(ids), out=starts[1:])
        save_npy(new / "starts.npy", starts)
        save_npy(new / "places.npy", names.places[np.argsort(ids, kind="stable")])
        if (counts >= 0).any():
            by_id = np.full(len(starts) - 1, -1, dtype=np.int64)
            by_id[entities] = counts
            save_npy(new / "counts.npy", by_id)
        problems = {
            "names given again with the same id": names.about["repeated"],
            "ids without a name": int((starts[1:] == starts[:-1]).sum()),
        }
        if qids is not None:
            numbers, qid_ids, lost = read_qids(qids, names, about["plain"])
            save_npy(new / "qids.npy", numbers)
            save_npy(new / "qid_ids.npy", qid_ids)
            problems[f"lines of {qids} without an entity"] = lost
    found = ", ".join(f"{number} {problem}" for problem, number in problems.items() if number)
    if found:
        warnings.warn(Warnings.LKW301.format(path=path, problems=found), stacklevel=3)


def _write_names(directory: Path, path: Path, about: dict):
    """Write the index of names; (names,) ids, (entities,) ids and counts of entities beside."""
    prefixes, ids, entities, counts = Prefixes(), [], [], []

    def chunks() -> Iterator[tuple[list[str], np.ndarray]]:
        for chunk in read_entity_file(path):
            if path.suffix == ".json":
                prefixes.add(chunk.keys)
            about["specials"].update((k, i) for k, i in zip(chunk.keys, chunk.ids) if k[0] == "[" and is_special(k))
            entities.append(np.array(chunk.entities, dtype=np.int64))
            counts.append(np.array(chunk.counts, dtype=np.int64))
            ids.append(np.array(chunk.ids, dtype=np.int32))
            yield chunk.keys, ids[-1]

    try:
        names = StringIndex.build(directory, chunks())
    except KeyConflict as e:
        first, second = (_place(path, row) for row in e.rows)
        name = e.key if path.suffix == ".json" else e.key.removeprefix(":")
        both = "{} and {}".format(*e.numbers)
        raise ValueError(Errors.LK326.format(path=path, places=f"{first} and {second}", name=name, ids=both)) from e
    if not len(names):
        raise ValueError(Errors.LK327.format(path=path))
    return names, np.concatenate(ids), prefixes, np.concatenate(entities), np.concatenate(counts)


def _place(path: Path, row: int) -> int:
    """The line (json: entry) of a row of the index; reads the file again."""
    for chunk in read_entity_file(path):
        if row < len(chunk.places):
            return chunk.places[row]
        row -= len(chunk.places)
    return -1
