"""Which spans of luke_ner deserve a slot: the threshold that keeps nearly all gold entities of a development set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from thinc.types import Floats1d


class Proposed(NamedTuple):
    """What a threshold does on the data that it was chosen by."""

    threshold: float  # least score of a span with a slot
    recall: float  # share of the gold entities that get a slot
    slots_per_word: float


# So much lower than the last gold entity's score: scores of the same Doc may differ a little from run to run.
_MARGIN = 1e-3


def choose_threshold(gold: Floats1d, others: Floats1d, n_words: int, recall: float) -> Proposed | None:
    """The highest threshold that at least `recall` of the gold reaches; None without gold.

    gold (entities,), others (spans,): scores of the proposer. n_words (int): words of the same Docs.

        gold 3 2 1 -1, others 2.5 0 -2; recall 0.75     1 (a little less): 3/4 of the gold, 4 slots
    """
    if not len(gold):
        return None
    lost = int(len(gold) * (1 - recall) + 1e-9)
    threshold = float(numpy.sort(gold)[lost]) - _MARGIN
    kept = numpy.count_nonzero(gold >= threshold)
    n_slots = kept + numpy.count_nonzero(others >= threshold)
    return Proposed(threshold, kept / len(gold), n_slots / max(n_words, 1))
