"""The measured steps, each run in a process of its own: `python steps.py STEP FOLDER` prints JSON."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

LOOK_UPS = 100_000


def resident() -> dict[str, float]:
    """MB now and at most so far (Linux)."""
    text = Path("/proc/self/status").read_text()
    values = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in text.splitlines() if line.endswith("kB")}
    return {"now": values["VmRSS"], "peak": values["VmHWM"]}


def measure(run: Callable, name: str, found: dict):
    """Seconds of the clock and of the processor, and MB that came to stay; returns what `run` returns."""
    before, clock, processor = resident()["now"], time.perf_counter(), time.process_time()
    result = run()
    found[f"{name}: seconds"] = round(time.perf_counter() - clock, 4)
    found[f"{name}: processor seconds"] = round(time.process_time() - processor, 4)
    found[f"{name}: MB more"] = round(resident()["now"] - before, 1)
    return result


def evict(folder: Path) -> None:
    """Take the files out of the system's cache, as far as it lets us."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as handle:
                os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def questions(folder: Path) -> list[tuple[str, str | None, int]]:
    """(title, language, id) of random names, chosen once."""
    return [tuple(q) for q in json.loads((folder / "questions.json").read_text())]


def names(folder: Path) -> Iterator[tuple[list[str], list[int]]]:
    """All names as in entity_vocab.json with their ids, in parts."""
    from spacy_luke.kb.entity_json import read_json_pairs

    for pairs in read_json_pairs(folder / "entity_vocab.json"):
        yield [key for key, _ in pairs], [value for _, value in pairs]


def step_questions(folder: Path) -> dict:
    rng = np.random.default_rng(1)
    total = sum(len(keys) for keys, _ in names(folder))
    chosen, start, picked = np.unique(rng.integers(0, total, LOOK_UPS)), 0, []
    for keys, ids in names(folder):
        for i in chosen[(chosen >= start) & (chosen < start + len(keys))] - start:
            language, colon, title = keys[i].partition(":")
            picked.append((title, language, ids[i]) if colon else (keys[i], None, ids[i]))
        start += len(keys)
    rng.shuffle(picked)
    picked = [(title, language, int(id)) for title, language, id in picked]
    (folder / "questions.json").write_text(json.dumps(picked))
    return {"names": total, "look-ups": len(picked)}


def step_build(folder: Path, name: str = "entity_vocab.json", qids: str | None = None) -> dict:
    from spacy_luke.kb.entity_vocab import EntityVocab

    found, before = {}, resident()["now"]
    vocab = measure(lambda: EntityVocab.from_file(folder / name, qids and folder / qids), "build", found)
    found["build: peak MB more"] = round(resident()["peak"] - before, 1)
    measure(lambda: vocab.save(folder / "vocab"), "save", found)
    files = [file for file in (folder / "vocab").rglob("*") if file.is_file()]
    return {**found, "MB on disk": round(sum(file.stat().st_size for file in files) / 1e6, 1)}


def step_build_jsonl(folder: Path) -> dict:
    return step_build(folder, "entity_vocab.jsonl", "qids.tsv")


def step_open(folder: Path) -> dict:
    from spacy_luke.kb.entity_vocab import EntityVocab

    asked = questions(folder)
    titles, languages, ids = (list(column) for column in zip(*asked))
    evict(folder / "vocab")
    start = resident()["now"]
    found = {"MB with spaCy imported": round(start, 1)}
    measure(lambda: EntityVocab.open(folder / "vocab"), "open cold", found)
    vocab = measure(lambda: EntityVocab.open(folder / "vocab"), "open", found)
    found["open: MB resident in all"] = round(resident()["now"], 1)
    evict(folder / "vocab")
    cold = measure(lambda: vocab.lookup_batch(titles[:5_000], languages[:5_000]), "5,000 cold", found)
    measure(lambda: vocab.lookup_batch(titles, languages), "all, some cold", found)
    single = measure(lambda: [vocab.lookup(title, language) for title, language, _ in asked], "one by one", found)
    found["look-ups: MB more than before open"] = round(resident()["now"] - start, 1)
    batch = measure(lambda: vocab.lookup_batch(titles, languages), "batch", found)
    small = measure(
        lambda: [vocab.lookup_batch(titles[i : i + 100], languages[i : i + 100]) for i in range(0, len(ids), 100)],
        "batches of 100",
        found,
    )
    measure(lambda: vocab.lookup_batch(titles, "xx"), "absent", found)
    assert cold.tolist() == ids[:5_000] and single == batch.tolist() == np.concatenate(small).tolist() == ids
    back = measure(lambda: [vocab.title(id, language) for _, language, id in asked], "title back", found)
    assert back == titles
    measure(lambda: [vocab.by_qid(f"Q{id + 1}") for id in ids], "by QID", found)
    return {**found, "look-ups": len(ids), "all: MB more than before open": round(resident()["now"] - start, 1)}


def step_json(folder: Path) -> dict:
    found, before = {}, resident()["now"]

    def load():
        with open(folder / "entity_vocab.json", encoding="utf8") as file:
            return json.load(file)

    vocab = measure(load, "open", found)
    found["open: peak MB more"] = round(resident()["peak"] - before, 1)
    keys = [title if language is None else f"{language}:{title}" for title, language, _ in questions(folder)]
    measure(lambda: [vocab[key] for key in keys], "one by one", found)
    return {**found, "look-ups": len(keys)}


def step_mluke(folder: Path) -> dict:
    """MLukeTokenizer itself, with a SentencePiece model of a few pieces."""
    import sentencepiece
    from transformers import MLukeTokenizer

    text = [key for keys, _ in itertools.islice(names(folder), 50) for key in keys[:200]]
    (folder / "text.txt").write_text("\n".join(text))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "tiny"), vocab_size=1_000, hard_vocab_limit=False
    )
    found, before = {}, resident()["now"]

    def load():
        return MLukeTokenizer(
            str(folder / "tiny.model"),
            str(folder / "entity_vocab_mask2.json"),
            entity_token_1="<ent>",
            entity_token_2="<ent2>",
        )

    shutil.copyfile(folder / "entity_vocab.json", folder / "entity_vocab_mask2.json")
    with open(folder / "entity_vocab_mask2.json", "r+b") as file:  # this tokenizer insists on [MASK2]
        file.seek(-1, os.SEEK_END)
        file.write(b', "[MASK2]": 1200000}')
    del text
    tokenizer = measure(load, "open", found)
    assert len(tokenizer.entity_vocab) > 1000
    return {**found, "open: peak MB more": round(resident()["peak"] - before, 1)}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    if sys.argv[1].startswith("index_"):
        from indexes import run_index as step

        print(json.dumps(step(Path(sys.argv[2]), sys.argv[1])))
    else:
        print(json.dumps(globals()[f"step_{sys.argv[1]}"](Path(sys.argv[2]))))
