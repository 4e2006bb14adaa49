"""A knowledge base as it went in: its entities and links one by one, as files, or as a new base."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .build import build_kb
from .build_links import Progress
from .links import GIVEN
from .mmap_kb import MMapKB
from .npy import NpyWriter
from .store import new_directory

CHUNK = 20_000  # entities or aliases at once
KIND, VERSION = "spacy_luke.kb_export", 1


def iter_entities(kb: MMapKB) -> Iterator[dict]:
    """All entities in the order of their rows, in the JSONL format without aliases and vectors: those are
    links (`iter_links`) and an array (`iter_vectors`). A bias, one number, is here."""
    for start in range(0, len(kb), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(kb)))
        columns = rows.tolist(), kb.entity_ids(rows), kb.counts(rows).tolist(), kb.biases_of(rows)
        for row, id, count, bias in zip(*columns):
            found = {key: value for key, value in kb.info_at(row).items() if value}
            found |= {"count": count} if count >= 0 else {}
            yield {"id": id, **found, **({"bias": float(str(bias))} if bias else {})}


def iter_links(kb: MMapKB) -> Iterator[tuple[str, list[tuple[str, int, float]]]]:
    """All aliases with their (id, count, prior), additions with them; count -1 = the prior was given."""
    for aliases in kb.iter_aliases():
        found = kb.look_up(aliases)
        every = iter(zip(kb.entity_ids(found.entities), found.counts.tolist(), found.priors))
        for alias, length in zip(aliases, found.lengths.tolist()):
            yield alias, [next(every) for _ in range(length)]


def iter_vectors(kb: MMapKB) -> Iterator[np.ndarray]:
    """(rows, width) float32 parts of all vectors, zeros for entities without."""
    for start in range(0, len(kb), CHUNK):
        yield kb.vectors_of(np.arange(start, min(start + CHUNK, len(kb))))


def _given(links) -> tuple[list[str], list[float]]:
    """Ids and priors of the links whose priors were given; float32 in as few digits as tell it apart."""
    pairs = [(id, float(str(prior))) for id, count, prior in links if count == GIVEN]
    return [id for id, _ in pairs], [prior for _, prior in pairs]


def has_vectors(kb: MMapKB) -> bool:
    """Has any entity one?"""
    return bool(kb.added.vectors) or (kb.base is not None and kb.base.vector_dtype is not None)


def merge_kb(path: Path, out: Path | None = None, progress: Progress = lambda what, done: None) -> dict:
    """Write the base and the additions of the knowledge base in `path` as one base, to `out` or in its own
    place, where the old one stays whole until the new one is. Entities keep their rows.
    RETURNS the numbers of build_kb."""
    from spacy.vocab import Vocab

    kb = MMapKB.open(Vocab(), path)
    return build_kb(
        Path(out or path),
        iter_entities(kb),
        ((alias, id, count) for alias, links in iter_links(kb) for id, count, _ in links if count != GIVEN),
        priors=((alias, *given) for alias, links in iter_links(kb) if (given := _given(links))[0]),
        vectors=iter_vectors(kb) if has_vectors(kb) else None,
        vector_dtype=(kb.base.vector_dtype if kb.base else None) or "float16",
        width=kb.entity_vector_length,
        progress=progress,
    )


def export_kb(path: Path, out: Path, progress: Progress = lambda what, done: None) -> dict[str, int]:
    """Write the knowledge base in `path`, additions with it, as files that `kb build` reads: entities.jsonl,
    aliases.jsonl and, if there are vectors, vectors.npy in the directory `out`.
    RETURNS how many lines each has. Raises LK301 where `out` is there and is not an older export."""
    from spacy.vocab import Vocab

    kb, lines = MMapKB.open(Vocab(), path), {"entities": 0, "aliases": 0}
    with new_directory(out, KIND, VERSION, lines) as new:
        with open(new / "entities.jsonl", "w", encoding="utf8", newline="\n") as file:
            for entity in iter_entities(kb):
                file.write(json.dumps(entity, ensure_ascii=False) + "\n")
                lines["entities"] += 1
                progress("entities", lines["entities"])
        with open(new / "aliases.jsonl", "w", encoding="utf8", newline="\n") as file:
            for alias, links in iter_links(kb):
                ids, priors = _given(links)
                entries: list[dict] = [{"alias": alias, "entities": ids, "priors": priors}] if ids else []
                entries += [{"alias": alias, "entity": id, "count": n} for id, n, _ in links if n != GIVEN]
                file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
                lines["aliases"] += len(entries)
                progress("aliases", lines["aliases"])
        if has_vectors(kb):
            dtype = (kb.base.vector_dtype if kb.base else None) or "float32"
            with open(new / "vectors.npy", "wb") as file:
                writer = NpyWriter(file, dtype, kb.entity_vector_length)
                for part in iter_vectors(kb):
                    writer.write(part)
                writer.close()
    return lines
