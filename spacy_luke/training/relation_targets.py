"""Gold relations -> the label of every proposed pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy

from ..annotations import get_relations, has_relations
from .aligned import predicted_words

if TYPE_CHECKING:
    from spacy.training import Example
    from thinc.types import Floats2d, Ints1d

    from ..features.pairs import DocPairs

# A pair whose label is not known to the pipe: it trains nothing.
UNKNOWN = -1
NONE_CLASS = 0

Pair = tuple[int, int, int, int]  # first word and one past the last, of head and tail, in example.predicted


class GoldPairs(NamedTuple):
    """What the pairs of a Doc should be called."""

    spans: numpy.ndarray  # (pairs, 2, 2) int64: words of example.predicted
    gold: list[tuple[str, ...]]  # (pairs,) labels in the order they are written, () = no relation
    allowed: list[frozenset[str] | None]  # (pairs,) see DocPairs.labels
    n_gold: int  # gold relations of the Doc
    lost: list[str]  # labels of those that are not among the pairs, or not allowed for theirs


def gold_pairs(example: Example, proposed: DocPairs, spans_key: str) -> GoldPairs | None:
    """The gold labels of proposed pairs, of example.reference or of example.predicted, by aligned words. Left
    out are pairs whose spans do not begin and end with words of example.predicted, and those with gold labels
    none of which is allowed.

    RETURNS: None if the reference has no such group, or one without relations: nobody said what they are.
    """
    if not has_relations(example.reference, spans_key):
        return None
    gold: dict[Pair | None, dict[str, None]] = {}
    for head, tail, label, _ in get_relations(example.reference, spans_key):
        gold.setdefault(_pair(predicted_words(example, head), predicted_words(example, tail)), {})[label] = None
    words = [predicted_words(example, span) for span in proposed.entities]
    spans, found, allowed = [], [], []
    reached: set = set()
    for (head, tail), labels in zip(proposed.pairs.tolist(), proposed.labels):
        pair = _pair(words[head], words[tail])
        known = gold.get(pair, {})
        kept = tuple(label for label in known if labels is None or label in labels)
        if pair is not None and (kept or not known):
            spans.append(pair)
            found.append(kept)
            allowed.append(labels)
            reached.update((pair, label) for label in kept)
    lost = [label for pair, labels in gold.items() for label in labels if (pair, label) not in reached]
    n_gold = sum(map(len, gold.values()))
    return GoldPairs(numpy.asarray(spans, dtype="int64").reshape(-1, 2, 2), found, allowed, n_gold, lost)


def _pair(head: tuple[int, int] | None, tail: tuple[int, int] | None) -> Pair | None:
    return None if head is None or tail is None else (*head, *tail)


def classes_of(gold: list[tuple[str, ...]], classes: dict[str, int]) -> Ints1d:
    """(pairs,) int64: the class of the first known label, NONE_CLASS where there is no label, UNKNOWN."""
    found = numpy.full(len(gold), UNKNOWN, dtype="int64")
    for row, labels in enumerate(gold):
        known = [classes[label] for label in labels if label in classes]
        if known or not labels:
            found[row] = known[0] if known else NONE_CLASS
    return found


def sample_pairs(classes: Ints1d, n_negatives: int | None) -> Ints1d:
    """Rows of the pairs to train on, in order: those with a relation, and n_negatives of those without; None
    takes all. Drawn from NumPy's global generator, which `spacy train` seeds."""
    negatives = numpy.flatnonzero(classes == NONE_CLASS)
    if n_negatives is None or len(negatives) <= n_negatives:
        return numpy.flatnonzero(classes != UNKNOWN)
    chosen = numpy.random.permutation(negatives)[:n_negatives]
    return numpy.sort(numpy.concatenate([numpy.flatnonzero(classes > NONE_CLASS), chosen]))


def relation_targets(gold: list[tuple[str, ...]], labels: Sequence[str], *, multi_label: bool) -> Floats2d:
    """(pairs, classes) float32, 1 where the scores should be: the first known label of each pair, or NONE_CLASS in front
    of the labels; with multi_label every known one, and there is no such class."""
    column = {label: row for row, label in enumerate(labels)}
    targets = numpy.zeros((len(gold), len(column) + (not multi_label)), dtype="float32")
    for row, names in enumerate(gold):
        known = [column[label] for label in names if label in column]
        if multi_label:
            targets[row, known] = 1.0
        else:
            targets[row, 1 + known[0] if known else NONE_CLASS] = 1.0
    return targets
