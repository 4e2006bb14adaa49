"""Which row of a LUKE's entity table belongs to an entity of a knowledge base?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..convert.checkpoint import Checkpoint

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d, Ints1d

BY_QID, BY_ID, BY_LABEL = 0, 1, 2  # how sure a claim is, the surest first


class Claims(NamedTuple):
    """The row that each entity would take."""

    rows: Ints1d  # (entities,) int64, -1 = the table has none
    kinds: Ints1d  # (entities,) int64, BY_QID ...


class TableRows:
    """The entity table of a full LUKE, looked up by what a knowledge base knows of an entity."""

    def __init__(self, checkpoint: Checkpoint):
        self._vectors: Any = checkpoint.entity_vectors
        self._biases: Any = checkpoint.entity_bias
        self._vocab: Any = checkpoint.entity_vocab()

    def vectors(self, rows: Ints1d) -> Floats2d:
        """(rows, emb) float32."""
        return self._vectors[rows].astype("float32")

    def biases(self, rows: Ints1d) -> Floats1d:
        """(rows,) float32, zeros where the checkpoint has none."""
        return numpy.zeros(len(rows), "float32") if self._biases is None else self._biases[rows].astype("float32")

    def claim(self, ids: list[str], infos: list[dict]) -> Claims:
        """By QID; by an id such as "ja:日本"; by a label as the title in its language, or in a vocabulary without
        languages. A label may be the title of something else: where QIDs are known, they alone decide."""
        found = Claims(numpy.full(len(ids), -1), numpy.full(len(ids), BY_LABEL))
        names: list[tuple[int, int, str, str | None]] = []  # entity, kind of claim, title, language
        for i, (id, info) in enumerate(zip(ids, infos)):
            if self._vocab.has_qids and _is_qid(id):
                found.rows[i], found.kinds[i] = self._vocab.by_qid(id), BY_QID
                continue
            language, _, title = id.partition(":")
            titles = [(BY_ID, title, language)] if title else []
            titles += [(BY_LABEL, label, language) for language, label in info["labels"].items()]
            names += [(i, kind, title, lang) for kind, title, language in titles for lang in (language, None)]
        rows = self._vocab.lookup_batch([title for *_, title, _ in names], [language for *_, language in names])
        for (i, kind, _, _), row in zip(names, rows.tolist()):
            if row >= 0 and found.rows[i] < 0:
                found.rows[i], found.kinds[i] = row, kind
        return found


def _is_qid(id: str) -> bool:
    return id[:1] == "Q" and id[1:].isascii() and id[1:].isdigit() and len(id) < 19


def settle(claims: Claims, counts: Ints1d) -> Ints1d:
    """(entities,) int64 rows, -1 = none. Two entities with the label "Paris" cannot both be the row "Paris": the
    surest claim gets it, of equal ones the most popular entity, then the first. counts: (entities,) popularity."""
    order = numpy.lexsort((-counts, claims.kinds, claims.rows))
    rows = claims.rows[order]
    first = numpy.append(True, rows[1:] != rows[:-1])[: len(rows)]
    settled = numpy.full(len(rows), -1)
    settled[order[first]] = rows[first]
    return settled
