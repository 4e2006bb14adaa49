"""Gold types counted when luke_typing is initialized: how frequent they are, and which are lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterator, Sequence

import numpy

from ..errors import Warnings
from ..models.typing import ask
from ..training.type_targets import gold_types, with_parents

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example
    from thinc.api import Model
    from thinc.types import Floats1d

SHOWN = 5
# Shorter mentions fit a window of any encoder; only longer ones are asked, to see whether they do.
SHORT = 100


class TypeCounts:
    """Gold mentions and their types, with those that they imply by `hierarchy`."""

    def __init__(self, types_key: str, hierarchy: str | None):
        self.types_key = types_key
        self.hierarchy = hierarchy
        self.n_mentions = 0
        self.types: Counter[str] = Counter()
        self._doubtful: list[tuple[Doc, int, int]] = []
        self._misaligned: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        for mention in gold_types(example, self.types_key) or ():
            self.n_mentions += 1
            self.types.update(with_parents(mention.types, self.hierarchy))
            text = example.predicted[mention.start : mention.end].text
            if len(text) > SHORT or not any(map(str.isalnum, text)):
                self._doubtful.append((example.predicted, mention.start, mention.end))
        self._misaligned.update(self._lost_by_words(example))

    def _lost_by_words(self, example: Example) -> list[str]:
        """Texts of the gold mentions that do not begin and end with words of the predicted Doc."""
        gold = {(span.start_char, span.end_char): span.text for span in example.reference.spans.get(self.types_key, ())}
        doc = example.predicted
        for mention in gold_types(example, self.types_key) or ():
            span = doc[mention.start : mention.end]
            gold.pop((span.start_char, span.end_char), None)
        return list(gold.values())

    def log_odds(self, labels: Sequence[str]) -> Floats1d:
        """(labels,) of how frequent each type is among the mentions and one more, in which all are equally
        likely: none is impossible, and of thousands never seen not one is expected."""
        seen = numpy.asarray([self.types[label] for label in labels], dtype="float64")
        p = (seen + seen.sum() / max(self.n_mentions * len(labels), 1)) / (self.n_mentions + 1)
        p = numpy.clip(p, 1e-6, (self.n_mentions + 0.5) / (self.n_mentions + 1))
        return numpy.log(p / (1 - p)).astype("float32")

    def messages(self, name: str, labels: Sequence[str], model: Model) -> Iterator[str]:
        """Warnings about gold that trains nothing. model: of the pipe, initialized."""
        known = set(labels)
        unknown = Counter({label: n for label, n in self.types.items() if label not in known})
        if unknown:
            lost, gold = unknown.total(), self.types.total()
            yield Warnings.LKW530.format(
                name=name, n=lost, gold=gold, share=lost / gold, types=len(unknown), examples=_shown(unknown)
            )
        missed = self._misaligned + self._not_asked(model)
        if missed:
            n, gold = missed.total(), self.n_mentions + self._misaligned.total()
            yield Warnings.LKW531.format(name=name, n=n, gold=gold, share=n / gold, examples=_shown(missed))

    def _not_asked(self, model: Model) -> Counter[str]:
        docs = [doc for doc, _, _ in self._doubtful]
        asked = ask(model, docs, [numpy.asarray([borders]) for _, *borders in self._doubtful]).rows
        missing = set(range(len(docs))) - set(asked.tolist())
        return Counter(doc[start:end].text[:SHORT] for doc, start, end in (self._doubtful[row] for row in missing))


def _shown(found: Counter[str]) -> str:
    return ", ".join(f"{text!r}" for text, _ in found.most_common(SHOWN))
