"""What the label of a mention says of its candidates: a PERSON is no city."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Sequence

import numpy

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase
    from thinc.types import Floats1d

    from ..types import Candidates

# Mentions that a type is thought to have been seen with before the first one, of the labels that all have.
SMOOTHING = 5
# How often the label of a mention that was found tells nothing.
NOISE = 0.1


class LabelTypes:
    """How often mentions of each label were linked to an entity of each type.

    Types of entities are those of the knowledge base, labels those of the recogniser; which of them belong together
    is counted in the training data.
    """

    def __init__(self, counts: dict[str, dict] | None = None):
        """counts: as in `counts`, which a pipe saves."""
        self.counts: dict[str, dict] = counts or {"labels": {}, "types": {}}
        self.labels: dict[str, int] = self.counts["labels"]  # of linked mentions whose entity has a type
        self.types: dict[str, dict[str, int]] = self.counts["types"]  # type -> labels

    def add(self, label: str, types: Sequence[str]) -> None:
        """A mention with this label was linked to an entity of these types."""
        for labels in (self.labels, *(self.types.setdefault(type_, {}) for type_ in types)) if types else ():
            labels[label] = labels.get(label, 0) + 1

    def fit(self, label: str, types: Sequence[str], own: Sequence[str] = ()) -> float:
        """log p(label | types) / p(label); 0 where nothing is known of the label or of any type.

        Added to the log prior, it makes p(entity | alias, label) of p(entity | alias) by Bayes' rule; NIL, which says
        nothing about labels, has 0. p(label | types) is the mean over the types that were seen.

        own: types for which this very mention was counted, in training. It is left out: a rare type, seen with the
        right answer only, would tell that it is the right answer.
        """
        of_label, of_all = _without(self.labels, label, bool(own))
        counts = [_without(self.types[type_], label, type_ in own) for type_ in types if type_ in self.types]
        seen = [(n, total) for n, total in counts if total]
        if not of_label or not seen:
            return 0.0
        share = of_label / of_all
        shares = [(n + SMOOTHING * share) / (total + SMOOTHING) for n, total in seen]
        return math.log((1 - NOISE) * sum(shares) / len(shares) / share + NOISE)

    def fits(
        self,
        kb: KnowledgeBase,
        labels: Sequence[str],
        candidates: Sequence[Candidates],
        links: Sequence[str] | None = None,
    ) -> Floats1d:
        """labels, candidates: of each mention. links: in training, the gold entity of each, "" = none.
        RETURNS: (candidates of all,) float32, their fits."""
        ids = [id for found in candidates for id in found.ids]
        if not self.types:
            return numpy.zeros(len(ids), "float32")
        links = [""] * len(labels) if links is None else links
        types = types_of(kb, [*ids, *links])
        mentions = zip(labels, links, candidates, strict=True)
        asked = [(label, types[id], types[link]) for label, link, found in mentions for id in found.ids]
        known = {each: self.fit(*each) for each in set(asked)}
        return numpy.asarray([known[each] for each in asked], dtype="float32")


def _without(counts: dict[str, int], label: str, leave_out: bool) -> tuple[int, int]:
    """How many mentions have the label, and how many there are, without one that has it."""
    n = counts.get(label, 0)
    less = int(leave_out and n > 0)
    return n - less, sum(counts.values()) - less


def types_of(kb: KnowledgeBase, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What the knowledge base knows of entities, each type once: nothing of those that it lacks; spaCy's know no types."""
    distinct = list(dict.fromkeys(ids))
    if not hasattr(kb, "info_at"):
        return dict.fromkeys(distinct, ())
    rows = zip(distinct, kb.entity_rows(distinct).tolist())  # type: ignore[attr-defined]
    return {id: tuple(dict.fromkeys(kb.info_at(row)["types"])) if row >= 0 else () for id, row in rows}
