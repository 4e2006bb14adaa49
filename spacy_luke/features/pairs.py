"""Which ordered pairs of entities are asked about. A pair getter is any function
`(docs, *, entities, constraints) -> list[DocPairs]`, see `PairGetter.__call__`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Iterable, Literal, NamedTuple, Sequence

import numpy

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from thinc.types import Ints2d, Ints3d

    from ..annotations import Relation

# Label of a relation -> [label of the head, label of the tail], each of them allowed; "*" is any.
Constraints = dict[str, list[list[str]]]
ANY = "*"


class DocPairs(NamedTuple):
    """The pairs of a Doc."""

    entities: list[Span]
    pairs: Ints2d  # (pairs, 2) int64, head and tail, places in `entities`
    labels: list[frozenset[str] | None]  # (pairs,) the labels that each may have, None = any

    @property
    def words(self) -> Ints3d:
        """(pairs, head and tail, first word and one past the last) int64."""
        borders = numpy.asarray([(span.start, span.end) for span in self.entities], dtype="int64").reshape(-1, 2)
        return borders[self.pairs]


GetPairs = Callable[..., list[DocPairs]]


def build_pair_getter_v1(
    entities_key: str | None = None,
    same_sentence: bool = False,
    max_words: int | None = 100,
    constraints: dict[str, list[list[str]]] | Literal["learn"] | None = None,
) -> PairGetter:
    """All ordered pairs of two entities of a Doc that are near enough and whose labels fit.

    entities_key (str): entities are doc.spans[entities_key], which may overlap; None = doc.ents.
    same_sentence (bool): both begin in one sentence. A Doc without sentence boundaries is one sentence.
    max_words (int): most words between the two; None = any number.
    constraints: which labels a relation of which entities may have, {"founded": [["PERSON", "ORG"]]}. A label
        that is not named is never asked about, a pair for which none is left is not proposed; "*" stands for
        any label of a relation, head or tail. "learn" takes those of the training data. None: no constraints.
    RAISES ValueError LK260: constraints of another form; LK261: max_words below 0.
    """
    if max_words is not None and max_words < 0:
        raise ValueError(Errors.LK261.format(max_words=max_words))
    if constraints is not None and constraints != "learn":
        check_constraints(constraints)
    return PairGetter(entities_key, same_sentence, max_words, constraints)


@dataclass
class PairGetter:
    """See `build_pair_getter_v1`."""

    entities_key: str | None
    same_sentence: bool
    max_words: int | None
    constraints: Constraints | Literal["learn"] | None

    def __call__(
        self,
        docs: Sequence[Doc],
        *,
        entities: Sequence[Sequence[Span]] | None = None,
        constraints: Constraints | None = None,
    ) -> list[DocPairs]:
        """entities: those of each Doc, as gold has them in training; None = those that the Doc has.
        constraints: what a pipe has learnt, for the "learn" of the config."""
        rules = constraints if self.constraints == "learn" else self.constraints
        if entities is None:
            key = self.entities_key
            entities = [doc.ents if key is None else list(doc.spans.get(key, ())) for doc in docs]
        return [self._of_doc(doc, found, rules) for doc, found in zip(docs, entities, strict=True)]

    def _of_doc(self, doc: Doc, found: Sequence[Span], rules: Constraints | None) -> DocPairs:
        entities = [span for span in found if len(span)]
        borders = numpy.asarray([(span.start, span.end) for span in entities], dtype="int64").reshape(-1, 2)
        is_asked = ~numpy.eye(len(entities), dtype=bool)
        if self.max_words is not None:
            starts, ends = borders.T
            between = numpy.maximum(starts[None] - ends[:, None], starts[:, None] - ends[None])
            is_asked &= between <= self.max_words
        if self.same_sentence and doc.has_annotation("SENT_START"):
            sentence = numpy.cumsum([token.is_sent_start is True for token in doc])[borders[:, 0]]
            is_asked &= sentence[None] == sentence[:, None]
        pairs = numpy.argwhere(is_asked)
        if rules is None:
            return DocPairs(entities, pairs, [None] * len(pairs))
        fits = {}
        labels = []
        for head, tail in pairs.tolist():
            kinds = entities[head].label_, entities[tail].label_
            if kinds not in fits:
                fits[kinds] = fitting_labels(rules, *kinds)
            labels.append(fits[kinds])
        kept = [row for row, found in enumerate(labels) if found != frozenset()]
        return DocPairs(entities, pairs[kept], [labels[row] for row in kept])


def fitting_labels(constraints: Constraints, head: str, tail: str) -> frozenset[str] | None:
    """The labels that a relation of a head and a tail of these labels may have; None = any."""
    fitting = {
        label
        for label, kinds in constraints.items()
        if any(h in (head, ANY) and t in (tail, ANY) for h, t in kinds)
    }
    return None if ANY in fitting else frozenset(fitting)


def allowed_classes(pairs: Sequence[frozenset[str] | None], labels: Sequence[str], n_none: int) -> numpy.ndarray:
    """(pairs, classes) bool: may the pair have the class. pairs: as `DocPairs.labels`; labels: of the classes, behind
    `n_none` that all may have."""
    rows: dict[frozenset[str] | None, list[bool]] = {}
    for found in set(pairs):
        rows[found] = [True] * n_none + [found is None or label in found for label in labels]
    return numpy.asarray([rows[found] for found in pairs], dtype=bool).reshape(-1, n_none + len(labels))


def learn_constraints(relations: Iterable[Relation]) -> Constraints:
    """The labels of heads and tails that each label of a relation was seen with, sorted."""
    seen: dict[str, set[tuple[str, str]]] = {}
    for relation in relations:
        seen.setdefault(relation.label, set()).add((relation.head.label_, relation.tail.label_))
    return {label: [list(kinds) for kinds in sorted(seen[label])] for label in sorted(seen)}


def check_constraints(constraints: Constraints) -> None:
    """RAISES ValueError LK260."""
    for label, kinds in constraints.items():
        for kind in kinds:
            if isinstance(kinds, str) or isinstance(kind, str) or len(kind) != 2:
                raise ValueError(Errors.LK260.format(label=label, found=kinds))
