"""GUM (github.com/amir-zeldes/gum) with Wikipedia links, as WebAnno TSV 3.2: one file per document."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from spacy_luke.errors import Errors
from spacy_luke.training.readers.gold import GoldMention, GoldText, open_text

_VALUE = re.compile(r"(.+?)(?:\[([0-9]+)\])?")
_WIKI_MAP = ("#FormattedTitle", "URLTitle", "WikidataID")


def read_gum(folder: Path, *, names: bool = False) -> Iterator[tuple[str, GoldText]]:
    """(split, document) of each file in gum_tsv*.tar.gz, by splits.md (a document it does not list is train)
    and with the QIDs of wiki_map.tab.

    Mentions are those with a Wikipedia title; one whose title has no QID counts as not annotated, and so do,
    with `names`, those without a capital letter in them (he, the city).

    RAISES FileNotFoundError LK610, ValueError LK611.
    """
    qids = dict(_read_map(folder / "wiki_map.tab"))
    splits = _read_splits(folder / "splits.md")
    archives = sorted(folder.glob("gum_tsv*.tar.gz"))
    if not archives:
        raise FileNotFoundError(Errors.LK610.format(path=folder / "gum_tsv*.tar.gz"))
    with tarfile.open(archives[0]) as archive:
        for member in sorted(archive.getnames()):
            if member.endswith(".tsv"):
                lines = archive.extractfile(member).read().decode("utf8").split("\n")
                name = Path(member).stem
                yield splits.get(name, "train"), parse_gum(lines, f"{archives[0]}/{member}", qids, names=names)


def parse_gum(lines: list[str], path: str, qids: dict[str, str], *, names: bool) -> GoldText:
    """One document. A word's line: place, characters, word, entity types, information status, salience, titles,
    ...; `type[n]` and `title[n]` are those of mention n, without [n] of a mention of one word.
    RAISES ValueError LK611 with the line."""
    words: list[str] = []
    spaces: list[bool] = []
    end = 0
    mentions: dict[str, list] = {}  # number or place -> first word, one past the last, type, title
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        row = line.split("\t")
        try:
            start, last = map(int, row[1].split("-"))
            types, titles = _values(row[3], row[0]), _values(row[6], row[0])
        except (IndexError, ValueError) as err:
            reason = f"{type(err).__name__}: {err}"
            raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason)) from err
        if words:
            spaces.append(start > end)
        words.append(row[2])
        end = last
        for key, title in titles.items():
            mentions.setdefault(key, [len(words) - 1, 0, types.get(key, "entity"), title])[1] = len(words)
    spaces += [False] * bool(words)
    text = "".join(word + " " * space for word, space in zip(words, spaces))
    starts = list(accumulate((len(word) + space for word, space in zip(words, spaces)), initial=0))
    gold = GoldText(text, [], words=words, spaces=spaces)
    for first, last, label, title in mentions.values():
        start, end = starts[first], starts[last - 1] + len(words[last - 1])
        is_name = not names or text[start:end] != text[start:end].lower()
        if is_name and title in qids:
            gold.mentions.append(GoldMention(start, end, label, qids[title]))
        else:
            gold.unknown.append((start, end))
    return gold


def _values(column: str, place: str) -> dict[str, str]:
    """person[7]|place" at word 3-1 -> {"7": "person", "3-1": "place"}."""
    if column == "_":
        return {}
    found = (_VALUE.fullmatch(value) for value in column.split("|"))
    return {match[2] or place: match[1] for match in found}


def _read_map(path: Path) -> Iterator[tuple[str, str]]:
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            row = line.rstrip("\n").split("\t")
            if len(row) < 3 or number == 1 and tuple(row[:3]) != _WIKI_MAP:
                raise ValueError(Errors.LK611.format(path=path, line=number, reason="no title, URL title and QID"))
            if re.fullmatch("Q[0-9]+", row[2]):
                yield row[0], row[2]


def _read_splits(path: Path) -> dict[str, str]:
    splits, split = {}, "train"
    with open_text(path) as file:
        for line in file:
            if line.startswith("## "):
                split = line[3:].strip()
            elif found := re.match(r"\s*\* (GUM_\w+)", line):
                splits[found[1]] = split
    return splits
