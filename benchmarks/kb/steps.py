"""The measured steps, each run in a process of its own: `python steps.py STEP FOLDER ...` prints JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from synthetic import Synthetic

LOOK_UPS = 100_000


def resident() -> dict[str, float]:
    """MB now and at most so far (Linux)."""
    text = Path("/proc/self/status").read_text()
    values = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in text.splitlines() if line.endswith("kB")}
    return {"now": values["VmRSS"], "peak": values["VmHWM"]}


class Table:
    """Rows of: seconds of the clock and the processor, MB that came on top, things per processor second."""

    def __init__(self) -> None:
        self.rows: list[dict] = []
        self.start = resident()["now"]

    def measure(self, name: str, run: Callable, things: int = 0, again: int = 1):
        """Add a row, of the best of `again` runs; what `run` returns."""
        best = None
        for _ in range(again):
            clock, processor = time.perf_counter(), time.process_time()
            result = run()
            row = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor}
            best = row if best is None or row["processor"] < best["processor"] else best
        now = resident()
        more = {"MB more": now["now"] - self.start, "peak MB more": now["peak"] - self.start, "MB in all": now["now"]}
        rate = {"per second": things / best["processor"]} if things else {}
        self.rows.append({"what": name, **best, **more, **rate})
        return result


def evict(folder: Path) -> None:
    """Take the files out of the system's cache, as far as it lets us."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as handle:
                os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def build(folder: Path, data: Synthetic) -> list[dict]:
    """What the streams themselves cost, then the build with them."""
    import spacy_luke.kb.mmap_kb  # noqa: F401  imports are not counted
    from spacy_luke.kb.build import build_kb

    table = Table()
    streams = [data.iter_entities(), data.iter_links(), data.iter_vectors()]
    table.measure("the data alone", lambda: [sum(1 for _ in stream) for stream in streams])
    streams = [data.iter_entities(), data.iter_links()]
    about = table.measure("build", lambda: build_kb(folder / "kb", *streams, vectors=data.iter_vectors()), data.aliases)
    size = sum(file.stat().st_size for file in (folder / "kb").rglob("*") if file.is_file())
    numbers = {key: about[key] for key in ("entities", "aliases", "forms", "links")}
    table.rows[-1].update(numbers, **{"MB on disk": size / 2**20})
    return table.rows


def use(folder: Path, data: Synthetic) -> list[dict]:
    """Open, look up."""
    import spacy

    from spacy_luke.kb import MMapKB

    vocab = spacy.blank("xx").vocab
    MMapKB(vocab, 1)  # imports are not counted
    names = data.names(data.sample(LOOK_UPS))
    anywhere = data.names(np.random.default_rng(2).integers(0, data.aliases, LOOK_UPS))
    absent = [name + "x" for name in names]
    batches = [names[i : i + 100] for i in range(0, LOOK_UPS, 100)]
    evict(folder / "kb")
    table = Table()
    kb = table.measure("open, not in the system's cache", lambda: MMapKB.open(vocab, folder / "kb"))
    table.measure("5,000 look-ups, not in the cache", lambda: kb.look_up(anywhere[:5_000]), 5_000)
    kb = table.measure("open", lambda: MMapKB.open(vocab, folder / "kb"))
    found = table.measure("look_up, as a text meets them", lambda: kb.look_up(names), LOOK_UPS, again=3)
    assert (found.lengths > 0).all()
    assert (table.measure("look_up, evenly from all", lambda: kb.look_up(anywhere), LOOK_UPS, again=3).lengths > 0).all()
    table.measure("look_up, batches of 100", lambda: [kb.look_up(batch) for batch in batches], LOOK_UPS, again=3)
    table.measure("look_up, normalised", lambda: kb.look_up(names, normalised=True), LOOK_UPS, again=3)
    table.measure("look_up, absent", lambda: kb.look_up(absent), LOOK_UPS)
    table.rows[-1]["candidates"] = len(found.entities) / LOOK_UPS
    rows = found.entities[:LOOK_UPS]
    table.measure("entity_ids", lambda: kb.entity_ids(rows), len(rows))
    table.measure("vectors_of", lambda: [len(kb.vectors_of(rows[i : i + 1000])) for i in range(0, len(rows), 1000)], len(rows))
    table.measure("get_alias_candidates", lambda: [kb.get_alias_candidates(name) for name in names[:5_000]], 5_000)
    return table.rows


def spacy_build(folder: Path, data: Synthetic) -> list[dict]:
    """The same in InMemoryLookupKB."""
    import spacy
    from spacy.kb import InMemoryLookupKB

    table = Table()
    kb = InMemoryLookupKB(spacy.blank("xx").vocab, data.width)

    def fill() -> None:
        ids = [f"Q{n}" for n in range(data.entities)]
        counts = [entity["count"] for entity in data.iter_entities()]
        kb.set_entities(ids, counts, [vector.tolist() for part in data.iter_vectors() for vector in part])
        links: dict[str, dict[str, int]] = {}
        for alias, id, count in data.iter_links():
            mine = links.setdefault(alias, {})
            mine[id] = mine.get(id, 0) + count
        for alias, mine in links.items():
            total = sum(mine.values())
            kb.add_alias(alias, list(mine), [count / total for count in mine.values()])

    table.measure("build", fill, data.aliases)
    shutil.rmtree(folder / "spacy", ignore_errors=True)
    table.measure("to_disk", lambda: kb.to_disk(folder / "spacy"))
    return table.rows


def spacy_use(folder: Path, data: Synthetic) -> list[dict]:
    import spacy
    from spacy.kb import InMemoryLookupKB

    names = data.names(data.sample(LOOK_UPS))
    kb = InMemoryLookupKB(spacy.blank("xx").vocab, data.width)
    table = Table()
    table.measure("open (from_disk)", lambda: kb.from_disk(folder / "spacy"))
    table.measure("get_alias_candidates", lambda: [kb.get_alias_candidates(name) for name in names[:5_000]], 5_000)
    table.measure("contains_alias", lambda: [kb.contains_alias(name) for name in names], LOOK_UPS)
    return table.rows


STEPS = {"build": build, "use": use, "spacy_build": spacy_build, "spacy_use": spacy_use}

if __name__ == "__main__":
    step, folder, *sizes = sys.argv[1:]
    print(json.dumps(STEPS[step](Path(folder), Synthetic(*map(int, sizes)))))
