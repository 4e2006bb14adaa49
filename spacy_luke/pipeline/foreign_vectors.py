"""Are the vectors of a knowledge base those of the encoder that is to be compared with them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import numpy
from thinc.api import Model

from ..errors import Warnings
from ..kb.descriptions import passage_of
from ..models.entity_vectors import embed_passages

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase

SAMPLE = 32  # entities that are looked at
FEWEST = 8
LEAST = 0.25  # of them recognised; one of 32 is by chance


def foreign_vectors(name: str, kb: KnowledgeBase, model: Model) -> Iterator[str]:
    """LKW516 if they are not. name: of the luke_linker, model: its model."""
    found = recognised(kb, model)
    if found is not None and found[1] < LEAST:
        yield Warnings.LKW516.format(name=name, n=found[0], share=found[1])


def recognised(kb: KnowledgeBase, model: Model) -> tuple[int, float] | None:
    """Of how many described entities, at most SAMPLE from all over the knowledge base, the own vector is the most similar
    one to what the model, of a luke_linker, says of their description: entities looked at, and the share of them. None if
    fewer than FEWEST have description and vector.

    Widths tell little: entity vectors of all released LUKEs have 256 components.
    """
    if not hasattr(kb, "info_at") or kb.is_empty():
        return None
    rows = numpy.unique(numpy.linspace(0, len(kb) - 1, 10 * SAMPLE).astype("int64"))
    vectors, infos = kb.vectors_of(rows), [kb.info_at(row) for row in rows.tolist()]  # type: ignore[attr-defined]
    passages = [passage_of(info) if info["description"] else None for info in infos]
    kept = [i for i, passage in enumerate(passages) if passage and vectors[i].any()]
    kept = [kept[i] for i in numpy.unique(numpy.linspace(0, len(kept) - 1, SAMPLE).astype("int64"))] if kept else []
    if len(kept) < FEWEST:
        return None
    found = embed_passages(model, [passage for i in kept if (passage := passages[i])])
    nearest = (_directions(found) @ _directions(vectors[kept]).T).argmax(axis=1)
    return len(kept), float((nearest == numpy.arange(len(kept))).mean())


def _directions(vectors: numpy.ndarray) -> numpy.ndarray:
    """From the mean of all: states of some encoders all point in nearly one direction."""
    centred = vectors - vectors.mean(axis=0)
    return centred / (numpy.linalg.norm(centred, axis=1, keepdims=True) + 1e-12)
