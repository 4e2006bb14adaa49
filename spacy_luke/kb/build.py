"""Building a knowledge base as a stream: nothing is held in memory as a whole.

    entities --> info, popularity, vectors; ids; their names as links counted 0 ---+
    links, priors --> ids to rows --> spool by alias ------------------------------+--> blocks, indexes

Memory: a chunk of what comes in, the popularity of all entities (8 bytes each), and one part of 256 of all
links. An id that only links know becomes an entity with nothing but its id.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ..annotations import NIL
from ..errors import Errors, Warnings
from .build_checks import check_entity, check_link, check_priors
from .build_entities import EntityWriter, iter_chunks, names_of, vector_reader
from .build_links import LinkWriter, Progress
from .build_spool import Spool, number_texts
from .kb_files import KIND, VERSION, checksums, seal
from .links import GIVEN, LINK
from .store import new_directory
from .string_index import KeyConflict, StringIndex


class DuplicateEntity(ValueError):
    """An id came twice, as the entities of these two numbers, counted from 0."""

    def __init__(self, id: str, numbers: tuple[int, int]):
        places = f"entities number {numbers[0] + 1} and {numbers[1] + 1}"
        super().__init__(Errors.LK333.format(id=id, places=places))
        self.id, self.numbers = id, numbers


def build_kb(
    path: str | Path,
    entities: Iterable[dict],
    links: Iterable[tuple[str, str, int]] = (),
    *,
    priors: Iterable[tuple[str, list[str], list[float]]] = (),
    vectors: np.ndarray | Path | str | Iterable[np.ndarray] | None = None,
    vector_dtype: str = "float16",
    width: int = 0,
    progress: Progress = lambda what, done: None,
) -> dict:
    """Write a knowledge base to the directory `path`; one that is there stays whole until the new one is.

    entities: {"id": "Q17", "labels": {"ja": "日本"}, "description": "...", "types": ["country"], "count": 123,
    "aliases": ["Nippon"], "vector": [...], "bias": 0.1}; only the id is required. Labels and aliases become links;
    the bias belongs to the vector, see `MMapKB.biases_of`.
    links: (alias, id, how often the alias meant it); the same pair may come again, counts are added up.
    priors: (alias, ids, priors p(id | alias)), which may sum to less than 1. See links.py for how counts,
    priors and names make the priors of an alias.
    vectors: row i is of the i-th entity, in place of "vector" in the entities; a row of zeros is no vector.
    One array, a .npy file, or parts. vector_dtype: float16 or float32 on the disk. width: of vectors that
    are added later, where there are none now.
    progress: called with what is being done and how many are done.
    RETURNS the manifest's numbers: entities, aliases, forms, links, width, by_links_only ...
    Raises LK301, LK308, LK320, LK321, LK333 to LK340."""
    with ExitStack() as stack:
        about: dict = {"entities": 0, "width": width, "vectors": None, "by_links_only": 0}
        directory = stack.enter_context(new_directory(Path(path), KIND, VERSION, about))
        work = directory / "work"
        known, unknown = Spool(work / "known", LINK), Spool(work / "unknown", LINK)
        files = stack.enter_context(ExitStack())
        for spool in (known, unknown):
            stack.callback(spool.close)
        writer = EntityWriter(directory, vector_dtype, width, files)
        ids = _write_entities(work / "ids", entities, vectors, writer, known, progress)
        given = writer.rows
        new = _deal_out_links(ids, links, known, unknown, progress)
        new += _deal_out_priors(ids, priors, known, unknown, progress)
        if new:
            _add_unknown(directory / "ids", ids, unknown, writer, known)
        else:
            (work / "ids").rename(directory / "ids")
        writer.close()
        files.close()
        popularity = np.load(directory / "counts.npy", mmap_mode="r").view(np.ndarray)
        link_writer = LinkWriter(directory, work, popularity, progress)
        stack.callback(link_writer.close)
        about.update(link_writer.write(known))
        about.update(entities=writer.rows, width=writer.width, by_links_only=writer.rows - given)
        about["vectors"] = vector_dtype if (directory / "vectors.npy").is_file() else None
        unknown.close()
        shutil.rmtree(work)
        progress("checksums", 0)
        about["sha256"] = checksums(directory)
        about["seal"] = seal(about)
        if about["left_out"]:
            warnings.warn(Warnings.LKW310.format(path=path, n=about["left_out"]), stacklevel=2)
        del ids, popularity  # Windows renames no directory with open files
    return about


def _write_entities(path, entities, vectors, writer: EntityWriter, links: Spool, progress: Progress) -> StringIndex:
    take = None if vectors is None else vector_reader(vectors)

    def chunks() -> Iterator[tuple[list[str], np.ndarray]]:
        for chunk in iter_chunks(entities):
            start = writer.rows
            for row, entity in enumerate(chunk, start):
                check_entity(entity, f"entity number {row + 1}")
            rows = None if take is None else take(len(chunk))
            if rows is not None and len(rows) < len(chunk):
                raise ValueError(Errors.LK339.format(what=f"only {start + len(rows)} vectors", more="more entities"))
            writer.write(chunk, rows)
            names = [(name, row) for row, entity in enumerate(chunk, start) for name in names_of(entity)]
            values = np.zeros(len(names), LINK)
            values["entity"] = [row for _, row in names]
            links.add([name for name, _ in names], values)
            yield [entity["id"] for entity in chunk], np.arange(start, writer.rows)
            progress("entities", writer.rows)
        if take is not None and len(take(1)):
            raise ValueError(Errors.LK339.format(what="more vectors", more=f"{writer.rows} entities"))

    try:
        return StringIndex.build(path, chunks())
    except KeyConflict as e:
        raise DuplicateEntity(e.key, e.rows) from e


def _deal_out_links(ids: StringIndex, links, known: Spool, unknown: Spool, progress: Progress) -> int:
    """Spool links by alias; those to ids that are not there by id, and how many those are."""
    done, new = 0, 0
    for chunk in iter_chunks(links, 100_000):
        aliases, names, counts = ([link[i] for link in chunk] for i in range(3))
        values = np.zeros(len(chunk), LINK)
        values["count"] = _check_links(aliases, names, counts, done)
        new += _spool(ids, aliases, names, values, known, unknown)
        done += len(chunk)
        progress("links", done)
    return new


def _deal_out_priors(ids: StringIndex, priors, known: Spool, unknown: Spool, progress: Progress) -> int:
    done, new = 0, 0
    for chunk in iter_chunks(priors):
        for number, (alias, names, numbers) in enumerate(chunk, done + 1):
            check_priors(alias, names, numbers, f"alias with priors number {number}")
        aliases = [alias for alias, names, _ in chunk for _ in names]
        values = np.zeros(len(aliases), LINK)
        values["count"], values["prior"] = GIVEN, [prior for _, _, numbers in chunk for prior in numbers]
        new += _spool(ids, aliases, [name for _, names, _ in chunk for name in names], values, known, unknown)
        done += len(chunk)
        progress("priors", done)
    return new


def _check_links(aliases: list, names: list, counts: list, done: int) -> list:
    """The counts. Raises LK334, LK340, LK357 for the first bad link."""
    are_strings = set(map(type, aliases)) | set(map(type, names)) <= {str}
    if are_strings and all(map(str.strip, aliases)) and all(names) and NIL not in names:
        if (array := np.array(counts)).dtype.kind in "iu" and array.min() >= 0:
            return counts
    for number, (alias, name, count) in enumerate(zip(aliases, names, counts), done + 1):
        check_link(alias, name, count, f"link number {number}")
    return counts


def _spool(ids, aliases, names, values, known: Spool, unknown: Spool) -> int:
    rows = ids.find(names)
    values["entity"] = np.maximum(rows, 0)
    there = rows >= 0
    if there.all():
        known.add(aliases, values)
        return 0
    for mask, spool in ((there, known), (~there, unknown)):
        some = np.flatnonzero(mask).tolist()
        mine, mine_names = [aliases[i] for i in some], [names[i] for i in some]
        if spool is known:
            spool.add(mine, values[mask])
        else:
            spool.add(mine_names, values[mask], behind=mine)
    return int((~there).sum())


def _add_unknown(path: Path, ids: StringIndex, unknown: Spool, writer: EntityWriter, known: Spool) -> None:
    """Write the index of ids again, with those that only links know behind the others."""

    def chunks() -> Iterator[tuple[list[str], np.ndarray]]:
        row = 0
        for keys in iter_chunks(ids):
            yield keys, np.arange(row, row + len(keys))
            row += len(keys)
        for texts, values in unknown.parts():
            pairs = [text.split(b"\xff") for text in texts]
            numbers, names = number_texts([id for id, _ in pairs])
            values["entity"] = numbers + writer.rows
            known.add([alias.decode() for _, alias in pairs], values)
            new = [name.decode() for name in names]
            yield new, np.arange(writer.rows, writer.rows + len(new))
            writer.write([{"id": name} for name in new])

    StringIndex.build(path, chunks())
