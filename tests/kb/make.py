"""Small knowledge bases for tests."""

from __future__ import annotations

from pathlib import Path

from spacy_luke.kb.build import build_kb

ENTITIES = [
    {
        "id": "Q17",
        "labels": {"ja": "日本", "en": "Japan"},
        "description": "island country",
        "types": ["country"],
        "count": 500,
        "aliases": ["Nippon"],
        "vector": [1.0, 0.5, -2.0],
    },
    {"id": "Q623818", "labels": {"en": "Japan"}, "description": "English band", "count": 3, "vector": [0.0, 1.0, 0.0]},
    {"id": "ﾄﾖﾀ\t1", "labels": {"ja": "トヨタ"}},
    {"id": "Q90", "labels": {"fr": "Paris"}, "vector": [0.25, 0.0, 0.0]},
]
LINKS = [("Japan", "Q17", 40), ("JAPAN", "Q623818", 6), ("Japan", "Q623818", 10), ("Japan", "Q17", 50), ("Paname", "Q90", 1)]
PRIORS = [("Capital", ["Q90", "Q17"], [0.6, 0.3])]


def make_kb(path: Path, **more) -> Path:
    """The directory of a knowledge base of four entities."""
    build_kb(path, ENTITIES, LINKS, priors=PRIORS, **more)
    return path


def everything(kb) -> dict:
    """What a knowledge base knows, by names, not by rows."""
    aliases = sorted(kb.get_alias_strings())
    answers = {}
    for normalised in (False, True):
        found = kb.look_up(aliases, normalised=normalised)
        every = iter(zip(kb.entity_ids(found.entities), found.priors.tolist(), found.counts.tolist()))
        mine = {alias: [next(every) for _ in range(n)] for alias, n in zip(aliases, found.lengths.tolist())}
        answers[normalised] = {alias: [(id, round(p, 6), n) for id, p, n in links] for alias, links in mine.items()}
    ids = kb.get_entity_strings()
    rows = kb.entity_rows(ids)
    return {
        "links": answers,
        "info": {id: kb.info(id) for id in ids},
        "vectors": dict(zip(ids, kb.vectors_of(rows).tolist())),
        "has": dict(zip(ids, kb.has_vectors(rows).tolist())),
    }
