"""Relations that were missed, invented, or have the wrong label or direction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..annotations import RELATIONS_KEY
from ..relation_scorers import Pair, relations_by_pair
from .mistake import NOTHING, Mistakes

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example

GROUPS = {
    "direction": "right label, head and tail are exchanged",
    "label": "right pair, wrong label",
    "entity": "head or tail was not found, or with other borders",
    "missed": "the entities were found, the relation was not",
    "spurious": "there is no such relation",
}


def relation_mistakes(examples: Iterable[Example], *, spans_key: str = RELATIONS_KEY) -> Mistakes:
    """Relations against gold relations, as `score_relations` counts them. A gold relation is in one group, and so is
    a predicted one that is not part of such a mistake: exchanged ones and wrong labels are one mistake each."""
    found = Mistakes(GROUPS)
    for number, eg in enumerate(examples):
        if spans_key in eg.reference.spans:
            _compare(found, number, eg, spans_key)
    return found


def _compare(found: Mistakes, number: int, eg: Example, key: str) -> None:
    gold, guessed = relations_by_pair(eg.reference, key), relations_by_pair(eg.predicted, key)
    for pair, labels in sorted(gold.items()):
        for label in sorted(labels & guessed.get(pair, set())):
            labels.remove(label)
            guessed[pair].remove(label)
            found.right += 1
            found.confusion[label, label] += 1
    seen = _entities(eg.predicted, key)

    def add(group: str, pair: Pair, label: str, said: str, *confused: tuple[str, str]) -> None:
        found.confusion.update(confused or [(label, said)])
        text = (eg.reference if label else eg.predicted).text
        note = f"{text[pair[0] : pair[1]]} → {text[pair[2] : pair[3]]}"
        found.add(group, number, pair[:2], label, said, note)

    for pair, labels in sorted(gold.items()):
        other = guessed.get((*pair[2:], *pair[:2]), set())
        for label in sorted(labels & other):
            labels.remove(label)
            other.remove(label)
            add("direction", pair, label, label, (label, NOTHING), (NOTHING, label))
    for pair, labels in sorted(gold.items()):
        said = sorted(guessed.get(pair, ()))
        for label in sorted(labels):
            if said:
                guessed[pair].remove(said[0])
                add("label", pair, label, said.pop(0))
            else:
                add("missed" if {pair[:2], pair[2:]} <= seen else "entity", pair, label, NOTHING)
    for pair, labels in sorted(guessed.items()):
        for label in sorted(labels):
            add("spurious", pair, NOTHING, label)


def _entities(doc: Doc, key: str) -> set[tuple[int, int]]:
    return {(span.start_char, span.end_char) for span in (*doc.spans.get(key, ()), *doc.ents)}
