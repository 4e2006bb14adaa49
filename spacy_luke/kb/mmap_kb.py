"""MMapKB: a spaCy KnowledgeBase of millions of entities that opens at once and stays on the disk.

`look_up` is the fast way in, for a batch of aliases; spaCy's interface (kb_interface.py) lets the stock
entity_linker run on it. What is added in memory lies over the read-only base (overlay.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy.kb import KnowledgeBase

from ..errors import Errors
from .installed import find_installed
from .kb_base import Base
from .kb_interface import SpacyInterface
from .kb_serialize import Serialized
from .links import Found, merge_links
from .normalise import normalise_alias
from .overlay import Additions

if TYPE_CHECKING:
    from spacy.vocab import Vocab
    from thinc.types import Floats2d, Ints1d


class MMapKB(Serialized, SpacyInterface, KnowledgeBase):
    """A knowledge base in a directory that build_kb wrote, or an empty one to add to:
    MMapKB.open(vocab, path), MMapKB(vocab, entity_vector_length=n).

    An entity's row is its number, added entities continue the rows of the base.
    Pickles and to_bytes hold the path of the base, not its contents."""

    def __init__(self, vocab: Vocab, entity_vector_length: int):
        KnowledgeBase.__init__(self, vocab, entity_vector_length)
        self.base: Base | None = None
        self.carry = True
        self.added = Additions(0, entity_vector_length)

    @classmethod
    def open(cls, vocab: Vocab, path: str | Path, *, carry: bool = True) -> MMapKB:
        """The knowledge base in the directory `path`, with the additions that were saved beside it, or in the installed
        package of that name (`kb package`).
        carry: whether to_disk copies the base (by hard links where possible) or only points to it.
        Raises LK302 to LK305, LK330 to LK332, LK344, LK354, LK355."""
        kb = cls(vocab, 0)
        kb.from_disk(path if Path(path).exists() else find_installed(str(path)) or path)
        kb.carry = carry
        return kb

    # --- looking up in batches ---------------------------------------------------------------

    def look_up(self, aliases: Sequence[str], *, normalised: bool = False) -> Found:
        """The candidates of aliases, best prior first. normalised: aliases that have the same normal form
        (normalise_alias) as the one asked for count as one: their counts are added up."""
        keys = [normalise_alias(alias) for alias in aliases] if normalised else aliases
        if self.base is None:
            lengths, links = np.zeros(len(keys), np.int64), self.added.links([], normalised=False)[1]
        else:
            lengths, links = self.base.links(keys, normalised=normalised)
        if self.added:
            lengths, links = self._with_added(keys, lengths, links, normalised)
        return Found(lengths, links["entity"].astype(np.int64), links["prior"].copy(), links["count"].astype(np.int64))

    def _with_added(self, keys, lengths, links, normalised: bool):
        """Links of the base and the added ones, for the keys that have added ones brought together anew."""
        groups, added = self.added.links(keys, normalised=normalised)
        if not len(groups):
            return lengths, links
        base_groups = np.repeat(np.arange(len(keys)), lengths)
        changed = np.isin(base_groups, groups)
        merged_groups, merged = merge_links(
            np.concatenate([base_groups[changed], groups]), np.concatenate([links[changed], added]), self.counts
        )
        all_groups = np.concatenate([base_groups[~changed], merged_groups])
        order = np.argsort(all_groups, kind="stable")
        lengths = np.bincount(all_groups, minlength=len(keys))
        return lengths, np.concatenate([links[~changed], merged])[order]

    def entity_ids(self, rows: Iterable[int]) -> list[str]:
        """The ids of entity rows."""
        first, key = self.added.first_row, self.base.ids.key if self.base else None
        return [key(row) if row < first else self.added.entities[row - first]["id"] for row in map(int, rows)]

    def entity_rows(self, ids: Sequence[str]) -> Ints1d:
        """(ids,) int64 the row of each entity, -1 where there is none."""
        rows = self.base.ids.find(ids) if self.base else np.full(len(ids), -1, np.int64)
        for i in np.flatnonzero(rows < 0).tolist() if self.added.rows else ():
            rows[i] = self.added.rows.get(ids[i], -1)
        return rows

    def vectors_of(self, rows: Ints1d) -> Floats2d:
        """(rows, width) float32, a copy; zeros for an entity without a vector."""
        rows = self._check_rows(rows)
        found = np.zeros((len(rows), self.entity_vector_length), np.float32)
        in_base = rows < self.added.first_row
        if in_base.any() and self.base.width:
            found[in_base] = self.base.vectors(rows[in_base])
        for i in np.flatnonzero(~in_base).tolist():
            vector = self.added.vectors.get(int(rows[i]))
            if vector is not None:
                found[i] = vector
        return found

    def has_vectors(self, rows: Ints1d) -> np.ndarray:
        """(rows,) bool: is there a vector?"""
        rows = self._check_rows(rows)
        found = np.array([row in self.added.vectors for row in rows.tolist()], bool)
        in_base = rows < self.added.first_row
        if in_base.any():
            found[in_base] = self.base.has_vector(rows[in_base])
        return found

    def biases_of(self, rows: Ints1d) -> np.ndarray:
        """(rows,) float32 what belongs to the vector of each entity, see Base.biases."""
        rows = self._check_rows(rows)
        found = np.zeros(len(rows), np.float32)
        in_base = rows < self.added.first_row
        if in_base.any():
            found[in_base] = self.base.biases(rows[in_base])
        for i in np.flatnonzero(~in_base).tolist():
            found[i] = self.added.entities[int(rows[i]) - self.added.first_row].get("bias") or 0.0
        return found

    def counts(self, rows: Ints1d) -> Ints1d:
        """(rows,) int64 how popular entities are, -1 = unknown."""
        rows = self._check_rows(rows)
        found = np.empty(len(rows), np.int64)
        in_base = rows < self.added.first_row
        found[in_base] = self.base.counts(rows[in_base]) if in_base.any() else 0
        found[~in_base] = self.added.counts(rows[~in_base])
        return found

    def info(self, id: str) -> dict:
        """{"id", "labels": {language: label}, "description", "types", "count"}; count -1 = unknown. Raises LK342."""
        row = int(self.entity_rows([id])[0])
        if row < 0:
            raise ValueError(Errors.LK342.format(id=id))
        return {"id": id, **self.info_at(row), "count": int(self.counts([row])[0])}

    def info_at(self, row: int) -> dict:
        """{"labels", "description", "types"} of the entity in a row."""
        first = self.added.first_row
        found = self.base.info(row) if row < first else self.added.entities[row - first]
        labels, description, types = (found.get(key) for key in ("labels", "description", "types"))
        return {"labels": dict(labels or {}), "description": description or "", "types": list(types or [])}

    def _check_rows(self, rows) -> np.ndarray:
        rows = np.asarray(rows, np.int64).reshape(-1)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            bad = int(rows[(rows < 0) | (rows >= len(self))][0])
            raise ValueError(Errors.LK324.format(path="The knowledge base", rows=len(self), id=bad))
        return rows

    # --- adding --------------------------------------------------------------------------------

    def add_entities(self, entities: Iterable[dict]) -> Ints1d:
        """Add entities in the JSONL format ({"id": "mine", "labels": {"en": "Mine"}, "vector": [...]}, see
        build_kb); all of them or, on an error, none. RETURNS (entities,) their rows.
        Raises LK333 and LK343 for an id that is there, LK334, LK336, LK337, LK338."""
        entities = list(entities)
        vectors = self.added.check_entities(entities, lambda ids: self.entity_rows(ids) >= 0)
        self.added.add_entities(entities, vectors)
        return np.arange(len(self) - len(entities), len(self))

    def add_aliases(self, aliases: Iterable[dict]) -> None:
        """Add aliases in the JSONL format, {"alias": "Japan", "entity": "Q17", "count": 12} or {"alias": ...,
        "entities": [...], "priors": [...]}; all of them or, on an error, none. Counts are added to those there.
        Raises LK334, LK335, LK336, LK340, LK341, LK342 for an entity that is not there."""
        self.added.add_aliases(self.added.check_aliases(aliases, self.entity_rows))

    # --- as a whole ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.added.first_row + len(self.added.entities)

    def is_empty(self) -> bool:
        """Has it no entity?"""
        return len(self) == 0

    def iter_aliases(self) -> Iterator[list[str]]:
        """All aliases in parts, without holding them all."""
        if self.base is not None:
            yield from self.base.iter_aliases()
        yield self._new_aliases()

    def _new_aliases(self) -> list[str]:
        added = list(self.added.by_alias)
        if self.base is None:
            return added
        return [alias for alias, number in zip(added, self.base.aliases.find(added).tolist()) if number < 0]
