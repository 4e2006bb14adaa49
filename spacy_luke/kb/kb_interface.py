"""What spaCy asks of a KnowledgeBase, answered by the batch look-ups of MMapKB.

Aliases are compared as they are, as InMemoryLookupKB does; unknown names have no candidates, unknown entities
a vector of zeros. Ids go into the vocab's strings only when they are met.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy.kb import Candidate
from spacy.util import SimpleFrozenList

if TYPE_CHECKING:
    from spacy.tokens import Span


class SpacyInterface:
    """The part of MMapKB that spaCy's entity_linker knows."""

    def get_candidates_batch(self, mentions: Iterable[Span]) -> list[list[Candidate]]:
        """The candidates of each mention, looked up by its text as it is."""
        return self._candidates([mention.text for mention in mentions])

    def get_candidates(self, mention: Span) -> list[Candidate]:
        """The candidates of one mention."""
        return self._candidates([mention.text])[0]

    def get_alias_candidates(self, alias: str) -> list[Candidate]:
        """The candidates of an alias."""
        return self._candidates([alias])[0]

    def _candidates(self, aliases: list[str]) -> list[list[Candidate]]:
        found = self.look_up(aliases)
        add, rows = self.vocab.strings.add, found.entities
        ids = [add(id) for id in self.entity_ids(rows)]  # Candidate.entity_ reads the vocab's strings
        vectors, counts = self.vectors_of(rows).tolist(), np.maximum(self.counts(rows), 0).tolist()
        every = iter(zip(ids, counts, vectors, found.priors.tolist()))
        hashes = map(add, aliases)
        return [
            [Candidate(self, id, count, vector, hash, prior) for _, (id, count, vector, prior) in zip(range(n), every)]
            for hash, n in zip(hashes, found.lengths.tolist())
        ]

    def get_vectors(self, entities: Iterable[str]) -> list[list[float]]:
        """The vectors of entities, zeros for those that are not there or have none."""
        rows = self.entity_rows(list(entities))
        found = self.vectors_of(np.maximum(rows, 0)) if len(self) else np.zeros((len(rows), self.entity_vector_length))
        found[rows < 0] = 0
        return found.tolist()

    def get_vector(self, entity: str) -> list[float]:
        """The vector of an entity, zeros if it is not there or has none."""
        return self.get_vectors([entity])[0]

    def get_prior_prob(self, entity: str, alias: str) -> float:
        """p(entity | alias), 0.0 if they are not linked."""
        found = self.look_up([alias])
        mine = found.priors[found.entities == self.entity_rows([entity])[0]]
        return float(mine[0]) if len(mine) else 0.0

    def contains_entity(self, entity: str) -> bool:
        """Is there an entity of this id?"""
        return bool(self.entity_rows([entity])[0] >= 0)

    def contains_alias(self, alias: str) -> bool:
        """Has this alias a candidate?"""
        return bool(self.look_up([alias]).lengths[0])

    def get_entity_strings(self) -> list[str]:
        """All entity ids, in the order of rows."""
        return [*(self.base.ids if self.base else ()), *self.added.rows]

    def get_alias_strings(self) -> list[str]:
        """All aliases."""
        return [*(self.base.aliases if self.base else ()), *self._new_aliases()]

    def get_size_entities(self) -> int:
        """How many entities."""
        return len(self)

    def get_size_aliases(self) -> int:
        """How many aliases."""
        return (len(self.base.aliases) if self.base else 0) + len(self._new_aliases())

    def to_disk(self, path: str | Path, exclude: Iterable[str] = SimpleFrozenList()) -> None:
        """See kb_serialize.py. Nothing can be excluded."""
        self._to_disk(Path(path))

    def from_disk(self, path: str | Path, exclude: Iterable[str] = SimpleFrozenList()):
        """See kb_serialize.py."""
        return self._from_disk(Path(path))
