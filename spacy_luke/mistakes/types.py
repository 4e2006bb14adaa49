"""Types of mentions that were missed, invented, or taken for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..annotations import TYPES_KEY
from ..typing_scorers import invented_in, types_of
from .mistake import NOTHING, Mistakes

if TYPE_CHECKING:
    from spacy.training import Example

GROUPS = {
    "mention": "the mention was not found, or has no type at all",
    "type": "another type was given instead",
    "missed": "the type is missing among right ones",
    "spurious": "a type too many, or a mention that is none",
}


def type_mistakes(examples: Iterable[Example], *, types_key: str = TYPES_KEY, hierarchy: str | None = None) -> Mistakes:
    """Types against gold types, as `score_types` counts them. Of a mention, a gold type that is missing and a type
    too many are one mistake, "type", in the order of their names."""
    found = Mistakes(GROUPS)
    for number, eg in enumerate(examples):
        if types_key not in eg.reference.spans:
            continue
        gold, guessed = (types_of(doc, types_key, hierarchy) for doc in (eg.reference, eg.predicted))
        is_invented = invented_in(eg.reference)
        places = [*gold, *(place for place in guessed if place not in gold and is_invented(place))]
        for place in sorted(places):
            right, said = gold.get(place, set()), guessed.get(place, set())
            found.right += len(right & said)
            found.confusion.update((label, label) for label in right & said)
            missing, extra = sorted(right - said), sorted(said - right)
            for label, other in zip(missing, extra):
                found.confusion[label, other] += 1
                found.add("type", number, place, label, other)
            for label in missing[len(extra) :]:
                found.confusion[label, NOTHING] += 1
                found.add("missed" if said else "mention", number, place, label, NOTHING)
            for label in extra[len(missing) :]:
                found.confusion[NOTHING, label] += 1
                found.add("spurious", number, place, NOTHING, label)
    return found
