"""HIPE-2022's format: a word a line, ten columns, documents with metadata in lines that begin with #."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from ...errors import Errors
from .gold import GoldMention, GoldReader, GoldText, open_text

COLUMNS = (
    "TOKEN", "NE-COARSE-LIT", "NE-COARSE-METO", "NE-FINE-LIT", "NE-FINE-METO", "NE-FINE-COMP", "NE-NESTED",
    "NEL-LIT", "NEL-METO", "MISC",
)  # fmt: skip


def build_hipe_reader_v1(path: Path, gold_words: bool = False) -> GoldReader:
    """A file in the format of HIPE-2022 (github.com/hipe-eval/HIPE-2022-data) as Examples with entities and links.

    A document is what stands between blank lines. Entities are those of NE-COARSE-LIT; their links, of
    NEL-LIT: a QID, "NIL", or "" where the column has none. Words are joined by a space unless MISC says
    NoSpaceAfter. An I- tag without a B- before it is the rest of a mention whose beginning OCR swallowed: its
    words count as not annotated, and it is counted among the mentions left out.

    path (Path): *.tsv or *.tsv.gz.
    gold_words (bool): take the file's words. Else the pipeline's tokenizer makes words of the text, and
        mentions that do not begin and end with them are left out; a warning counts them.
    """
    return GoldReader(Path(path), read_hipe, gold_words)


def read_hipe(path: Path) -> Iterator[GoldText]:
    """The documents of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    rows: list[list[str]] = []
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            row = line.rstrip("\r\n").split("\t")
            if number == 1:
                if tuple(row) != COLUMNS:
                    raise ValueError(Errors.LK611.format(path=path, line=1, reason=f"no HIPE-2022 header: {row}"))
            elif len(row) == len(COLUMNS):
                _check(row, path, number)
                rows.append(row)
            elif row == [""]:
                if rows:
                    yield _document(rows)
                rows = []
            elif not line.startswith("#"):
                reason = f"{len(row)} columns instead of {len(COLUMNS)}"
                raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason))
    if rows:
        yield _document(rows)


def _check(row: list[str], path: Path, number: int) -> None:
    if not row[0] or not (row[1] in ("O", "_") or row[1][:2] in ("B-", "I-")):
        reason = f"the word {row[0]!r} with the tag {row[1]!r}"
        raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason))


def _document(rows: list[list[str]]) -> GoldText:
    words = [row[0] for row in rows]
    spaces = ["NoSpaceAfter" not in row[-1].split("|") for row in rows]
    spaces[-1] = False
    text = "".join(word + " " * space for word, space in zip(words, spaces))
    gold = GoldText(text, [], words=words, spaces=spaces)
    starts = list(accumulate((len(word) + space for word, space in zip(words, spaces)), initial=0))
    for first, last in _mentions([row[1] for row in rows]):
        start, end = starts[first], starts[last - 1] + len(words[last - 1])
        tag, link = rows[first][1], rows[first][COLUMNS.index("NEL-LIT")]
        if tag[0] == "B":
            gold.mentions.append(GoldMention(start, end, tag[2:], "" if link in ("_", "-", "O") else link))
        else:
            gold.lost.append(text[start:end])
            gold.unknown.append((start, end))
    return gold


def _mentions(tags: Iterable[str]) -> Iterator[tuple[int, int]]:
    """First word and one past the last of each run B I I, or I I. What type the I have does not matter:
    the few that differ are parts of one name (Frankreichs größten ...)."""
    first = None
    for i, tag in enumerate([*tags, "O"]):
        if first is not None and tag[0] != "I":
            yield first, i
            first = None
        if first is None and tag[0] in "BI":
            first = i
