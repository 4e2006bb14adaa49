"""Candidates of the mentions of a batch as numbers, side by side, NIL behind those of each mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

from ..types import LinkOptions

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase
    from thinc.types import Floats1d

    from ..types import Candidates

# What stands for the prior of a candidate that has none: less than one link in ten million.
LEAST_PRIOR = 1e-7


def link_options(
    kb: KnowledgeBase, candidates: Sequence[Candidates], width: int, label_fits: Floats1d | None = None
) -> LinkOptions:
    """candidates: one for each mention. An entity without a vector gets zeros, a score from bias, prior and label alone.
    width (int): of the vectors, should the knowledge base have none. label_fits (candidates of all,): see LabelTypes,
    None = nothing is known."""
    lengths = numpy.asarray([len(c.ids) for c in candidates], dtype="int64")
    ends = numpy.cumsum(lengths + 1)
    nil_rows = ends - 1
    mention = numpy.repeat(numpy.arange(len(lengths)), lengths)
    ids = [id for c in candidates for id in c.ids]
    priors = numpy.concatenate([numpy.zeros(0, "float32"), *(c.priors for c in candidates)])
    vectors, biases = entity_vectors(kb, ids)
    if not vectors.shape[1]:
        vectors = numpy.zeros((len(ids), width), "float32")
    return LinkOptions(
        lengths=lengths,
        mention=mention,
        candidate_rows=numpy.arange(len(ids)) + mention,
        nil_rows=nil_rows,
        vectors=vectors,
        biases=biases,
        log_priors=numpy.log(numpy.maximum(priors, LEAST_PRIOR)).astype("float32"),
        label_fits=numpy.zeros(len(ids), "float32") if label_fits is None else label_fits,
    )


def entity_vectors(kb: KnowledgeBase, ids: Sequence[str]):
    """(ids, width) float32 vectors and (ids,) biases; zeros where there is none. Each entity is read once."""
    distinct, inverse = numpy.unique(numpy.asarray(ids, dtype=object).astype(str), return_inverse=True)
    width = kb.entity_vector_length
    if not len(distinct):
        return numpy.zeros((0, width), "float32"), numpy.zeros(0, "float32")
    if hasattr(kb, "vectors_of"):
        rows = kb.entity_rows(distinct.tolist())
        vectors, biases = kb.vectors_of(rows), kb.biases_of(rows)
    else:
        vectors = numpy.asarray(list(kb.get_vectors(distinct.tolist())), dtype="float32")
        biases = numpy.zeros(len(distinct), "float32")
    return vectors.reshape(len(distinct), width)[inverse], biases[inverse]
