"""From gold entities and relations in characters to a Doc: what the readers of relations share."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from ...annotations import RELATIONS_KEY, set_relations
from ...errors import Errors, Warnings
from .gold import open_text

if TYPE_CHECKING:
    from spacy.language import Language


class GoldEntity(NamedTuple):
    """[start, end) characters of the text."""

    start: int
    end: int
    label: str
    kb_id: str = ""


@dataclass
class RelatedText:
    """One document of a corpus."""

    text: str
    entities: list[GoldEntity]
    relations: list[tuple[int, int, str]]  # head and tail, places in `entities`, and label
    sentences: list[int] = field(default_factory=list)  # first character of each, if they are known
    has_all_entities: bool = False  # what is not among `entities` is known to be none
    words: list[str] | None = None  # the corpus's own words
    spaces: list[bool] | None = None  # is there a space behind each


def from_words(
    words: Sequence[str], spans: Sequence[tuple[int, int, str, str]], *, space: bool = True, **gold: Any
) -> RelatedText:
    """A text of words, with a space between two or none.

    spans: first word, one past the last, label and kb_id of each entity. gold: other fields, with `sentences`
        as first words.
    RAISES ValueError: a span that is not in the text.
    """
    starts, position = [], 0
    for word in words:
        starts.append(position)
        position += len(word) + space
    for first, last, *_ in spans:
        if not 0 <= first < last <= len(words):
            raise ValueError(f"the span {first} to {last} is not in the text of {len(words)} words")
    entities = [
        GoldEntity(starts[first], starts[last - 1] + len(words[last - 1]), label, kb_id)
        for first, last, label, kb_id in spans
    ]
    spaces = [space] * (len(words) - 1) + [False] * bool(words)
    sentences = [starts[first] for first in gold.pop("sentences", [])]
    text = (" " * space).join(words)
    return RelatedText(text, entities, words=list(words), spaces=spaces, sentences=sentences, **gold)


def related_doc(gold: RelatedText, doc: Doc) -> list[str]:
    """Give a Doc of this text its gold: doc.spans["luke_relations"] has the entities and the relations, which may
    overlap; doc.ents stays without annotation, so no recogniser learns from it that the other names are none,
    unless the corpus has all entities. Those that do not begin and end with words of the Doc are left out with
    their relations, not stretched.

    RETURNS: the labels of the relations that are left out.
    """
    spans = [doc.char_span(e.start, e.end, e.label, kb_id=e.kb_id) for e in gold.entities]
    if gold.sentences:
        starts = set(gold.sentences)
        for token in doc:
            token.is_sent_start = token.idx in starts
    relations, lost = [], []
    for head, tail, label in gold.relations:
        if spans[head] is None or spans[tail] is None:
            lost.append(label)
        else:
            relations.append((spans[head], spans[tail], label))
    set_relations(doc, relations, entities=[span for span in spans if span is not None])
    if gold.has_all_entities:
        doc.set_ents(_no_overlap(doc.spans[RELATIONS_KEY]), default="outside")
    return lost


def given_entities(reference: Doc, doc: Doc) -> None:
    """Give a predicted Doc of the same words the gold entities, as relation classification has them: all in
    doc.spans["luke_relations"], those that do not overlap, the longest first, in doc.ents. A recogniser
    overwrites doc.ents."""
    spans = [Span(doc, s.start, s.end, label=s.label, kb_id=s.kb_id) for s in reference.spans[RELATIONS_KEY]]
    doc.spans[RELATIONS_KEY] = spans
    doc.ents = _no_overlap(spans)


def _no_overlap(spans: Iterable[Span]) -> list[Span]:
    return filter_spans([span for span in spans if not span.text.isspace()])


class RelationReader:
    """A corpus on the disk as Examples: `reader(nlp)` reads the file anew each time. Predicted Docs have the gold
    entities.

    path: the file, .gz or not.
    parse: yields the documents of a file.
    gold_words: the words of both Docs are the corpus's own; else the pipeline's tokenizer makes them.
    """

    def __init__(self, path: Path, parse: Callable[[Path], Iterator[RelatedText]], gold_words: bool):
        self.path = path
        self.parse = parse
        self.gold_words = gold_words

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """RAISES FileNotFoundError LK610, ValueError LK611, LK640. Warns LKW524, once at the end, how many gold
        relations were left out."""
        n_lost = n_relations = 0
        for gold in self.parse(self.path):
            predicted, reference = self._doc(gold, nlp), self._doc(gold, nlp)
            n_lost += len(related_doc(gold, reference))
            n_relations += len(gold.relations)
            given_entities(reference, predicted)
            yield Example(predicted, reference)
        if n_lost:
            warnings.warn(Warnings.LKW524.format(path=self.path, lost=n_lost, relations=n_relations))

    def _doc(self, gold: RelatedText, nlp: Language) -> Doc:
        if self.gold_words and gold.words is not None:
            return Doc(nlp.vocab, words=gold.words, spaces=gold.spaces)
        return nlp.make_doc(gold.text)


def read_json(
    path: Path, parse: Callable[[Any], RelatedText], records: Callable[[Any], Iterator[Any]]
) -> Iterator[RelatedText]:
    """The records of a JSON file. RAISES FileNotFoundError LK610, ValueError LK640 with the number of the record,
    from 1."""
    number = 0
    with open_text(path) as file:
        try:
            for number, record in enumerate(records(json.load(file)), 1):
                yield parse(record)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as err:
            reason = f"{type(err).__name__}: {err}"
            raise ValueError(Errors.LK640.format(path=path, number=number, reason=reason)) from err
