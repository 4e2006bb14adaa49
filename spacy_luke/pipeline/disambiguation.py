"""Which mention is decided when: local and global entity disambiguation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy
from thinc.api import Model

from ..features.carried import carry
from ..types import LinkOptions, MentionWindow
from .asked import questions_about

if TYPE_CHECKING:
    from thinc.types import Floats1d, Ints1d

Mode = Literal["global", "exact", "local"]

# What "global" decides of a Doc in a pass at least: it never needs more than a third of the passes of "exact", however
# unsure it is. Confidence alone needed 0.22 of them on Wiki-Fair's dev part, with this 0.16, deciding the same.
AT_LEAST = 3


class Decisions(NamedTuple):
    """What was decided for the mentions of a batch, on the CPU."""

    chosen: Ints1d  # (mentions,) int64, place in all options
    probabilities: Floats1d  # (options,) float32, of each mention's options at its decision; they add up to 1
    passes: Ints1d  # (docs,) int64, how often the encoder saw each Doc
    order: Ints1d  # (mentions,) int64, the step in which each was decided; -1 = no candidates, nothing to decide


def disambiguate(
    model: Model,
    windows: list[MentionWindow],
    options: LinkOptions,
    doc_of: Ints1d,
    *,
    mode: Mode,
    confidence: float,
) -> Decisions:
    """Decide all mentions, the surest first (NAACL 2022 section 3.3, studio-ousia/luke
    examples/entity_disambiguation/evaluate.py): what is decided is shown as an entity to the others.

    doc_of (mentions,): the Doc of each mention.
    mode: "local", all at once; "exact", one mention of each Doc a pass, as in the paper; "global", in each
        pass the AT_LEAST surest of each Doc and all whose best option has a probability above `confidence`
        (1.0 is "exact", 0.0 "local").

    Windows that know of earlier mentions are told of them (`carry`), those that were decided first before others.

    A mention without candidates is NIL and never asked; a decision for NIL, or for an entity without a
    vector, leaves [MASK] where it was, so nothing is asked again for it.
    """
    n = len(options.lengths)
    chosen, order = numpy.full(n, -1), numpy.full(n, -1)
    chosen[options.lengths == 0] = options.nil_rows[options.lengths == 0]
    has_vector = options.vectors.any(axis=1)
    candidate_of = numpy.full(len(options.mention) + n, -1)
    candidate_of[options.candidate_rows] = numpy.arange(len(options.mention))
    shown, rank = numpy.full(n, -1), numpy.full(n, n)
    probabilities = numpy.zeros(len(candidate_of), dtype="float32")
    passes = numpy.zeros(int(doc_of.max(initial=-1)) + 1, dtype="int64")
    stale = [w for w in windows if (chosen[w.mentions[w.is_asked]] < 0).any()]
    step = 0
    while (chosen < 0).any():
        numpy.add.at(passes, list({w.doc for w in stale}), 1)
        asked = numpy.zeros(n, dtype=bool)
        for window in stale:
            asked[window.mentions[window.is_asked]] = True
        if step == 0:
            asked[:] = True  # those in no window too: by their priors
        ask(model, stale, options, shown, numpy.flatnonzero(asked & (chosen < 0)), probabilities)
        best, sure = best_options(probabilities, options)
        now = _decide(chosen < 0, sure, doc_of, mode, confidence)
        chosen[now], order[now] = best[now], step
        rank[now[numpy.argsort(-sure[now], kind="stable")]] = numpy.arange(len(now)) + (rank < n).sum()
        candidates = candidate_of[best[now]]
        visible = (candidates >= 0) & has_vector[candidates]
        shown[now[visible]] = candidates[visible]
        fresh = numpy.zeros(n, dtype=bool)
        fresh[now[visible]] = True
        is_open = chosen < 0
        stale = [carry(w, shown, rank, options.vectors) for w in windows if is_open[w.mentions[w.is_asked]].any()]
        stale = [w for w in stale if fresh[w.mentions].any()]
        step += 1
    probabilities[options.nil_rows[options.lengths == 0]] = 1.0
    return Decisions(chosen, probabilities, passes, order)


def ask(model: Model, windows, options: LinkOptions, shown, mentions: Ints1d, probabilities: Floats1d) -> None:
    """One pass: fill in the probabilities of the options of `mentions`."""
    if not len(mentions):
        return
    questions = questions_about(model, windows, shown, options)
    wanted = numpy.zeros(len(options.lengths), dtype=bool)
    wanted[mentions] = True
    parts = [numpy.where(w.is_asked & wanted[w.mentions], w.mentions, -1) for w in windows]
    slots = numpy.concatenate([numpy.zeros(0, "int64"), *parts])
    scores = model.ops.to_numpy(model.predict((questions, slots, options)))
    found = softmax_by_mention(scores, options)
    places = numpy.repeat(wanted, options.lengths + 1)
    probabilities[places] = found[places]


def softmax_by_mention(scores: Floats1d, options: LinkOptions) -> Floats1d:
    """(options,) scores -> probabilities that add up to 1 for each mention."""
    starts = options.nil_rows - options.lengths
    if not len(starts):
        return scores
    size = options.lengths + 1
    scores = numpy.exp(scores - numpy.repeat(numpy.maximum.reduceat(scores, starts), size))
    return scores / numpy.repeat(numpy.add.reduceat(scores, starts), size)


def best_options(probabilities: Floats1d, options: LinkOptions) -> tuple[Ints1d, Floats1d]:
    """(mentions,) place of the best option of each, the first of equal ones, and its probability."""
    starts = options.nil_rows - options.lengths
    sure = numpy.maximum.reduceat(probabilities, starts)
    is_best = probabilities == numpy.repeat(sure, options.lengths + 1)
    places = numpy.where(is_best, numpy.arange(len(probabilities)), len(probabilities))
    return numpy.minimum.reduceat(places, starts), sure


def _decide(is_open, sure, doc_of, mode: Mode, confidence: float) -> Ints1d:
    """Mentions to decide now, for each Doc: the surest open ones, and what else the mode allows."""
    if mode == "local":
        return numpy.flatnonzero(is_open)
    rows = numpy.flatnonzero(is_open)
    rows = rows[numpy.lexsort((rows, -sure[rows], doc_of[rows]))]
    rank = numpy.arange(len(rows)) - numpy.searchsorted(doc_of[rows], doc_of[rows])  # the surest of each Doc is 0
    if mode == "exact" or confidence == 1:
        return numpy.sort(rows[rank == 0])
    return numpy.sort(rows[(rank < AT_LEAST) | (sure[rows] > confidence)])
