"""Entities that were missed, invented, or found with the wrong borders or label."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy

from .mistake import NOTHING, Mistakes

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example

    from ..scorers import Offsets

GROUPS = {
    "boundary": "right label, wrong borders",
    "type": "right borders, wrong label",
    "boundary and type": "overlaps a gold entity, borders and label are wrong",
    "missed": "nothing was found there",
    "spurious": "there is no gold entity",
}


def entity_mistakes(examples: Iterable[Example]) -> Mistakes:
    """predicted.ents against reference.ents, by characters, as Scorer.score_spans counts them: what touches a word
    without annotation is not judged, Docs without annotation are left out.

    An entity with wrong borders is one mistake here, with the gold entity that it shares most characters with; in
    the scores, and in the confusion table, which is of entities with right borders, it counts as missed and as
    spurious.
    """
    found = Mistakes(GROUPS)
    for number, eg in enumerate(examples):
        if eg.reference.has_annotation("ENT_IOB"):
            _compare(found, number, eg)
    return found


def _compare(found: Mistakes, number: int, eg: Example) -> None:
    unknown = _unknown(eg.reference)
    gold = {(e.start_char, e.end_char): e.label_ for e in eg.reference.ents}
    guessed = {(e.start_char, e.end_char): e.label_ for e in eg.predicted.ents}
    guessed = {place: label for place, label in guessed.items() if not unknown[slice(*place)].any()}
    for place in sorted(gold.keys() & guessed.keys()):
        pair = gold.pop(place), guessed.pop(place)
        found.confusion[pair] += 1
        if pair[0] == pair[1]:
            found.right += 1
        else:
            found.add("type", number, place, *pair)
    found.confusion.update((label, NOTHING) for label in gold.values())
    found.confusion.update((NOTHING, label) for label in guessed.values())
    overlaps = ((_shared(a, b), a, b) for a in gold for b in guessed if _shared(a, b) > 0)
    for _, a, b in sorted(overlaps, key=lambda each: (-each[0], *each[1:])):
        if a in gold and b in guessed:
            right, label = gold.pop(a), guessed.pop(b)
            group = "boundary" if right == label else "boundary and type"
            found.add(group, number, a, right, label, note=eg.predicted.text[slice(*b)])
    for place, label in sorted(gold.items()):
        found.add("missed", number, place, label, NOTHING)
    for place, label in sorted(guessed.items()):
        found.add("spurious", number, place, NOTHING, label)


def _unknown(doc: Doc) -> numpy.ndarray:
    """(characters,) bool: without annotation."""
    unknown = numpy.zeros(len(doc.text), dtype=bool)
    for token in doc:
        if token.ent_iob == 0:
            unknown[token.idx : token.idx + len(token)] = True
    return unknown


def _shared(a: Offsets, b: Offsets) -> int:
    return min(a[1], b[1]) - max(a[0], b[0])
