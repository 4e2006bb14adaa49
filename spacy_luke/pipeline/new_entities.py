"""New entities for a trained luke_linker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable

from thinc.api import Model

from ..kb.build_checks import check_entity
from ..kb.build_entities import names_of
from ..kb.descriptions import passage_of
from ..models.entity_vectors import bring_to, embed_passages
from ..models.linker import has_pretrained_head

if TYPE_CHECKING:
    from thinc.types import Floats2d

    from ..kb.descriptions import Passage

# Entities of the knowledge base that show on which scale its vectors are.
REFERENCES = 256


def add_described(kb: Any, model: Model, entities: Iterable[dict]) -> None:
    """Add entities to an MMapKB, with vectors that this model gives to their descriptions; see
    `LukeLinker.add_entities`. All of them or, on an error, none, as MMapKB.add_entities."""
    entities = list(entities)
    for number, entity in enumerate(entities, 1):
        check_entity(entity, f"entity number {number}")
    entities = [dict(entity) for entity in entities]
    passages = [(entity, passage_of(entity)) for entity in entities if entity.get("vector") is None]
    described = [(entity, passage) for entity, passage in passages if passage is not None]
    if kb.entity_vector_length:
        vectors = _vectors(kb, model, [passage for _, passage in described])
        for (entity, _), vector in zip(described, vectors):
            entity["vector"] = vector.tolist()
    kb.add_entities(entities)
    counted = [(entity, name) for entity in entities if (entity.get("count") or 0) > 0 for name in names_of(entity)]
    kb.add_aliases([{"alias": name, "entity": e["id"], "count": e["count"]} for e, name in counted])


def _vectors(kb: Any, model: Model, passages: list[Passage]) -> Floats2d:
    """(passages, emb). A head that was not pretrained gives vectors on its own scale: they are brought to that of
    the knowledge base, which REFERENCES of its entities show, so that all are as `kb embed` made them."""
    vectors = embed_passages(model, passages)
    if has_pretrained_head(model):
        return vectors
    rows = range(0, len(kb), -(-len(kb) // REFERENCES) or 1)
    known = {row: passage for row in rows if (passage := passage_of(kb.info_at(row))) is not None}
    found, expected = embed_passages(model, list(known.values())), kb.vectors_of(list(known))
    both = found.any(axis=1) & expected.any(axis=1)
    return bring_to(vectors, found[both], expected[both]) if both.sum() > 1 else vectors
