"""What a new luke_linker starts from: the first mentions of its training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, NamedTuple

import numpy
from thinc.api import Model

from ..models.entity_vectors import standardise
from ..models.linker import has_pretrained_head, standardise_head
from ..training.conditional_logit import fit_conditional_logit
from ..training.link_targets import UNKNOWN, link_targets
from ..types import LinkOptions
from .asked import Asked, questions_about

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d, Ints1d

# Links that the weights are fitted to, and mentions that are looked at for them: the gold of others is no candidate.
LINKS, MENTIONS = 2000, 10000
# Where the bias of NIL is thought to be before anything is seen: within so many nats of 0. Of a thousand links without a
# NIL, this leaves a third of one.
BIAS = 5.0
# What says nothing of the first mentions, or seems to say the opposite, keeps this share of its weight: a prior without the
# mention itself is below the truth where a name means two entities equally often, and at a scale of 0 nothing trains the encoder.
LEAST = 0.2


class First(NamedTuple):
    """Mentions of the first Docs."""

    queries: Floats2d  # (mentions, emb), zeros = in no window
    options: LinkOptions
    targets: Ints1d  # (mentions,) int64, place of the right option, UNKNOWN = not known


def start_linker(model: Model, batches: Iterable[tuple[Asked, list[str]]]) -> None:
    """Bring the head to the scale of entity vectors, if the checkpoint had none, and give dot product, prior, label and
    NIL the weights that explain the first links best, before anything is trained.

    batches: mentions, and the id, NIL or "" (not annotated) of each.
    """
    found: list[First] = []
    n_links = n_mentions = 0
    for asked, links in batches:
        found.append(_look(model, asked, links))
        n_links += int((found[-1].targets != UNKNOWN).sum())
        n_mentions += len(links)
        if n_links >= LINKS or n_mentions >= MENTIONS:
            break
    queries = numpy.concatenate([part.queries for part in found]) if found else numpy.zeros((0, 0))
    if queries.any(axis=1).sum() > 1 and not has_pretrained_head(model):
        queries, mean, deviation = standardise(queries)
        standardise_head(model, mean, deviation)
        ends = numpy.cumsum([len(part.queries) for part in found])[:-1]
        found = [part._replace(queries=new) for part, new in zip(found, numpy.split(queries, ends))]
    _fit_weights(model, found)


def _look(model: Model, asked: Asked, links: list[str]) -> First:
    """What the head gives for mentions that all are masked."""
    options = asked.options
    queries = numpy.zeros((len(options.lengths), options.vectors.shape[1]), "float32")
    questions = questions_about(model, asked.windows, numpy.full(len(queries), -1), options)
    if questions:
        slots = numpy.concatenate([numpy.where(w.is_asked, w.mentions, -1) for w in asked.windows])
        queries[slots[slots >= 0]] = model.ops.to_numpy(model.layers[0].predict(questions))[slots >= 0]
    return First(queries, options, link_targets(links, asked.candidates, options))


def _fit_weights(model: Model, found: list[First]) -> None:
    """Of `CandidateScores`; before anything is seen, a weight is thought to be as it starts there, give or take as much."""
    scores = model.get_ref("candidate_scores")
    known = [part for part in found if (part.targets != UNKNOWN).any()]
    if not known:
        return
    tables = [_table(part) for part in known]
    ends = numpy.cumsum([len(features) for features, _, _, _ in tables])
    firsts = [0, *ends[:-1]]
    features, offsets = (numpy.concatenate([table[i] for table in tables]) for i in (0, 1))
    starts, targets = (numpy.concatenate([table[i] + n for table, n in zip(tables, firsts)]) for i in (2, 3))
    names = ["scale", "prior", "label", "b"]
    mean = numpy.asarray([float(scores.get_param(name)[0]) for name in names])
    deviation = numpy.asarray([abs(mean[0]), mean[1], mean[2], BIAS])
    least = numpy.append(LEAST * mean[:3], -numpy.inf)
    weights, free = mean.copy(), deviation > 0  # without use_prior or use_labels a weight is 0 and stays
    while free.any():
        rest = offsets + features[:, ~free] @ weights[~free]
        weights[free] = fit_conditional_logit(features[:, free], rest, starts, targets, mean[free], deviation[free])
        low = free & (weights < least)
        if not low.any():
            break
        weights[low], free = least[low], free & ~low
    for name, weight in zip(names, weights):
        scores.set_param(name, scores.ops.asarray1f([weight]))


def _table(part: First) -> tuple[Floats2d, Floats1d, Ints1d, Ints1d]:
    """Of the mentions whose right option is known: (options, 4) what scale, prior, label and b are multiplied with,
    (options,) what is added, (mentions,) the first option and the right one of each."""
    options, n = part.options, len(part.options.mention) + len(part.options.lengths)
    features, offsets = numpy.zeros((n, 4)), numpy.zeros(n)
    row = options.candidate_rows
    features[row, 0] = (part.queries[options.mention] * options.vectors).sum(axis=1)
    features[row, 1], features[row, 2], features[options.nil_rows, 3] = options.log_priors, options.label_fits, 1.0
    offsets[row] = options.biases
    known = part.targets != UNKNOWN
    kept = numpy.repeat(known, options.lengths + 1)
    place = numpy.cumsum(kept) - 1
    starts = options.nil_rows - options.lengths
    return features[kept], offsets[kept], place[starts[known]], place[part.targets[known]]
