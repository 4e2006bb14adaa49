"""What a luke_linker learns from: masked mentions among shown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy
from thinc.api import Model

from ..features.carried import carry
from ..training.link_targets import UNKNOWN, choose_masked, link_targets
from ..types import Question
from .asked import Asked, questions_about

if TYPE_CHECKING:
    from thinc.types import Ints1d

# Mentions masked in training; the others are shown with their gold entity (LUKE.md of the paper's code:
# examples/entity_disambiguation/train.py, masked_entity_prob).
MASKED = 0.9


class LinkerBatch(NamedTuple):
    """A step of training."""

    questions: list[Question]
    slots: Ints1d  # (slots of all questions,) int64, the mention that each answers for, -1 = none
    targets: Ints1d  # (mentions to train on,) int64, the place of the right option among all options


def masked_batch(model: Model, asked: Asked, links: list[str]) -> LinkerBatch | None:
    """Mask MASKED of the mentions of each Doc and show the gold entities of the others.

    links: id, NIL or "" (not annotated) of each mention. RETURNS: None if nothing can be learnt from these Docs.
    """
    options = asked.options
    targets = link_targets(links, asked.candidates, options)
    masked = choose_masked(asked.doc_of, MASKED)
    candidate_of = numpy.full(len(options.mention) + len(targets), -1)
    candidate_of[options.candidate_rows] = numpy.arange(len(options.mention))
    shown = numpy.where(masked | (targets == UNKNOWN), -1, candidate_of[targets])
    shown[shown >= 0] = numpy.where(options.vectors[shown[shown >= 0]].any(axis=1), shown[shown >= 0], -1)
    trains = masked & (targets != UNKNOWN) & (options.lengths > 0)
    windows = [w for w in asked.windows if trains[w.mentions[w.is_asked]].any()]
    if not windows:
        return None
    rank = numpy.zeros(len(shown), dtype="int64")  # no one of them was decided first: the nearest are carried
    windows = [carry(window, shown, rank, options.vectors) for window in windows]
    slots = numpy.concatenate([numpy.where(w.is_asked & trains[w.mentions], w.mentions, -1) for w in windows])
    trains = numpy.isin(numpy.arange(len(targets)), slots)
    return LinkerBatch(questions_about(model, windows, shown, options), slots, targets[trains])
