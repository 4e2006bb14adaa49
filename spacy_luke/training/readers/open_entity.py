"""Open Entity and ultra-fine typing (UFET): one mention a line, with free types from a crowd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..type_targets import GoldTypes
from .typed import TypedReader, TypedWords, read_lines

# The types of Open Entity as LUKE and others before it are measured on it: give them as `labels`.
GENERAL_TYPES = ("entity", "event", "group", "location", "object", "organization", "person", "place", "time")

BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


def build_open_entity_reader_v1(
    path: Path, labels: list[str] | None = None, gold_words: bool = False
) -> TypedReader:
    """A file of Open Entity / UFET (Choi et al. 2018, github.com/uwnlp/open_type) as Examples for luke_typing.

    Of each line: `left_context_token`, `mention_span`, `right_context_token` and `y_str`, the types. Words are
    joined by blanks, escaped brackets (-LRB-) undone.

    path (Path): *.json or *.json.gz.
    labels (list): only these types are gold, e.g. the nine general ones, as LUKE is measured; a mention of
        none of them has no type. None = all.
    gold_words (bool): take the file's words; else the pipeline's tokenizer makes words of the text.
    """
    return TypedReader(Path(path), read_open_entity, labels, gold_words)


def read_open_entity(path: Path) -> Iterator[TypedWords]:
    """The texts of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    return read_lines(path, _text)


def _text(record: dict) -> TypedWords:
    left, right = _words(record["left_context_token"]), _words(record["right_context_token"])
    mention = _words(record["mention_span"].split())
    if not mention:
        raise ValueError("mention_span is empty")
    types = record["y_str"]
    if not isinstance(types, list) or not all(isinstance(label, str) and label for label in types):
        raise ValueError(f"y_str is {types!r}, not a list of types")
    typed = GoldTypes(len(left), len(left) + len(mention), list(dict.fromkeys(types)))
    return TypedWords([*left, *mention, *right], [typed])


def _words(words: list[str]) -> list[str]:
    """With brackets; without what a Doc has no word for."""
    if not isinstance(words, list):
        raise ValueError(f"found {words!r} instead of a list of words")
    return [BRACKETS.get(word, word) for word in words if word.strip()]
