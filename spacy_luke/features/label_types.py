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

    def fit(self, label: str, types: Sequence[str]) -> float:
        """log p(label | types) / p(label); 0 where nothing is known of the label or of any type.

        Added to the log prior, it makes p(entity | alias, label) of p(entity | alias) by Bayes' rule; NIL, which says
        nothing about labels, has 0. p(label | types) is the mean over the types that were seen.
        """
        seen = [self.types[type_] for type_ in types if type_ in self.types]
        if label not in self.labels or not seen:
            return 0.0
        share = self.labels[label] / sum(self.labels.values())
        shares = [(n.get(label, 0) + SMOOTHING * share) / (sum(n.values()) + SMOOTHING) for n in seen]
        return math.log((1 - NOISE) * sum(shares) / len(shares) / share + NOISE)

    def fits(self, kb: KnowledgeBase, labels: Sequence[str], candidates: Sequence[Candidates]) -> Floats1d:
        """labels: of each mention. candidates: of each mention. RETURNS: (candidates of all,) float32, their fits."""
        ids = [id for found in candidates for id in found.ids]
        if not self.types:
            return numpy.zeros(len(ids), "float32")
        types = types_of(kb, ids)
        asked = [(label, types[id]) for label, found in zip(labels, candidates, strict=True) for id in found.ids]
        known = {pair: self.fit(*pair) for pair in set(asked)}
        return numpy.asarray([known[pair] for pair in asked], dtype="float32")


def types_of(kb: KnowledgeBase, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What the knowledge base knows of its entities; spaCy's know no types."""
    distinct = list(dict.fromkeys(ids))
    if not hasattr(kb, "info_at"):
        return dict.fromkeys(distinct, ())
    return {id: tuple(kb.info_at(row)["types"]) for id, row in zip(distinct, kb.entity_rows(distinct).tolist())}
