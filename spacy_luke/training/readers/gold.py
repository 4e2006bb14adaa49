"""From gold mentions in characters to a Doc with entities and links: what every reader of ours shares."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from spacy.tokens import Doc, Span
from spacy.training import Example

from ...errors import Errors, Warnings

if TYPE_CHECKING:
    from spacy.language import Language

# Gold mentions that lie in or across others cannot be in doc.ents: the linker's scorer finds them here.
ALTERNATIVES = "nel_alternatives"


class GoldMention(NamedTuple):
    """A mention and what it stands for: an id, "NIL" (not in the knowledge base) or "" (not annotated)."""

    start: int  # first character of the text
    end: int  # one past its last character
    label: str  # not "": an entity of a Doc has a label
    kb_id: str


@dataclass
class GoldText:
    """One document of a corpus."""

    text: str
    mentions: list[GoldMention]
    unknown: list[tuple[int, int]] = field(default_factory=list)  # stretches of characters without annotation
    lost: list[str] = field(default_factory=list)  # mentions that cannot be told from the file
    words: list[str] | None = None  # the corpus's own words
    spaces: list[bool] | None = None  # is there a space behind each


def gold_doc(gold: GoldText, doc: Doc) -> list[str]:
    """Give a Doc of this text its gold mentions; returns the texts of those that are left out, because they
    do not begin and end with words of the Doc. They are not stretched.

    doc.ents: the mentions, with label and kb_id; where they overlap those with a link come first, then the
    longest, and the others are in doc.spans["nel_alternatives"]. Words under what was left out, and under
    `gold.unknown`, are without annotation (ent_iob 0), all other words are outside of entities.
    """
    unknown, lost, spans = list(gold.unknown), list(gold.lost), []
    for mention in gold.mentions:
        span = doc.char_span(mention.start, mention.end, mention.label, kb_id=mention.kb_id)
        if span is None:
            lost.append(gold.text[mention.start : mention.end])
            unknown.append((mention.start, mention.end))
        else:
            spans.append(span)
    spans.sort(key=lambda span: (not span.kb_id, span.start_char - span.end_char, span.start))
    taken = [False] * len(doc)
    ents: list[Span] = []
    alternatives: list[Span] = []
    for span in spans:
        is_free = not any(taken[span.start : span.end])
        (ents if is_free else alternatives).append(span)
        taken[span.start : span.end] = [True] * len(span)
    characters = bytearray(len(doc.text))
    for start, end in unknown:
        characters[start:end] = b"\1" * (min(end, len(characters)) - start)
    state = [not taken[t.i] and any(characters[t.idx : t.idx + len(t)]) for t in doc]
    doc.set_ents(ents, missing=_stretches(doc, state), default="outside")
    if alternatives:
        doc.spans[ALTERNATIVES] = alternatives
    return lost


class GoldReader:
    """A corpus on the disk as Examples: `reader(nlp)` reads the file anew each time.

    path: the file, .gz or not.
    parse: yields the documents of a file.
    gold_words: the words of both Docs are the corpus's own; else the pipeline's tokenizer makes them.
    """

    def __init__(self, path: Path, parse: Callable[[Path], Iterator[GoldText]], gold_words: bool = False):
        self.path = path
        self.parse = parse
        self.gold_words = gold_words

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """RAISES FileNotFoundError LK610, ValueError LK611. Warns LKW610, once at the end, how many gold
        mentions were left out."""
        lost: list[str] = []
        n_mentions = 0
        for gold in self.parse(self.path):
            predicted, reference = self._doc(gold, nlp), self._doc(gold, nlp)
            if len(reference):
                lost += gold_doc(gold, reference)
                n_mentions += len(gold.mentions) + len(gold.lost)
                yield Example(predicted, reference)
        if lost:
            names = ", ".join(repr(name) for name in lost[:5])
            warnings.warn(Warnings.LKW610.format(path=self.path, lost=len(lost), mentions=n_mentions, names=names))

    def _doc(self, gold: GoldText, nlp: Language) -> Doc:
        if self.gold_words and gold.words is not None:
            return Doc(nlp.vocab, words=gold.words, spaces=gold.spaces)
        return nlp.make_doc(gold.text)


def open_text(path: Path) -> TextIO:
    """A text file, gzipped if its name ends in .gz; line ends as they are. RAISES FileNotFoundError LK610."""
    if not path.is_file():
        raise FileNotFoundError(Errors.LK610.format(path=path))
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf8", newline="\n")


def _stretches(doc: Doc, state: list[bool]) -> list[Span]:
    """The longest spans of words for which the state is true: T T F T -> (0, 2), (3, 4)."""
    stretches = (list(group) for is_in, group in groupby(range(len(doc)), key=lambda i: state[i]) if is_in)
    return [doc[words[0] : words[-1] + 1] for words in stretches]
