"""Which gold relations luke_relations can never find, counted when it is initialized."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Callable, Iterator

from ..errors import Warnings

if TYPE_CHECKING:
    import numpy

    from ..features.marked import Marked
    from .relation_targets import GoldPairs


class RelationReach:
    """Gold relations that are never proposed, those that are, but not asked about, and those of unknown labels."""

    def __init__(self, labels: Collection[str]) -> None:
        """labels: those that the pipe knows."""
        self.labels = frozenset(labels)
        self.n_docs = 0
        self.n_gold = 0
        self.n_several = 0
        self.unproposed: Counter[str] = Counter()
        self.unasked: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()

    def add(self, pairs: GoldPairs, ask: Callable[[list[numpy.ndarray]], Marked]) -> None:
        """Count those of one Doc. ask: the words of its pairs, in a list -> the questions about them."""
        self.n_docs += 1
        self.n_gold += pairs.n_gold
        self.n_several += sum(len(labels) > 1 for labels in pairs.gold)
        self.unproposed.update(pairs.lost)
        found = [*pairs.lost, *(label for labels in pairs.gold for label in labels)]
        self.unknown.update(label for label in found if label not in self.labels)
        rows = [row for row, labels in enumerate(pairs.gold) if labels]
        if rows:
            asked = set(ask([pairs.spans[rows]]).rows.tolist())
            self.unasked.update(label for i, row in enumerate(rows) if i not in asked for label in pairs.gold[row])

    def messages(self, name: str, multi_label: bool) -> Iterator[str]:
        """LKW520 to LKW523 and LKW525, those that have something to say. multi_label: may a pair have several labels?"""
        if not self.n_docs:
            yield Warnings.LKW523.format(name=name)
        texts = Warnings.LKW520, Warnings.LKW521, Warnings.LKW525
        for text, counts in zip(texts, (self.unproposed, self.unasked, self.unknown)):
            if counts:
                n = counts.total()
                labels = ", ".join(f"{label}: {count}" for label, count in counts.most_common())
                yield text.format(name=name, n=n, gold=self.n_gold, share=n / self.n_gold, labels=labels)
        if self.n_several and not multi_label:
            yield Warnings.LKW522.format(name=name, n=self.n_several)
