"""Gold entities -> the class of every suggested span, and which of them train."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Mapping

import numpy

from ..errors import Warnings

if TYPE_CHECKING:
    from spacy.training import Example
    from thinc.types import Ints1d, Ints2d

# A span whose class is not known: it touches a word without annotation, or gold that is misaligned
# with the words of the predicted Doc, or it has a label that the pipe does not know.
UNKNOWN = -1


def span_classes(example: Example, spans: Ints2d, labels: Mapping[str, int]) -> Ints1d:
    """The class of each span, (spans,) int64: labels[label] for a gold entity, 0 for none, UNKNOWN.
    A span that is suggested twice has its class twice.

    spans (spans, 2): word offsets in example.predicted.
    labels: label -> class, from 1.
    """
    classes = numpy.zeros(len(spans), dtype="int64")
    ents, tags = example.get_aligned_ents_and_ner()
    unknown = numpy.cumsum([0, *(tag is None for tag in tags)])
    classes[unknown[spans[:, 1]] > unknown[spans[:, 0]]] = UNKNOWN
    gold = {(ent.start, ent.end): labels.get(ent.label_, UNKNOWN) for ent in ents}
    for row, (start, end) in enumerate(spans.tolist()):
        if (start, end) in gold:
            classes[row] = gold[start, end]
    return classes


def sample_spans(spans: Ints2d, classes: Ints1d, n_negatives: int | None) -> Ints1d:
    """Rows of the spans to train on, (sampled,) int64, in order: every entity, and negatives.

    Half of the negatives touch an entity, because those are the ones a model gets wrong; more or fewer
    where there are not enough of one kind.
    Drawn from NumPy's global generator, which `spacy train` seeds.

    n_negatives (int): None takes all.
    """
    positives = numpy.flatnonzero(classes > 0)
    negatives = numpy.flatnonzero(classes == 0)
    if n_negatives is None or len(negatives) <= n_negatives:
        return numpy.flatnonzero(classes >= 0)
    covered = numpy.zeros(int(spans.max()) + 1, dtype=bool)
    for start, end in spans[positives]:
        covered[start:end] = True
    count = numpy.cumsum([0, *covered])
    touches = count[spans[negatives, 1]] > count[spans[negatives, 0]]
    n_near = max(n_negatives // 2, n_negatives - numpy.count_nonzero(~touches))
    near = numpy.random.permutation(negatives[touches])[:n_near]
    far = numpy.random.permutation(negatives[~touches])[: n_negatives - len(near)]
    return numpy.sort(numpy.concatenate([positives, near, far]))


def out_of_reach(example: Example, spans: Ints2d) -> Counter[tuple[str, int]]:
    """Gold entities that no suggested span matches: (label, length in words of the gold Doc) -> count."""
    suggested = {(start, end) for start, end in spans.tolist()}
    ents, _ = example.get_aligned_ents_and_ner()
    reached = {(e.start_char, e.end_char) for e in ents if (e.start, e.end) in suggested}
    gold = example.reference.ents
    return Counter((e.label_, len(e)) for e in gold if (e.start_char, e.end_char) not in reached)


def lost_message(name: str, lost: Counter[tuple[str, int]], n_gold: int) -> str:
    """The warning about what `out_of_reach` counted: how many of `n_gold` entities, how long, which labels."""
    n = sum(lost.values())
    lengths, labels = Counter(), Counter()
    for (label, length), count in lost.items():
        lengths[length] += count
        labels[label] += count
    return Warnings.LKW501.format(
        name=name,
        n=n,
        gold=n_gold,
        share=100 * n / n_gold,
        lengths=", ".join(f"{k}: {v}" for k, v in sorted(lengths.items())),
        labels=", ".join(f"{k}: {v}" for k, v in labels.most_common()),
    )
