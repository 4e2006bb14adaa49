"""QIDs onto the pages of each language, from whatever says them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...errors import Errors
from .extract import ARTICLE
from .site import language_of_name
from .tables import read_items_per_site, read_page_props
from .titles import CHUNK, Titles
from .words import DISAMBIGUATION_QIDS
from .work import Progress, quiet


def add_page_props(wikis: dict[str, Titles], path: Path, language: str | None, progress: Progress = quiet) -> list[str]:
    """QIDs and disambiguation pages by page id. Returns what is damaged in the file. Raises LK364 where nobody says
    the language of the table, or there is no dump of it."""
    language = language or language_of_name(path.name)
    if language not in wikis:
        raise ValueError(Errors.LK364.format(path=path, language=language, languages=", ".join(wikis)))
    titles = wikis[language]
    pages, qids, disambigs, damage = read_page_props(path, progress)
    if len(pages):
        place = np.minimum(np.searchsorted(pages, titles.ids), len(pages) - 1)
        found = pages[place] == titles.ids
        titles.qids[found] = qids[place[found]]
    titles.mark_disambiguation(np.flatnonzero(np.isin(titles.ids, disambigs)))
    return damage


def add_items_per_site(wikis: dict[str, Titles], path: Path, progress: Progress = quiet) -> None:
    """QIDs by title."""
    for language, titles, qids in read_items_per_site(path, wikis, progress):
        _set(wikis[language], titles, qids)


def add_wikidata(wikis: dict[str, Titles], path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """QIDs by title, disambiguation pages by type. path: an items.jsonl (see wikidata.py). Returns the path, (items,)
    int64 QIDs, sorted, and (items,) int64 where their lines begin."""
    qids, starts, start = [], [], 0
    waiting: dict[str, list[tuple[str, int, bool]]] = {language: [] for language in wikis}

    def flush(language: str) -> None:
        names, numbers, disambig = ([row[i] for row in waiting[language]] for i in range(3))
        rows = _set(wikis[language], names, numbers)  # type: ignore[arg-type]
        wikis[language].mark_disambiguation(rows[np.array(disambig, dtype=bool) & (rows >= 0)])
        waiting[language].clear()

    with open(path, "rb") as file:
        for line in file:
            item = json.loads(line)
            qids.append(item["qid"])
            starts.append(start)
            start += len(line)
            for language, title in item["sites"].items():
                waiting[language].append((title, item["qid"], not DISAMBIGUATION_QIDS.isdisjoint(item["types"])))
                if len(waiting[language]) == CHUNK:
                    flush(language)
    for language in wikis:
        flush(language)
    numbers = np.array(qids, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    return path, numbers[order], np.array(starts, dtype=np.int64)[order]


def _set(titles: Titles, names: Sequence[str], qids: Sequence[int]) -> np.ndarray:
    """Give pages their QIDs; (names,) int64 their rows, -1 = no such page."""
    rows = titles.find(names)
    numbers = np.array(qids, dtype=np.int32)
    good = rows >= 0
    good[good] = titles.kinds[rows[good]] == ord(ARTICLE)
    titles.qids[rows[good]] = numbers[good]
    return rows
