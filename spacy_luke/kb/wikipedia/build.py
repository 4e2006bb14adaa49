"""`python -m spacy luke kb from-wikipedia`: dumps -> a knowledge base.

    each dump --> counted links, pages  (work folder, parallel)      Wikidata --> items (work folder, parallel)
    the dumps of a language --> titles, redirects followed --> QIDs
    all languages --> entities by QID --> links to them --> build_kb

What an interruption keeps: every dump that was read to its end, and the Wikidata dump (work.py). The rest takes a
few minutes for a large Wikipedia and starts again. The work folder goes when the knowledge base is whole.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Errors
from ..build import build_kb
from .entities import Entities
from .items import add_items_per_site, add_page_props, add_wikidata
from .titles import Titles
from .wikidata import read_wikidata
from .work import Progress, load_manifest, quiet, read_dump

Source = tuple[Path, str | None]  # a file, and its language where the user says it


@dataclass
class Report:
    """What was read, found and lost."""

    files: dict[str, Counter[str]] = field(default_factory=dict)  # by file
    damage: dict[str, list[str]] = field(default_factory=dict)  # by file
    languages: dict[str, Counter[str]] = field(default_factory=dict)
    links: Counter[str] = field(default_factory=Counter)
    kb: dict = field(default_factory=dict)  # the numbers of build_kb


def build_from_wikipedia(
    out: Path,
    dumps: Sequence[Source],
    *,
    page_props: Sequence[Source] = (),
    items_per_site: Path | None = None,
    wikidata: Path | None = None,
    workers: int | None = None,
    keep_work: bool = False,
    progress: Progress = quiet,
) -> Report:
    """Write the knowledge base of some dumps to the directory `out`.

    workers: processes that read pages; None = one for each core. keep_work: leave the work folder OUT.work.
    Raises LK360 to LK365, and what build_kb raises."""
    out = Path(out)
    work, workers, report = out.with_name(out.name + ".work"), workers or os.cpu_count() or 1, Report()
    wikis = _read_wikis(work, dumps, workers, progress, report)
    for path, language in page_props:
        report.damage[str(path)] = add_page_props(wikis, Path(path), language, progress)
    if items_per_site is not None:
        add_items_per_site(wikis, Path(items_per_site), progress)
    items = None
    if wikidata is not None:
        folder = read_wikidata(work, Path(wikidata), list(wikis), workers, progress)
        _report(report, folder)
        items = add_wikidata(wikis, folder / "items.jsonl")
    entities = Entities(list(wikis.values()), items)
    if not len(entities):
        raise ValueError(Errors.LK365.format(paths=", ".join(str(path) for path, _ in dumps)))
    for language, titles in wikis.items():
        report.languages[language] = Counter(titles.summary())
    links = work / "links.tsv"
    entities.resolve_links(links, report.links)
    report.kb = build_kb(out, entities.entities(), entities.links(links))
    if not keep_work:
        shutil.rmtree(work)
    return report


def _read_wikis(
    work: Path, dumps: Sequence[Source], workers: int, progress: Progress, report: Report
) -> dict[str, Titles]:
    """The languages in the order of their first dumps."""
    parts: dict[str, list[Path]] = {}
    for path, language in dumps:
        folder = read_dump(work, Path(path), language, workers, progress)
        found = _report(report, folder)
        if folder not in parts.setdefault(found["language"], []):
            parts[found["language"]].append(folder)
    return {language: Titles(work / f"titles-{language}", language, parts[language]) for language in parts}


def _report(report: Report, folder: Path) -> dict:
    about = load_manifest(folder)
    report.files[about["file"]] = Counter(about["counts"])
    report.damage[about["file"]] = about["damage"]
    return about
