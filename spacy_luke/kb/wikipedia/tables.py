"""QIDs and disambiguation pages from the SQL dumps that come with a dump: page_props and wb_items_per_site.

The rows stand by the thousand in lines INSERT INTO ... VALUES (...),(...); a line is about a megabyte. A row that
is cut off is not found, and that is all that happens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from .files import DumpFile
from .work import Progress, quiet

_ITEM = re.compile(rb"\((\d+),'wikibase_item','Q(\d+)'")
_DISAMBIG = re.compile(rb"\((\d+),'disambiguation',")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def _lines(file: DumpFile, progress: Progress) -> Iterator[bytes]:
    """Pieces of the file that end at the end of a line, or between two rows of a very long one."""
    waiting, rows = b"", 0
    for block in file:
        waiting += block
        cut = max(waiting.rfind(b"\n"), waiting.rfind(b"),(") + 1)
        if cut > 0:
            yield waiting[:cut]
            rows += waiting.count(b"),(", 0, cut)
            waiting = waiting[cut:]
        progress(file.path, file.position, file.size, rows)
    yield waiting


def read_page_props(path: Path, progress: Progress = quiet) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """(items,) int64 page ids and (items,) int32 QIDs, sorted by page id; (pages,) int64 sorted page ids of
    disambiguation pages; what is damaged in the file."""
    file = DumpFile(path)
    pages, qids, disambigs = [], [], []
    for lines in _lines(file, progress):
        found = _ITEM.findall(lines)
        pages.append(np.array([page for page, _ in found], dtype="S20").astype(np.int64))
        qids.append(np.array([qid for _, qid in found], dtype="S20").astype(np.int64).astype(np.int32))
        disambigs.append(np.array(_DISAMBIG.findall(lines), dtype="S20").astype(np.int64))
    page, qid = np.concatenate(pages), np.concatenate(qids)
    order = np.argsort(page, kind="stable")
    return page[order], qid[order], np.sort(np.concatenate(disambigs)), file.damage


def read_items_per_site(
    path: Path, languages: Iterable[str], progress: Progress = quiet
) -> Iterator[tuple[str, list[str], list[int]]]:
    """(language, titles, QIDs) again and again, for the Wikipedias of these languages."""
    sites = {f"{language.replace('-', '_')}wiki".encode(): language for language in languages}
    row = re.compile(rb"\(\d+,(\d+),'(" + b"|".join(map(re.escape, sites)) + rb")','((?:[^'\\]|\\.)*)'\)")
    for lines in _lines(DumpFile(path), progress):
        found: dict[str, tuple[list[str], list[int]]] = {}
        for qid, site, title in row.findall(lines):
            titles, qids = found.setdefault(sites[site], ([], []))
            titles.append(_ESCAPED.sub(rb"\1", title).decode("utf8", "replace").replace("_", " "))
            qids.append(int(qid))
        for language, (titles, qids) in found.items():
            yield language, titles, qids
