"""Gold entities -> the class of every suggested span, and which of them train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

import numpy

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
