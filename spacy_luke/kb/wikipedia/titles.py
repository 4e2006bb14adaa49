"""All pages of one language, from all its dumps: titles -> rows, redirects followed, disambiguation pages marked.

A row is a page; pages of the same title (overlapping dumps) are one row, the first. In memory stand some 20 bytes for
each row, titles and descriptions stay on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..npy import NpyWriter
from ..reader import Reader
from ..string_index import StringIndex, hash_keys
from .extract import ARTICLE, DISAMBIG, REDIRECT, TEMPLATE, TEMPLATE_REDIRECT

if TYPE_CHECKING:
    from thinc.types import Ints1d

CHUNK = 50_000  # titles looked up at once
LINE = 512  # bytes read at once of a line of pages.tsv


class PageLine(NamedTuple):
    """A line of pages.tsv, see extract.py."""

    kind: str
    id: int
    title: str
    text: str  # of an article its first sentence, of a redirect the title it leads to
    templates: list[str]


def read_lines(path: Path) -> Iterator[PageLine]:
    """The lines of a pages.tsv."""
    with open(path, encoding="utf8", newline="\n") as file:
        for line in file:
            yield _page_line(line)


def _page_line(line: str) -> PageLine:
    kind, number, title, text, templates = line.rstrip("\n").split("\t")
    return PageLine(kind, int(number), title, text, templates.split("|") if templates else [])


class Titles:
    """The pages of one language.

    kinds ((rows,) uint8): ord of "a" article, "r" redirect, "d" disambiguation page.
    ids ((rows,) int64): page ids, -1 = not said. qids ((rows,) int32): -1 = not known yet.
    ends ((rows,) int32): the article a row leads to, itself or through redirects; -1 = none.
    lost_redirects (int): those to a page that is not there, or in a circle.
    repeated (int): pages with the title of an earlier one.
    """

    def __init__(self, directory: Path, language: str, parts: Sequence[Path]):
        directory.mkdir(parents=True, exist_ok=True)
        self.language, self.parts = language, list(parts)
        self._write(directory)
        self.qids = np.full(len(self.kinds), -1, dtype=np.int32)
        self._reader = Reader(directory / "pages.tsv")
        self._starts = np.load(directory / "starts.npy", mmap_mode="r").view(np.ndarray)
        self.ids = np.load(directory / "ids.npy", mmap_mode="r").view(np.ndarray)
        self.lost_redirects = self._follow_redirects()

    def __len__(self) -> int:
        return len(self.kinds)

    def _write(self, directory: Path) -> None:
        keep, kinds = self._first_of_each_title(), bytearray()
        self.repeated = int((~keep).sum())
        templates = self._disambiguation_templates()
        with open(directory / "pages.tsv", "wb") as pages, open(directory / "starts.npy", "wb") as file1:
            with open(directory / "ids.npy", "wb") as file2:
                starts, ids = NpyWriter(file1, np.int64), NpyWriter(file2, np.int64)

                def chunks() -> Iterator[tuple[list[str], np.ndarray]]:
                    waiting: list[PageLine] = []
                    for kept, line in zip(keep, self._pages()):
                        if kept:
                            waiting.append(line)
                        if len(waiting) == CHUNK:
                            yield write(waiting)
                            waiting = []
                    yield write(waiting)

                def write(lines: list[PageLine]) -> tuple[list[str], np.ndarray]:
                    first, at = len(kinds), []
                    for line in lines:
                        marked = line.kind == ARTICLE and not templates.isdisjoint(line.templates)
                        kind = DISAMBIG if marked else line.kind
                        at.append(pages.tell())
                        pages.write(f"{kind}\t{line.id}\t{line.title}\t{line.text}\t\n".encode())
                        kinds.append(ord(kind))
                    starts.write(np.array(at, dtype=np.int64))
                    ids.write(np.array([line.id for line in lines], dtype=np.int64))
                    return [line.title for line in lines], np.arange(first, first + len(lines))

                self.index = StringIndex.build(directory / "titles", chunks())
                starts.close()
                ids.close()
        self.kinds = np.frombuffer(bytes(kinds), dtype=np.uint8).copy()

    def _pages(self) -> Iterator[PageLine]:
        for part in self.parts:
            for line in read_lines(part / "pages.tsv"):
                if line.kind not in (TEMPLATE, TEMPLATE_REDIRECT):
                    yield line

    def _first_of_each_title(self) -> np.ndarray:
        """(lines,) bool. By hash; where two hashes are the same, by the title itself."""
        hashes = [np.empty(0, np.uint64)]
        waiting: list[str] = []
        for line in self._pages():
            waiting.append(line.title)
            if len(waiting) == CHUNK:
                hashes.append(hash_keys(waiting))
                waiting = []
        every = np.concatenate([*hashes, hash_keys(waiting)])
        _, first, counts = np.unique(every, return_index=True, return_counts=True)
        keep = np.ones(len(every), dtype=bool)
        doubtful = np.isin(every, every[first[counts > 1]])
        if doubtful.any():
            seen: set[str] = set()
            for row, line in enumerate(self._pages()):
                if doubtful[row]:
                    keep[row] = line.title not in seen
                    seen.add(line.title)
        return keep

    def _disambiguation_templates(self) -> set[str]:
        """The dump's own templates with __DISAMBIG__ in them, and redirects to these."""
        marked, redirects = set(), {}
        for part in self.parts:
            for line in read_lines(part / "pages.tsv"):
                if line.kind == TEMPLATE:
                    marked.add(line.title)
                elif line.kind == TEMPLATE_REDIRECT:
                    redirects[line.title] = line.text
        return marked | {name for name, target in redirects.items() if target in marked}

    def _follow_redirects(self) -> int:
        nowhere, redirect = len(self), ord(REDIRECT)
        ends = np.arange(len(self) + 1, dtype=np.int32)
        rows = np.flatnonzero(self.kinds == redirect)
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            found = self.index.find([self.line(row).text for row in some.tolist()])
            ends[some] = np.where(found < 0, nowhere, found)
        for _ in range(max(1, len(self)).bit_length() + 1):  # each round doubles the steps taken
            ends = ends[ends]
        kinds = np.append(self.kinds, redirect)
        ends = np.where(kinds[ends] == redirect, nowhere, ends)[:-1]  # what is still a redirect goes in a circle
        self.ends = np.where(ends == nowhere, -1, ends).astype(np.int32)
        return int((self.ends < 0).sum())

    def line(self, row: int) -> PageLine:
        """What is known of the page in a row."""
        start, length = int(self._starts[row]), LINE
        text = self._reader.read(start, start + length)
        while b"\n" not in text:
            length *= 4
            text = self._reader.read(start, start + length)
        return _page_line(text[: text.index(b"\n")].decode())

    def find(self, titles: Sequence[str]) -> Ints1d:
        """(titles,) int64: the row of each title, -1 where there is no such page."""
        return self.index.find(titles)

    def mark_disambiguation(self, rows: np.ndarray) -> None:
        """These rows are disambiguation pages as well (redirects among them stay redirects)."""
        rows = rows[self.kinds[rows] == ord(ARTICLE)]
        self.kinds[rows] = ord(DISAMBIG)

    def summary(self) -> dict[str, int]:
        """How many pages of each kind, how many articles with a QID, and how many pages came twice."""
        articles = self.kinds == ord(ARTICLE)
        found = {
            "articles": int(articles.sum()),
            "articles with a QID": int((articles & (self.qids >= 0)).sum()),
            "redirects": int((self.kinds == ord(REDIRECT)).sum()),
            "redirects to nothing or in a circle": self.lost_redirects,
            "disambiguation pages": int((self.kinds == ord(DISAMBIG)).sum()),
            "pages that came twice": self.repeated,
        }
        return {name: number for name, number in found.items() if number}
