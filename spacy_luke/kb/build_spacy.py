"""What spaCy users have already: annotated Docs, and directories of InMemoryLookupKB."""

from __future__ import annotations

import json
import struct
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..annotations import NIL
from ..errors import Errors, Warnings


def read_docbin_links(paths: Iterable[Path]) -> Iterator[tuple[str, str, int]]:
    """(text of the entity, its KB id, how often) of the entities in DocBins; counts of one file together.
    Entities without a KB id or with "NIL" are counted in one warning (LKW311). Raises LK310, LK351."""
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    unlinked = 0
    for path in paths:
        if not path.is_file():
            raise ValueError(Errors.LK310.format(path=path))
        try:
            docs = DocBin().from_disk(path)
        except Exception as e:  # zlib, msgpack and spaCy have errors of their own
            raise ValueError(Errors.LK351.format(path=path, reason=e)) from e
        counts: Counter[tuple[str, str]] = Counter()
        for doc in docs.get_docs(Vocab()):
            counts.update((ent.text, ent.kb_id_) for ent in doc.ents)
        for (alias, id), count in counts.items():
            if id in ("", NIL) or not alias.strip():
                unlinked += count
            else:
                yield alias, id, count
    if unlinked:
        warnings.warn(Warnings.LKW311.format(n=unlinked), stacklevel=2)


class SpacyKB(NamedTuple):
    """An InMemoryLookupKB as its directory has it, vectors mapped."""

    ids: list[str]
    counts: np.ndarray  # (ids,) int64, its frequencies; -1 where they are no whole numbers
    vectors: np.ndarray  # (ids, width) float32
    aliases: list[tuple[str, list[str], list[float]]]


def read_spacy_kb(path: Path) -> SpacyKB:
    """Read the directory that InMemoryLookupKB.to_disk wrote. Raises LK345."""
    try:
        strings = json.loads((path / "strings.json").read_text(encoding="utf8"))
        return _parse((path / "contents").read_bytes(), strings)
    except (OSError, ValueError, KeyError, IndexError, struct.error) as e:
        raise ValueError(Errors.LK345.format(path=path, reason=e)) from e


def _parse(data: bytes, strings: list[str]) -> SpacyKB:
    """spaCy's format: sizes, vectors, (id hash, frequency, vector row) of each entity, then each alias
    with its candidates (entity number from 1, prior). All little-endian and without gaps."""
    from .string_index import hash_keys

    text = dict(zip(hash_keys(strings).tolist(), strings))
    entities, width = struct.unpack_from("<qq", data)
    place = 16
    vectors = np.frombuffer(data, "<f4", entities * width, place).reshape(entities, width)
    place += vectors.nbytes
    entry = np.dtype([("hash", "<u8"), ("count", "<f4"), ("row", "<i4")])
    entries = np.frombuffer(data, entry, entities, place)
    place += entries.nbytes
    ids = [text[hash] for hash in entries["hash"].tolist()]
    counts = entries["count"].astype(np.float64)
    whole = (counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)
    link = np.dtype([("entity", "<i8"), ("prior", "<f4")])
    (size,) = struct.unpack_from("<q", data, place)
    place += 8
    aliases = []
    for _ in range(size):
        hash, length = struct.unpack_from("<Qq", data, place)
        links = np.frombuffer(data, link, length, place + 16)
        place += 16 + links.nbytes
        names = [ids[number - 1] for number in links["entity"].tolist()]
        aliases.append((text[hash], names, [float(str(prior)) for prior in links["prior"]]))
    return SpacyKB(ids, np.where(whole, counts, -1).astype(np.int64), vectors[entries["row"]], aliases)


class SpacyEntities:
    """The entities of directories of spaCy: they fill in what entities of files lack, then come by themselves."""

    def __init__(self, kbs: list[SpacyKB]):
        self._left: dict[str, dict] = {}
        for kb in kbs:
            for id, count, vector in zip(kb.ids, kb.counts.tolist(), kb.vectors):
                mine = self._left.setdefault(id, {"id": id, "count": -1})
                mine["count"] = max(mine["count"], count)
                if vector.any():
                    mine.setdefault("vector", vector)

    def join(self, entities: Iterable[dict]) -> Iterator[dict]:
        """Entities, each with the count and the vector that only spaCy's directory has; then those left."""
        for entity in entities:
            more = self._left.pop(entity["id"], {})
            yield {**more, **{key: value for key, value in entity.items() if value is not None}}
        yield from self._left.values()
