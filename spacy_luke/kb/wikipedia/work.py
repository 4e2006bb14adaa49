"""The work folder OUT.work: what has been read of each file is kept there until the KB is whole.

    OUT.work/dumps/NAME-CHECKSUM/      one for each dump: pages.tsv, links.tsv, manifest.json
    OUT.work/items-CHECKSUM/           of a Wikidata dump: items.jsonl, manifest.json

A folder is there only when its file was read to the end (see kb/store.py). It belongs to path, size and time of
change of the file and to the language, all in the checksum of its name: after an interruption the same command finds
it and does not read the file again, and a changed dump is read anew. What was being read starts again.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from ...errors import Errors, Warnings
from ..store import MANIFEST, new_directory, read_manifest
from .extract import extract
from .files import DumpFile
from .pages import NoPages, page_batches
from .site import language_of_name, read_siteinfo
from .words import LANGUAGES

KIND, VERSION = "spacy_luke.wikipedia", 1
PAIRS = 1_000_000  # counted links kept in memory before they are written, some 200 MB


class Progress(Protocol):
    """Called while a file is read: its path, bytes read, bytes in all, pages (or items) so far."""

    def __call__(self, path: Path, done: int, size: int, pages: int) -> None: ...


def quiet(path: Path, done: int, size: int, pages: int) -> None:
    """Shows no progress."""


def checksum(path: Path, *more: str) -> str:
    """Of a file's path, size and time of change, and of what it is read for; not of its content."""
    about = path.stat()
    text = "\n".join([str(path.absolute()), str(about.st_size), str(about.st_mtime_ns), *more])
    return f"{zlib.crc32(text.encode('utf8', 'surrogateescape')):08x}"


def find_part(folder: Path) -> dict | None:
    """The manifest of what was read before, None where that is not there or not whole."""
    try:
        return read_manifest(folder, KIND, VERSION)
    except ValueError:
        return None


def read_dump(work: Path, path: Path, language: str | None, workers: int, progress: Progress = quiet) -> Path:
    """Read one dump into the work folder, or find it there. Returns its folder: pages.tsv has a line for each page
    (see extract.py), links.tsv lines "count<TAB>anchor<TAB>title" in which the same link may come again.
    A language that only the dump itself gives, and that its name or folder contradicts, is told as damage (LKW360).
    Raises LK361 and LK362 (see DumpFile), LK360 where nobody says the language, LK363 where there is no page."""
    file = DumpFile(path)
    folder = work / "dumps" / f"{path.name.partition('.')[0]}-{checksum(path, language or '')}"
    if find_part(folder) is not None:
        return folder
    about: dict[str, Any] = {"file": str(path)}
    with new_directory(folder, KIND, VERSION, about) as new:
        try:
            _read_dump(new, file, language, workers, progress, about)
        except NoPages as e:
            reason = ", ".join(file.damage) or "it has no <page> and is no JSON lines"
            raise ValueError(Errors.LK363.format(path=path, reason=reason)) from e
    return folder


def _read_dump(new: Path, file: DumpFile, language: str | None, workers: int, progress: Progress, about: dict) -> None:
    counts: Counter[str] = Counter()
    links: Counter[str] = Counter()
    batches = page_batches(file)
    head = next(batches).decode("utf8", "replace")
    site = read_siteinfo(head, language) or read_siteinfo(head, language_of_name(file.path.name))
    if site is None:
        raise ValueError(Errors.LK360.format(path=file.path))
    how: dict[str, Any] = {"encoding": "utf8", "errors": "replace", "newline": "\n"}
    with open(new / "pages.tsv", "w", **how) as pages, open(new / "links.tsv", "w", **how) as spill:
        for found in in_processes(partial(extract, site=site), batches, workers):
            pages.write(found.pages)
            links.update(found.links)
            counts.update(found.counts)
            progress(file.path, file.position, file.size, counts["pages"])
            if len(links) > PAIRS:
                _spill(links, spill)
        _spill(links, spill)
    doubts = [] if language else _doubts(file.path, site.language)
    about.update(language=site.language, counts=dict(counts), damage=[*doubts, *file.damage])


def _doubts(path: Path, language: str) -> list[str]:
    """What name or folder of a dump say against the language that it gives itself."""
    for place, other in (("name", language_of_name(path.name)), ("folder", path.absolute().parent.name)):
        if other in LANGUAGES and other != language:
            return [Warnings.LKW360.format(path=path, found=language, place=place, other=other)]
    return []


def _spill(links: Counter[str], file: IO[str]) -> None:
    file.writelines(f"{count}\t{link}\n" for link, count in links.items())
    links.clear()


def in_processes(do: Callable, batches: Iterable, workers: int) -> Iterator:
    """do(batch) for each batch, in order. At most three batches for each worker are in memory at a time; with one
    worker no process is started."""
    if workers <= 1:
        yield from map(do, batches)
        return
    with ProcessPoolExecutor(workers) as pool:
        waiting: deque = deque()
        for batch in batches:
            waiting.append(pool.submit(do, batch))
            if len(waiting) >= 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def load_manifest(folder: Path) -> dict:
    """What read_dump wrote about a dump: language, counts, damage."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf8"))
