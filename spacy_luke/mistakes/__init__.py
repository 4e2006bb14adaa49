"""What a pipeline got wrong, mistake by mistake, in groups that say what to mend. They count as the scorers do."""

from __future__ import annotations

from .entities import entity_mistakes
from .links import link_mistakes
from .mistake import Mistake, Mistakes
from .relations import relation_mistakes
from .types import type_mistakes

__all__ = ["Mistake", "Mistakes", "entity_mistakes", "link_mistakes", "relation_mistakes", "type_mistakes"]
