"""Queries of mentions . vectors of their candidates -> scores, with one more option: none of them (NIL)."""

from __future__ import annotations

from typing import Callable, TypeAlias

from thinc.api import Model
from thinc.types import Floats1d, Floats2d

from ..types import LinkOptions

InT: TypeAlias = tuple[Floats2d, LinkOptions]
OutT: TypeAlias = Floats1d


def CandidateScores(nI: int | None = None, use_prior: bool = True, use_labels: bool = True) -> Model[InT, OutT]:
    """(queries (mentions, nI), options) -> scores (options,), not normalised.

        candidate   scale * query . vector + bias + weight * log(prior) + weight * fit of the label
        NIL         query . W + b

    The dot product and the bias are the second half of LUKE's masked-entity head (LUKE.md of the authors'
    repository: examples/entity_disambiguation/model.py); scale starts at attrs["scale"], the weights of prior and label (see
    features/label_types.py) at 1, as in Bayes' rule, or without use_prior and use_labels are 0 and stay;
    pipeline/linker_start.py fits them to data. Gradients do not reach prior and label: in training a prior
    comes without the mention itself, is wrong where a name means two entities equally often, and would be turned round.
    """
    return Model(
        "candidate_scores",
        forward,
        init=init,
        dims={"nI": nI},
        params={"scale": None, "prior": None, "label": None, "W": None, "b": None},
        attrs={"use_prior": use_prior, "use_labels": use_labels, "scale": 1.0},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    ops = model.ops
    model.set_param("scale", ops.alloc1f(1) + model.attrs["scale"])
    model.set_param("prior", ops.alloc1f(1) + float(model.attrs["use_prior"]))
    model.set_param("label", ops.alloc1f(1) + float(model.attrs["use_labels"]))
    model.set_param("W", ops.alloc1f(model.get_dim("nI")))
    model.set_param("b", ops.alloc1f(1))


def forward(model: Model[InT, OutT], queries_options: InT, is_train: bool) -> tuple[OutT, Callable]:
    queries, options = queries_options
    ops = model.ops
    scale, prior, label, W, b = (model.get_param(name) for name in ("scale", "prior", "label", "W", "b"))
    mention = ops.asarray1i(options.mention)  # whose candidate it is
    row, nil = ops.asarray1i(options.candidate_rows), ops.asarray1i(options.nil_rows)
    vectors, biases = ops.asarray_f(options.vectors), ops.asarray_f(options.biases)
    log_priors, fits = ops.asarray_f(options.log_priors), ops.asarray_f(options.label_fits)
    dots = (queries[mention] * vectors).sum(axis=1)
    scores = ops.alloc1f(len(row) + len(nil))
    scores[row] = scale * dots + biases + prior * log_priors + label * fits
    scores[nil] = queries @ W + b

    def backprop(d_scores: OutT) -> Floats2d:
        d_candidate, d_nil = d_scores[row], d_scores[nil]
        model.inc_grad("scale", (d_candidate * dots).sum(keepdims=True))
        model.inc_grad("W", d_nil @ queries)
        model.inc_grad("b", d_nil.sum(keepdims=True))
        d_queries = d_nil[:, None] * W
        ops.scatter_add(d_queries, mention, (d_candidate * scale)[:, None] * vectors)
        return d_queries

    return scores, backprop
