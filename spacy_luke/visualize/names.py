"""What a knowledge base calls its entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any


def names_in(options: Mapping[str, Any], lang: str | None) -> Callable[[str], str]:
    """id -> label in that language, else in English, else in any; "" where options["kb"] does not know it or does
    not keep labels (spaCy's own does not)."""
    kb: Any = options.get("kb")

    @lru_cache(maxsize=10_000)
    def name(entity: str) -> str:
        if not hasattr(kb, "info") or not kb.contains_entity(entity):
            return ""
        labels = kb.info(entity)["labels"]
        return labels.get(lang or "") or labels.get("en") or next(iter(labels.values()), "")

    return name
