"""One mistake, and all of a task."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

# In confusion tables: there is none.
NOTHING = ""


class Mistake(NamedTuple):
    """gold and found are labels, ids, or NOTHING."""

    group: str
    doc: int  # which Example
    start: int  # characters of the gold mention, of the found one where there is no gold one
    end: int
    gold: str
    found: str
    note: str = ""  # what else is to know, as the borders that were found


@dataclass
class Mistakes:
    """All of a task. groups: name -> what it means; a mistake is in one group."""

    groups: dict[str, str]
    right: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)  # (gold, found), the right ones too

    def add(self, group: str, doc: int, place: tuple[int, int], gold: str, found: str, note: str = "") -> None:
        self.mistakes.append(Mistake(group, doc, *place, gold, found, note))

    def counts(self) -> dict[str, int]:
        """How many of each group."""
        found = Counter(mistake.group for mistake in self.mistakes)
        return {group: found[group] for group in self.groups}
