"""Gold types of mentions -> what the scores of each type should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Mapping, NamedTuple

import numpy

from .aligned import predicted_words

if TYPE_CHECKING:
    from spacy.training import Example
    from thinc.types import Ints1d


class GoldTypes(NamedTuple):
    """A mention of example.predicted and its gold types; none: it is known to have no type."""

    start: int  # first word
    end: int  # one past the last
    types: list[str]


def with_parents(types: Iterable[str], separator: str | None) -> list[str]:
    """The types and those they imply, each once, parents first:
    /person/artist -> /person, /person/artist, by the separator "/". None: types imply nothing."""
    found: dict[str, None] = {}
    for label in types:
        found.update(dict.fromkeys((*parents(label, separator), label)))
    return list(found)


def parents(label: str, separator: str | None) -> list[str]:
    """What a type implies, the most general first: /a/b/c -> /a, /a/b."""
    if not separator:
        return []
    parts = label.split(separator)
    return [parent for n in range(1, len(parts)) if (parent := separator.join(parts[:n]))]


def gold_types(example: Example, key: str) -> list[GoldTypes] | None:
    """The gold mentions that begin and end with words of example.predicted, by aligned words, in order. A
    span with an empty label is a mention, and adds no type.

    RETURNS: None if the Doc has no such group: nobody said what its types are.
    """
    reference = example.reference
    if key not in reference.spans:
        return None
    found: dict[tuple[int, int], dict[str, None]] = {}
    for span in reference.spans[key]:
        words = predicted_words(example, span)
        if words is not None:
            found.setdefault(words, {}).update({span.label_: None} if span.label_ else {})
    return [GoldTypes(start, end, list(types)) for (start, end), types in sorted(found.items())]


def type_targets(
    mentions: Iterable[GoldTypes], rows: Mapping[str, int], separator: str | None
) -> tuple[Ints1d, Ints1d]:
    """Where the scores (mentions, types) should be 1, as mention and type of each such place: with thousands
    of types nearly all places are 0. Types that the pipe does not know are left out.

    rows: type -> its column. separator: see `with_parents`.
    """
    places = [
        (row, rows[label])
        for row, mention in enumerate(mentions)
        for label in with_parents(mention.types, separator)
        if label in rows
    ]
    found = numpy.asarray(places, dtype="int64").reshape(-1, 2)
    return found[:, 0], found[:, 1]
