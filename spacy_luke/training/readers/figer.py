"""FIGER's format, as OntoNotes and BBN are given out in for typing too, and tables of entities and types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import Errors
from ..type_targets import GoldTypes
from .gold import open_text
from .typed import TypedReader, TypedWords, read_lines


def build_figer_reader_v1(path: Path, labels: list[str] | None = None, gold_words: bool = False) -> TypedReader:
    """A file in the format of FIGER (Ling & Weld 2012; Ren et al. 2016, github.com/shanzhenren/AFET) as Examples
    for luke_typing.

    Of each line: `tokens` and `mentions`, each with `start`, `end` (one past the last word) and `labels`, as
    /person/artist. Mentions of the same words come together.

    path (Path): *.json, *.jsonl or .gz of them.
    labels (list): only these types are gold; None = all.
    gold_words (bool): take the file's words; else the pipeline's tokenizer makes words of the text.
    """
    return TypedReader(Path(path), read_figer, labels, gold_words)


def read_figer(path: Path) -> Iterator[TypedWords]:
    """The texts of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    return read_lines(path, _text)


def _text(record: dict) -> TypedWords:
    words = record["tokens"]
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise ValueError("tokens is not a list of words")
    mentions: dict[tuple[int, int], dict[str, None]] = {}
    for mention in record["mentions"]:
        start, end, labels = mention["start"], mention["end"], mention["labels"]
        if not 0 <= start < end <= len(words):
            raise ValueError(f"the mention {start} to {end} is not in the text of {len(words)} words")
        if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
            raise ValueError(f"labels is {labels!r}, not a list of types")
        mentions.setdefault((start, end), {}).update(dict.fromkeys(labels))
    return TypedWords(words, [GoldTypes(*borders, list(types)) for borders, types in sorted(mentions.items())])


def read_entity_types(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Wikipedia titles and the types of their entities, from a table of TextEnt (github.com/studio-ousia/textent):
    freebase_id, wikipedia_title and types, separated by tabs, with a header. Types are as person-artist.

    RAISES FileNotFoundError LK610, ValueError LK611 with the line.
    """
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            row = line.rstrip("\r\n").split("\t")
            if len(row) != 3 or not row[1] or (number == 1 and row[1] != "wikipedia_title"):
                reason = f"{row} instead of freebase_id, wikipedia_title, types"
                raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason))
            if number > 1:
                yield row[1], row[2].split(",")
