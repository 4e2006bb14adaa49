"""Looking for entities by id and by name, in any knowledge base that luke_linker takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..features.alias_lookup import lookup_in

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase

MOST = 20  # entities
SMALL = 200_000  # aliases: of so many, all are looked through for a part of a name
MOST_ALIASES = 100  # of which candidates are then looked up


def search_kb(kb: KnowledgeBase, query: str) -> list[dict[str, Any]]:
    """Entities with that id or name, the most probable first; where there are none, in a small knowledge base those
    with a name that has the query in it."""
    has_id = getattr(kb, "contains_entity", lambda id: id in kb.get_entity_strings())
    found: dict[str, float | None] = {query: None} if has_id(query) else {}
    lookup = lookup_in(kb, MOST)
    candidates = lookup.aliases([query], normalised=True)
    if not found and not candidates[0].ids and lookup.has_aliases and kb.get_size_aliases() <= SMALL:
        part = query.casefold()
        aliases = [alias for alias in kb.get_alias_strings() if part in alias.casefold()]
        candidates = lookup.aliases(aliases[:MOST_ALIASES])
    for each in candidates:
        for entity, prior in zip(each.ids, each.priors.tolist()):
            found.setdefault(entity, prior)
    return [{**describe(kb, entity), "prior": prior} for entity, prior in list(found.items())[:MOST]]


def describe(kb: KnowledgeBase, entity: str) -> dict[str, Any]:
    """{"id", "labels", "description", "types", "count"}, as far as the knowledge base keeps them."""
    return (
        kb.info(entity)
        if hasattr(kb, "info")
        else {"id": entity, "labels": {}, "description": "", "types": [], "count": -1}
    )
