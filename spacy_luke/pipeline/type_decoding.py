"""Probabilities of types -> which of them a mention has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy

from ..training.type_targets import parents

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d


class FoundTypes(NamedTuple):
    """What `LukeTyping.predict` returns for a batch of Docs. Of thousands of types few are found."""

    mentions: list[numpy.ndarray]  # for each Doc (mentions, 2): word offsets
    rows: numpy.ndarray  # (found,) int64: mention among those of all Docs, from the first to the last
    types: numpy.ndarray  # (found,) int64: row of the type in `labels`; of a mention from the surest down
    probabilities: numpy.ndarray  # (found,) float32


def decode_types(
    probabilities: Floats2d, thresholds: Floats1d, implied: Sequence[Sequence[int]], offset: int
) -> numpy.ndarray:
    """(found, 3): mention, counted from offset, type, probability; of a mention from the surest down. What a found type
    implies is found, and is at least as sure.

    probabilities (mentions, types), thresholds (types,); implied: see `parent_columns`.
    """
    found: dict[tuple[int, int], float] = {}
    rows, types = numpy.nonzero(probabilities >= thresholds)
    for row, label in zip(rows.tolist(), types.tolist()):
        score = float(probabilities[row, label])
        for each in (label, *implied[label]):
            found[row, each] = max(score, found.get((row, each), float(probabilities[row, each])))
    best_first = sorted(found, key=lambda place: (place[0], -found[place], place[1]))
    return numpy.asarray([(row + offset, label, found[row, label]) for row, label in best_first]).reshape(-1, 3)


def parent_columns(labels: Sequence[str], hierarchy: str | None) -> list[list[int]]:
    """Of each type the columns of those that it implies. hierarchy: what separates the parts of a type."""
    columns = {label: column for column, label in enumerate(labels)}
    return [[columns[parent] for parent in parents(label, hierarchy) if parent in columns] for label in labels]
