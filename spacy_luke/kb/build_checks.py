"""What is refused: entities, links and priors that are not of the documented form, with the place where they stand."""

from __future__ import annotations

import json
import math

import numpy as np

from ..annotations import NIL
from ..errors import Errors
from .links import GIVEN, TOLERANCE

KEYS = ("id", "labels", "description", "types", "count", "aliases", "vector", "bias")
EXPECTED = (
    '{"id": "Q17", "labels": {"en": "Japan"}, "description": "...", "types": ["country"], "count": 123, '
    '"aliases": ["Nippon"], "vector": [...], "bias": 0.1}, all but the id may be left out'
)
EXPECTED_ALIAS = (
    '{"alias": "Japan", "entity": "Q17", "count": 12} or {"alias": "Japan", "entities": ["Q17"], "priors": [0.9]}'
)


def check_entity(entity: dict, where: str) -> None:
    """Raises LK336 for an entity that is not of the documented form, LK334 for an empty name, LK357 for the id NIL."""
    problem = _problem(entity)
    if problem:
        raise ValueError(Errors.LK336.format(where=where, problem=problem, found=_shown(entity), expected=EXPECTED))
    if entity["id"] == NIL:
        raise ValueError(Errors.LK357.format(where=where))
    for name in (*(entity.get("labels") or {}).values(), *(entity.get("aliases") or [])):
        if not name.strip():
            raise ValueError(Errors.LK334.format(where=where, alias=name, id=entity["id"]))


def _problem(entity) -> str:
    """What is wrong with the form of an entity, "" if nothing is."""
    if not isinstance(entity, dict):
        return "no entity"
    unknown = [key for key in entity if key not in KEYS]
    if unknown:
        return f"the unknown field {unknown[0]!r}"
    if not isinstance(entity.get("id"), str) or not entity["id"]:
        return "no id, or one that is not a string,"
    labels = entity.get("labels") or {}
    if not isinstance(labels, dict) or not _are_strings([*labels, *labels.values()]):
        return "labels that are not names by language"
    for key in ("types", "aliases"):
        if not _are_strings(entity.get(key) or []):
            return f"{key} that are not a list of strings"
    if not isinstance(entity.get("description") or "", str):
        return "a description that is not a string"
    if entity.get("count") is not None and not _is_count(entity["count"]):
        return "a count that is not a whole number from 0 on"
    if entity.get("bias") is not None and not _is_number(entity["bias"]):
        return "a bias that is not a number"
    return ""


def _are_strings(values) -> bool:
    return isinstance(values, (list, tuple)) and all(isinstance(value, str) for value in values)


def _shown(entry) -> str:
    return json.dumps(entry, ensure_ascii=False, default=repr)[:200]


def _is_count(value) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= -1)


def _is_number(value) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def check_link(alias, id, count, where: str) -> None:
    """Raises LK334 for an empty alias, LK340 for what is no id or no count, LK357 for the id NIL."""
    if isinstance(alias, str) and not alias.strip():
        raise ValueError(Errors.LK334.format(where=where, alias=alias, id=id))
    is_count = isinstance(count, (int, np.integer)) and not isinstance(count, bool) and count >= 0
    if not isinstance(alias, str) or not isinstance(id, str) or not id or not is_count:
        raise ValueError(Errors.LK340.format(where=where, alias=alias, id=id, count=count))
    if id == NIL:
        raise ValueError(Errors.LK357.format(where=where))


def check_priors(alias, ids, priors, where: str) -> None:
    """Raises LK334, LK340 as check_link, LK335 for priors that are none."""
    if len(ids) != len(priors) or len(set(ids)) != len(ids):
        raise ValueError(Errors.LK341.format(where=where, alias=alias, ids=len(set(ids)), priors=len(priors)))
    for id in ids:
        check_link(alias, id, 0, where)
    good = [isinstance(p, (int, float, np.floating)) and math.isfinite(p) and p >= 0 for p in priors]
    if not all(good):
        found = f"the prior {priors[good.index(False)]}"
        raise ValueError(Errors.LK335.format(where=where, alias=alias, found=found))
    if sum(priors) > 1 + TOLERANCE:
        raise ValueError(Errors.LK335.format(where=where, alias=alias, found=f"priors with the sum {sum(priors):.6g}"))


def alias_links(entry: dict, where: str) -> tuple[str, list[tuple[str, float, int]]]:
    """The alias and its (id, prior, count) of one entry of the JSONL format. Raises LK334 to LK336, LK340, LK341."""
    keys = entry.keys() if isinstance(entry, dict) else set()
    if keys == {"alias", "entities", "priors"}:
        alias, ids, priors = entry["alias"], entry["entities"], entry["priors"]
        if isinstance(ids, (list, tuple)) and isinstance(priors, (list, tuple)):
            check_priors(alias, ids, priors, where)
            return alias, [(id, prior, GIVEN) for id, prior in zip(ids, priors)]
    elif keys in ({"alias", "entity"}, {"alias", "entity", "count"}):
        count = entry.get("count", 0)
        check_link(entry["alias"], entry["entity"], count, where)
        return entry["alias"], [(entry["entity"], 0.0, count)]
    problem = "other fields than those of an alias"
    raise ValueError(Errors.LK336.format(where=where, problem=problem, found=_shown(entry), expected=EXPECTED_ALIAS))
