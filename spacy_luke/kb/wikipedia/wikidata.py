"""The Wikidata JSON dump: QIDs of articles, and labels, aliases, descriptions and types (P31) of their items.

Of the dump (one item a line, all languages, over a terabyte) a small part is of use: items with an article in one of
our languages. They go into the work folder as JSON lines
    {"qid": 17, "sites": {"ja": "日本"}, "labels": {"ja": "日本"}, "aliases": ["Nippon"], "description": "...",
     "types": ["Q6256"]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ..store import new_directory
from .files import DumpFile
from .work import KIND, VERSION, Progress, checksum, find_part, in_processes, quiet

BATCH = 4 << 20  # bytes of a batch of lines


def read_wikidata(work: Path, path: Path, languages: list[str], workers: int, progress: Progress = quiet) -> Path:
    """Read a Wikidata dump into the work folder, or find it there. Returns the folder, with items.jsonl in it.
    Raises LK361 and LK362 (see DumpFile)."""
    file = DumpFile(path)
    folder = work / f"items-{checksum(path, *languages)}"
    if find_part(folder) is not None:
        return folder
    about: dict[str, Any] = {"file": str(path)}
    lines = broken = 0
    with new_directory(folder, KIND, VERSION, about) as new:
        with open(new / "items.jsonl", "wb") as out:
            for items, read, lost in in_processes(partial(extract_items, languages=languages), _batches(file), workers):
                out.write(items)
                lines, broken = lines + read, broken + lost
                progress(path, file.position, file.size, lines)
        counts = {"items": lines, "broken items, skipped": broken}
        about.update(counts={name: n for name, n in counts.items() if n}, damage=file.damage)
    return folder


def _batches(file: DumpFile) -> Iterator[bytes]:
    """Whole lines, a few megabytes at a time."""
    waiting = bytearray()
    for block in file:
        waiting += block
        if len(waiting) >= BATCH and (cut := waiting.rfind(b"\n") + 1):
            yield bytes(waiting[:cut])
            del waiting[:cut]
    yield bytes(waiting)


def extract_items(batch: bytes, languages: list[str]) -> tuple[bytes, int, int]:
    """(the lines of items with an article in one of the languages, how many items, how many broken ones)."""
    keep, read, broken = [], 0, 0
    sites = {f"{language.replace('-', '_')}wiki": language for language in languages}
    names = [f'"{site}"'.encode() for site in sites]
    for line in batch.split(b"\n"):
        line = line.strip().rstrip(b",")
        if len(line) < 3:
            continue
        read += 1
        if any(name in line for name in names):  # cheaper than parsing; most items have no article
            try:
                keep.append(_item(json.loads(line), sites))
            except (ValueError, KeyError, TypeError, AttributeError):
                broken += 1
    found = [json.dumps(item, ensure_ascii=False) + "\n" for item in keep if item]
    return "".join(found).encode("utf8", "replace"), read, broken


def _item(item: dict, sites: dict[str, str]) -> dict | None:
    """What we keep of an item; None where it is none of ours. Empty maps are written as lists in the dump."""
    links = item.get("sitelinks") or {}
    titles = {language: links[site]["title"] for site, language in sites.items() if site in links}
    if not titles or item["id"][:1] != "Q":
        return None
    languages = list(sites.values())
    labels, aliases, descriptions = (item.get(name) or {} for name in ("labels", "aliases", "descriptions"))
    types = [
        claim["mainsnak"]["datavalue"]["value"]["id"]
        for claim in (item.get("claims") or {}).get("P31", [])
        if claim.get("rank") != "deprecated" and "datavalue" in claim["mainsnak"]
    ]
    return {
        "qid": int(item["id"][1:]),
        "sites": titles,
        "labels": {language: labels[language]["value"] for language in languages if language in labels},
        "aliases": [alias["value"] for language in languages for alias in aliases.get(language, [])],
        "description": next((descriptions[x]["value"] for x in languages if x in descriptions), ""),
        "types": list(dict.fromkeys(types)),
    }
