"""What could have been taken for the string index, measured alike: build, open, 100,000 random look-ups."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
from steps import measure, names, questions, resident


class Ours:
    """spacy_luke.kb.string_index."""

    files = ["ours"]

    def build(self, folder: Path) -> None:
        from spacy_luke.kb.string_index import StringIndex

        StringIndex.build(folder / "ours", ((keys, np.array(ids)) for keys, ids in names(folder)))

    def open(self, folder: Path) -> None:
        from spacy_luke.kb.string_index import StringIndex

        self.index = StringIndex.open(folder / "ours")
        self.one, self.batch = self.index.find_one, lambda keys: self.index.find(keys).tolist()


class Marisa:
    """marisa-trie: a compressed trie numbers the keys, an array gives the ids."""

    files = ["marisa.trie", "marisa.npy"]

    def build(self, folder: Path) -> None:
        import marisa_trie

        trie = marisa_trie.Trie(key for keys, _ in names(folder) for key in keys)
        trie.save(str(folder / "marisa.trie"))
        array = np.zeros(len(trie), dtype=np.uint32)
        for keys, ids in names(folder):
            array[[trie[key] for key in keys]] = ids
        np.save(folder / "marisa.npy", array)

    def open(self, folder: Path) -> None:
        import marisa_trie

        trie = marisa_trie.Trie()
        trie.mmap(str(folder / "marisa.trie"))
        array = np.load(folder / "marisa.npy", mmap_mode="r").view(np.ndarray)
        self.one = lambda key: int(array[trie[key]]) if key in trie else -1
        self.batch = lambda keys: array[np.fromiter((trie.get(key, -1) for key in keys), np.int64, len(keys))].tolist()


class Sorted:
    """Sorted hashes and stored keys, all mapped: the prototype of SPACY.md."""

    parts = ["hashes", "rows", "offsets", "ids"]
    files = ["sorted.keys", *(f"sorted.{part}.npy" for part in parts)]

    def build(self, folder: Path) -> None:
        from spacy_luke.kb.string_index import hash_keys

        hashes, ids, lengths = [], [], [np.zeros(1, np.int64)]
        with open(folder / "sorted.keys", "wb") as file:
            for keys, numbers in names(folder):
                encoded = [key.encode() for key in keys]
                file.write(b"".join(encoded))
                hashes.append((hash_keys(keys) >> np.uint64(32)).astype(np.uint32))
                ids.append(np.array(numbers, dtype=np.uint32))
                lengths.append(np.array([len(key) for key in encoded]))
        all_hashes = np.concatenate(hashes)
        rows = np.argsort(all_hashes).astype(np.uint32)
        offsets = np.cumsum(np.concatenate(lengths)).astype(np.uint32)
        for part, array in zip(self.parts, (all_hashes[rows], rows, offsets, np.concatenate(ids))):
            np.save(folder / f"sorted.{part}.npy", array)

    def open(self, folder: Path) -> None:
        load = [np.load(folder / file, mmap_mode="r").view(np.ndarray) for file in self.files[1:]]
        self.hashes, self.rows, self.offsets, self.ids = load
        self.keys = np.memmap(folder / "sorted.keys", mode="r")._mmap
        self.one = lambda key: self.batch([key])[0]

    def batch(self, keys: list[str]) -> list[int]:
        from spacy_luke.kb.string_index import hash_keys

        asked = (hash_keys(keys) >> np.uint64(32)).astype(np.uint32)
        order, found = np.argsort(asked), [-1] * len(keys)
        first = np.searchsorted(self.hashes, asked[order])
        for i, place, hash in zip(order.tolist(), first.tolist(), asked[order].tolist()):
            while place < len(self.hashes) and self.hashes[place] == hash:
                row = self.rows[place]
                if self.keys[self.offsets[row] : self.offsets[row + 1]] == keys[i].encode():
                    found[i] = int(self.ids[row])
                place += 1
        return found


class Sqlite:
    """A table of sqlite3, from the standard library."""

    files = ["index.sqlite"]

    def build(self, folder: Path) -> None:
        (folder / "index.sqlite").unlink(missing_ok=True)
        base = sqlite3.connect(folder / "index.sqlite")
        base.execute("pragma journal_mode = off")
        base.execute("create table names (key text primary key, id int) without rowid")
        base.executemany("insert into names values (?, ?)", sorted(pair for part in names(folder) for pair in zip(*part)))
        base.commit()

    def open(self, folder: Path) -> None:
        base = sqlite3.connect(f"file:{folder / 'index.sqlite'}?mode=ro", uri=True)
        ask = "select id from names where key = ?"
        self.one = lambda key: base.execute(ask, (key,)).fetchone()[0]
        self.batch = lambda keys: [self.one(key) for key in keys]


INDEXES = {"index_ours": Ours, "index_marisa": Marisa, "index_sorted": Sorted, "index_sqlite": Sqlite}


def run_index(folder: Path, name: str) -> dict:
    """`index_ours.build` or `index_ours.use`."""
    import spacy_luke.kb.string_index  # noqa: F401  first, for spaCy's own memory not to count

    name, _, what = name.partition(".")
    index, found, before = INDEXES[name](), {}, resident()["now"]
    if what == "build":
        measure(lambda: index.build(folder), "build", found)
        paths = [path for file in index.files for path in [folder / file, *(folder / file).rglob("*")]]
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return {**found, "build: peak MB more": round(resident()["peak"] - before, 1), "MB on disk": round(size / 1e6, 1)}
    asked = questions(folder)
    keys = [title if language is None else f"{language}:{title}" for title, language, _ in asked]
    ids = [id for _, _, id in asked]
    before = resident()["now"]
    measure(lambda: index.open(folder), "open", found)
    assert measure(lambda: index.batch(keys), "batch", found) == ids
    assert measure(lambda: [index.one(key) for key in keys], "one by one", found) == ids
    return {**found, "look-ups": len(ids), "look-ups: MB more": round(resident()["now"] - before, 1)}
