"""Probabilities of types -> which of them a mention has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, NamedTuple, Sequence

import numpy

from ..training.type_targets import parents

if TYPE_CHECKING:
    from spacy.tokens import Doc
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


def chunks(
    docs: Sequence[Doc], mentions: Sequence[numpy.ndarray], size: int, *, whole_docs: bool
) -> Iterator[tuple[list[Doc], list[numpy.ndarray]]]:
    """Docs and their mentions in order, up to `size` mentions at a time; a Doc may come more than once, or with
    `whole_docs`, where its mentions see each other, is a chunk of its own if it has more."""
    parts: tuple[list, list] = ([], [])
    n = 0
    for doc, spans in zip(docs, mentions):
        while len(spans):
            taken = spans if whole_docs else spans[: size - n]
            if n and n + len(taken) > size:
                yield parts
                parts, n = ([], []), 0
            spans = spans[len(taken) :]
            parts[0].append(doc)
            parts[1].append(taken)
            n += len(taken)
            if n >= size:
                yield parts
                parts, n = ([], []), 0
    if n:
        yield parts
