"""All languages merged by QID into entities, and the links to them.

A page without QID is an entity of its own with the id "language:title". Pages of several languages with the same QID
are one entity; the first language gives the description.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..reader import Reader
from .extract import ARTICLE
from .titles import CHUNK, Titles
from .wikitext import without_brackets


class Entities:
    """The entities of some languages, numbered.

    keys ((entities,) int64): QIDs; below 0 for pages without one.
    popularity ((entities,) int64): links to each entity, after `resolve_links`.
    """

    def __init__(self, languages: list[Titles], items: tuple[Path, np.ndarray, np.ndarray] | None = None):
        """items: the items.jsonl of a Wikidata dump, (items,) sorted QIDs and (items,) where their lines begin."""
        self.languages = languages
        keys, free = [], -1
        for titles in languages:
            mine = np.where(titles.kinds == ord(ARTICLE), titles.qids.astype(np.int64), 0)
            lone = np.flatnonzero((titles.kinds == ord(ARTICLE)) & (titles.qids < 0))
            mine[lone] = np.arange(free, free - len(lone), -1)
            keys.append(mine[mine != 0])
            free -= len(lone)
        every = np.concatenate(keys) if keys else np.empty(0, np.int64)
        self.keys, numbers = np.unique(every, return_inverse=True)
        self._order = np.argsort(numbers, kind="stable").astype(np.int64)  # pages, those of an entity together
        self._starts = np.searchsorted(numbers[self._order], np.arange(len(self.keys) + 1))
        self._offsets = np.cumsum([0, *map(len, keys)])
        self._rows, self._numbers = [], []
        for i, titles in enumerate(languages):
            rows = np.flatnonzero((titles.kinds == ord(ARTICLE)) & (titles.qids != 0)).astype(np.int32)
            number_of = np.full(len(titles) + 1, -1, dtype=np.int32)  # the last is for "nowhere"
            number_of[rows] = numbers[self._offsets[i] : self._offsets[i + 1]]
            self._rows.append(rows)
            self._numbers.append(number_of[titles.ends])
        self.popularity = np.zeros(len(self.keys), dtype=np.int64)
        self.id = lru_cache(maxsize=100_000)(self._id)  # few entities get most of the links
        self._items, self._item_qids, self._item_starts = None, np.empty(0, np.int64), np.empty(0, np.int64)
        if items is not None:
            path, self._item_qids, self._item_starts = items
            self._items = Reader(path)

    def __len__(self) -> int:
        return len(self.keys)

    def members(self, number: int) -> list[tuple[int, int]]:
        """(language, row) of each page of an entity, in the order of the languages."""
        pages = self._order[self._starts[number] : self._starts[number + 1]]
        which = np.searchsorted(self._offsets, pages, side="right") - 1
        return [(int(i), int(self._rows[i][page - self._offsets[i]])) for i, page in zip(which, pages)]

    def _id(self, number: int) -> str:
        """"Q17", or "ja:日本" without QIDs."""
        key = int(self.keys[number])
        if key >= 0:
            return f"Q{key}"
        language, row = self.members(number)[0]
        return f"{self.languages[language].language}:{self.languages[language].line(row).title}"

    def resolve_links(self, path: Path, counts: Counter[str]) -> None:
        """Write the links to entities as lines "anchor<TAB>number<TAB>count", and add up the popularity. counts: gets
        how many links lead to entities, to disambiguation pages and to nothing (red links)."""
        with open(path, "w", encoding="utf8", newline="\n") as out:
            for titles, number_of in zip(self.languages, self._numbers):
                for part in titles.parts:
                    with open(part / "links.tsv", encoding="utf8", newline="\n") as file:
                        while lines := [line.rstrip("\n").split("\t") for line in islice(file, CHUNK)]:
                            times = np.array([int(count) for count, _, _ in lines], dtype=np.int64)
                            rows = titles.find([title for _, _, title in lines])
                            numbers = np.where(rows < 0, -1, number_of[rows])
                            good = numbers >= 0
                            np.add.at(self.popularity, numbers[good], times[good])
                            counts["links to entities"] += int(times[good].sum())
                            counts["links to pages that are not there"] += int(times[rows < 0].sum())
                            counts["links to pages that are no entities"] += int(times[~good & (rows >= 0)].sum())
                            for (count, anchor, _), number in zip(lines, numbers.tolist()):
                                if number >= 0:
                                    out.write(f"{anchor}\t{number}\t{count}\n")

    def links(self, path: Path) -> Iterator[tuple[str, str, int]]:
        """(alias, entity id, count): what resolve_links wrote; then titles, titles without brackets and redirects
        with count 0."""
        with open(path, encoding="utf8", newline="\n") as file:
            for line in file:
                alias, number, count = line.rstrip("\n").split("\t")
                yield alias, self.id(int(number)), int(count)
        for titles, number_of in zip(self.languages, self._numbers):
            for row in np.flatnonzero(number_of >= 0).tolist():
                title, entity = titles.line(row).title, self.id(int(number_of[row]))
                yield title, entity, 0
                if (short := without_brackets(title)) != title:
                    yield short, entity, 0

    def entities(self) -> Iterator[dict[str, Any]]:
        """Every entity as `kb build` takes it: id, labels, description, types, count, aliases."""
        for number in range(len(self)):
            labels: dict[str, str] = {}
            description = ""
            for language, row in self.members(number):
                titles = self.languages[language]
                line = titles.line(row)
                labels.setdefault(titles.language, line.title)
                description = description or line.text
            entity: dict[str, Any] = {"id": self.id(number), "labels": labels, "count": int(self.popularity[number])}
            item = self._item(int(self.keys[number]))
            labels.update(item.get("labels", {}))
            if description := description or item.get("description", ""):
                entity["description"] = description
            entity.update({name: item[name] for name in ("types", "aliases") if item.get(name)})
            yield entity

    def _item(self, qid: int) -> dict[str, Any]:
        place = int(np.searchsorted(self._item_qids, qid))
        if self._items is None or place == len(self._item_qids) or self._item_qids[place] != qid:
            return {}
        start, end = int(self._item_starts[place]), 1 << 14
        text = self._items.read(start, start + end)
        while b"\n" not in text:
            end *= 4
            text = self._items.read(start, start + end)
        return json.loads(text[: text.index(b"\n")])
