"""Which gold entities a span pipe can never find, counted when it is initialized."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING, Callable, NamedTuple

import numpy
from thinc.types import Ragged

from ..errors import Warnings

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example
    from thinc.types import Ints2d

    from ..features.questions import AskedSpans

Counts = Counter[tuple[str, int]]  # (label, length in words of the gold Doc) -> entities


class Reached(NamedTuple):
    """The gold entities of a Doc that are suggested."""

    doc: Doc
    spans: Ints2d  # (entities, 2) word offsets
    kinds: list[tuple[str, int]]  # (entities,) see Counts


class Reach:
    """Two counts: what is never suggested (`add`), and what is, but not asked (`warn`): it has no piece, or
    no window holds all of it. Keeps the Docs from one to the other, because the tokenizer is not there
    before the labels are known."""

    def __init__(self):
        self.n_gold = 0
        self.unsuggested: Counts = Counter()
        self.reached: list[Reached] = []

    def add(self, example: Example, suggested: Ints2d | None) -> None:
        """suggested (spans, 2): word offsets in example.predicted; None if they are not known yet, which
        counts every gold entity as suggested if it begins and ends with words of that Doc."""
        spans = gold_spans(example)
        kinds = [(ent.label_, len(ent)) for ent in example.reference.ents]
        known = None if suggested is None else {(start, end) for start, end in suggested.tolist()}
        found = [start < end and (known is None or (start, end) in known) for start, end in spans.tolist()]
        self.n_gold += len(kinds)
        self.unsuggested.update(kind for kind, is_found in zip(kinds, found) if not is_found)
        if any(found):
            kept = [kind for kind, is_found in zip(kinds, found) if is_found]
            self.reached.append(Reached(example.predicted, spans[found], kept))

    def unasked(self, ask: Callable[[list[Doc], Ragged], AskedSpans]) -> Counts:
        """Suggested gold entities that are not asked. A Doc whose windows a span getter cannot make yet,
        because it reads sentences that a pipe sets later, counts as asked."""
        counts: Counts = Counter()
        for doc, spans, kinds in self.reached:
            try:
                asked = ask([doc], Ragged(spans, numpy.asarray([len(spans)], dtype="i"))).rows
            except ValueError:
                continue
            counts.update(kinds[row] for row in numpy.setdiff1d(numpy.arange(len(kinds)), asked))
        return counts

    def warn(self, name: str, ask: Callable[[list[Doc], Ragged], AskedSpans]) -> None:
        """LKW501 and LKW503, each only if there is something to count.

        name: of the pipe. ask: its questions about the spans of Docs, see `ask_spans`.
        """
        for message, counts in ((Warnings.LKW501, self.unsuggested), (Warnings.LKW503, self.unasked(ask))):
            if counts:
                warnings.warn(message.format(name=name, gold=self.n_gold, **_describe(counts, self.n_gold)))


def gold_spans(example: Example) -> Ints2d:
    """The words of example.predicted under each entity of example.reference, (entities, 2); [0, 0) where it
    does not begin and end with such words. Goes by aligned words: characters differ where the two Docs
    have other blanks between the same words."""
    aligned = {(ent.start, ent.end) for ent in example.get_aligned_ents_and_ner()[0]}
    alignment, ents = example.alignment.y2x, example.reference.ents
    spans = numpy.zeros((len(ents), 2), dtype="i")
    for row, ent in enumerate(ents):
        words = alignment[ent.start : ent.end]
        if len(words) and (words[0], words[-1] + 1) in aligned:
            spans[row] = words[0], words[-1] + 1
    return spans


def _describe(counts: Counts, n_gold: int) -> dict[str, object]:
    lengths: Counter[int] = Counter()
    labels: Counter[str] = Counter()
    for (label, length), count in counts.items():
        lengths[length] += count
        labels[label] += count
    return {
        "n": counts.total(),
        "share": 100 * counts.total() / n_gold,
        "lengths": ", ".join(f"{k}: {v}" for k, v in sorted(lengths.items())),
        "labels": ", ".join(f"{k}: {v}" for k, v in labels.most_common()),
    }
