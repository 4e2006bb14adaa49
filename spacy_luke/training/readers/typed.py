"""From words with typed mentions to Examples for luke_typing: what readers of typing corpora share."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from ...annotations import set_types
from ...errors import Errors, Warnings
from ..type_targets import GoldTypes
from .gold import open_text

if TYPE_CHECKING:
    from spacy.language import Language

# The label of mentions in predicted Docs: what is typed needs to be an entity, and an entity needs a label.
LABEL = "ENTITY"


@dataclass(frozen=True)
class TypedWords:
    """A text of a corpus, words separated by blanks."""

    words: list[str]
    mentions: list[GoldTypes]


def read_lines(path: Path, text_of: Callable[[dict], TypedWords]) -> Iterator[TypedWords]:
    """The texts of a file with a JSON record a line. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                text = text_of(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as err:
                reason = f"{type(err).__name__}: {err}"
                raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason)) from err
            yield text


class TypedReader:
    """A typing corpus on the disk as Examples: `reader(nlp)` reads the file anew each time.

    Gold types are in reference.spans["luke_typing"]. The mentions are given: they are predicted.ents (where
    they overlap, the longest). reference.ents has no annotation, so other pipes learn nothing from it.

    path: the file, .gz or not.
    parse: yields the texts of a file.
    labels: only these types are gold; None = all.
    gold_words: the words of both Docs are the corpus's own; else the pipeline's tokenizer makes them.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[Path], Iterator[TypedWords]],
        labels: Collection[str] | None = None,
        gold_words: bool = False,
    ):
        self.path = path
        self.parse = parse
        self.labels = None if labels is None else frozenset(labels)
        self.gold_words = gold_words

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """RAISES FileNotFoundError LK610, ValueError LK611. Warns LKW610, once at the end, how many mentions
        were left out because they do not begin and end with words of the pipeline's tokenizer."""
        lost: list[str] = []
        n_mentions = 0
        for text in self.parse(self.path):
            predicted, reference = self._doc(text, nlp), self._doc(text, nlp)
            spans = [(span, mention) for mention in text.mentions if (span := self._span(reference, text, mention))]
            set_types(reference, [(span, self._kept(mention)) for span, mention in spans])
            given = [Span(predicted, span.start, span.end, label=LABEL) for span, _ in spans]
            predicted.ents = filter_spans(given)
            found = {(mention.start, mention.end) for _, mention in spans}
            lost += [" ".join(text.words[m.start : m.end]) for m in text.mentions if (m.start, m.end) not in found]
            n_mentions += len(text.mentions)
            yield Example(predicted, reference)
        if lost:
            names = ", ".join(repr(name) for name in lost[:5])
            warnings.warn(Warnings.LKW610.format(path=self.path, lost=len(lost), mentions=n_mentions, names=names))

    def _doc(self, text: TypedWords, nlp: Language) -> Doc:
        if self.gold_words:
            return Doc(nlp.vocab, words=text.words, spaces=[True] * (len(text.words) - 1) + [False])
        return nlp.make_doc(" ".join(text.words))

    def _span(self, doc: Doc, text: TypedWords, mention: GoldTypes) -> Span | None:
        starts = list(accumulate((len(word) + 1 for word in text.words), initial=0))
        return doc.char_span(starts[mention.start], starts[mention.end] - 1)

    def _kept(self, mention: GoldTypes) -> list[str]:
        return [label for label in mention.types if self.labels is None or label in self.labels]
