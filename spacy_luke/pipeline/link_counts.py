"""What is counted in the gold links when luke_linker is initialized: labels and types, NIL, what no linker could get right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterator, Sequence

from ..annotations import NIL
from ..errors import Warnings
from ..features.label_types import LabelTypes, types_of

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase
    from spacy.tokens import Span

    from ..training.link_targets import GoldLink
    from ..types import Candidates

SHOWN = 5


class LinkCounts:
    """Gold links by what the knowledge base knows of them."""

    def __init__(self) -> None:
        self.links = 0
        self.label_types = LabelTypes()
        self.pairs: set[tuple[str, str]] = set()  # text of a mention, its entity
        self.misaligned: Counter[str] = Counter()
        self.without_entity: Counter[str] = Counter()
        self.without_candidate: Counter[str] = Counter()
        self.entities: set[str] = set()
        self.without_vector: set[str] = set()

    def add(
        self,
        kb: KnowledgeBase,
        gold: Sequence[Sequence[GoldLink]],
        candidates: Sequence[Sequence[Candidates]],
    ) -> None:
        types = types_of(kb, [link.entity for doc in gold for link in doc])
        for link in (link for doc in gold for link in doc):
            self.label_types.add(link.mention.label_, types[link.entity])
        for doc, found in zip(gold, candidates):
            for link, options in zip(doc, found):
                if link.entity in ("", NIL):
                    continue
                self.links += 1
                self.pairs.add((link.mention.text, link.entity))
                if link.entity in options.ids:
                    self._look_at(kb, link.entity)
                elif not kb.contains_entity(link.entity):
                    self.without_entity[link.entity] += 1
                else:
                    self.without_candidate[f"{link.mention.text} ({link.entity})"] += 1

    def lose(self, misaligned: Sequence[Span]) -> None:
        """Links whose mentions do not begin and end with words of the pipeline."""
        self.misaligned.update(span.text for span in misaligned)

    def _look_at(self, kb: KnowledgeBase, entity: str) -> None:
        if entity not in self.entities:
            self.entities.add(entity)
            if not any(kb.get_vector(entity)):
                self.without_vector.add(entity)

    def messages(self, name: str) -> Iterator[str]:
        """LKW510 to LKW514, those that have something to say."""
        if not self.links:
            yield Warnings.LKW510.format(name=name)
        for text, lost in ((Warnings.LKW511, self.without_entity), (Warnings.LKW512, self.without_candidate)):
            if lost:
                examples = ", ".join(key for key, _ in lost.most_common(SHOWN))
                yield text.format(name=name, n=lost.total(), links=self.links, share=lost.total() / self.links, examples=examples)
        if self.misaligned:
            n = self.misaligned.total()
            examples = ", ".join(repr(key) for key, _ in self.misaligned.most_common(SHOWN))
            yield Warnings.LKW514.format(name=name, n=n, examples=examples)
        if self.without_vector:
            n = len(self.without_vector)
            examples = ", ".join(sorted(self.without_vector)[:SHOWN])
            yield Warnings.LKW513.format(name=name, n=n, entities=len(self.entities), examples=examples)
