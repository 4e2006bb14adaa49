"""Which row of the entity table is "Japan"? The vocabulary of an encoder's entities, kept on the disk.

    names/       StringIndex, a key per name: "ja:日本", ":Japan", "[MASK]"; "Japan" in a plain vocabulary
    starts.npy   (ids + 1,) where the names of each id start in places.npy
    places.npy   (names,) where each name stands in `names`, by id
    counts.npy   (ids,) how often an entity was linked to, -1 = not given             optional
    qids.npy     (QIDs,) the numbers of QIDs, sorted, and qid_ids.npy (QIDs,)          optional

Names are compared as they are. Nothing is normalised: "が" in one character and in two are two names.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Errors
from .entity_files import is_special, look_up_key
from .qids import qid_number
from .store import find_directory, new_directory, new_file, read_manifest
from .string_index import StringIndex

if TYPE_CHECKING:
    from thinc.types import Ints1d

KIND, VERSION = "spacy_luke.entity_vocab", 1
EXPORTED = 10_000  # entities written at once


class EntityVocab:
    """Titles, languages and QIDs -> entity ids and back; read-only. Pickles by path."""

    def __init__(self, path: Path):
        self.path = Path(path).absolute()
        home = self._home = find_directory(self.path)
        self.about = read_manifest(home, KIND, VERSION)
        self._names = StringIndex.open(home / "names")
        self._starts, self._places = _map(home / "starts.npy"), _map(home / "places.npy")
        has_qids = (home / "qids.npy").is_file()
        self._qids = (_map(home / "qids.npy"), _map(home / "qid_ids.npy")) if has_qids else None

    @classmethod
    def from_file(cls, path: str | Path, qids: str | Path | None = None) -> EntityVocab:
        """Read a vocabulary from a .tsv, .jsonl or .json file (see entity_files.py), and the QIDs of its
        entities from a tsv with `QID<TAB>title` or `QID<TAB>language<TAB>title` lines.

        A .json file holds "language:title" names if every name but special ones starts with a language
        code and a colon; one name without makes all of them plain titles, whatever colons they have
        (if most have a code, that is an error: LK316).
        The result lives in a temporary directory of this process until it is saved.
        Raises LK309 to LK318; harmless problems are counted in one warning (LKW301)."""
        from .entity_vocab_build import build_entity_vocab

        home = Path(tempfile.mkdtemp(prefix=f"spacy_luke_{os.getpid()}_"))
        try:
            build_entity_vocab(home / "vocab", Path(path), None if qids is None else Path(qids))
            vocab = cls(home / "vocab")
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        weakref.finalize(vocab, _remove, home, os.getpid())
        return vocab

    @classmethod
    def open(cls, directory: str | Path) -> EntityVocab:
        """The vocabulary saved in `directory`, mapped into memory. Raises LK302 to LK305."""
        return cls(Path(directory))

    def save(self, directory: str | Path) -> None:
        """Write a copy to `directory`; a vocabulary that is there stays whole until the copy is."""
        if Path(directory).absolute() == self.path:
            return
        about = {key: value for key, value in self.about.items() if key not in ("kind", "version", "files")}
        with new_directory(Path(directory), KIND, VERSION, about) as new:
            for file in self.about["files"]:
                (new / file).parent.mkdir(exist_ok=True)
                shutil.copyfile(self._home / file, new / file)

    def __len__(self) -> int:
        """Rows an entity table needs: the largest id + 1."""
        return len(self._starts) - 1

    def __reduce__(self):
        return EntityVocab.open, (str(self.path),)

    def lookup(self, title: str, language: str | None = None) -> int:
        """The id of a name, -1 if there is none. Without a language: of a name that has no language; a
        name of a plain vocabulary has none."""
        return self._names.find_one(look_up_key(title, language, self.about["plain"]))

    def lookup_batch(self, titles: Sequence[str], language: str | None | Sequence[str | None] = None) -> Ints1d:
        """(titles,) int64: the id of each name, -1 where there is none. language: one for all, or one each."""
        languages = [language] * len(titles) if language is None or isinstance(language, str) else language
        plain = self.about["plain"]
        keys = [look_up_key(title, lang, plain) for title, lang in zip(titles, languages, strict=True)]
        return self._names.find(keys)

    @property
    def has_qids(self) -> bool:
        """Was it made with QIDs?"""
        return self._qids is not None

    def by_qid(self, qid: str) -> int:
        """The id of the entity "Q17", -1 if the mapping has none. Raises LK319 without a mapping."""
        if self._qids is None:
            raise ValueError(Errors.LK319.format(path=self.path))
        number = qid_number(qid)
        numbers, ids = self._qids
        place = int(np.searchsorted(numbers, number))
        return int(ids[place]) if place < len(numbers) and numbers[place] == number else -1

    def special(self, name: str) -> int:
        """The id of a special entity such as "[MASK]". Raises LK318 with those there are."""
        if name not in self.about["specials"]:
            known = ", ".join(self.about["specials"]) or "none"
            raise ValueError(Errors.LK318.format(path=self.path, name=name, known=known))
        return self.about["specials"][name]

    def titles(self, id: int) -> list[tuple[str, str | None]]:
        """All (title, language) of an entity, as they came. Raises LK317 for an id out of range."""
        return list(dict.fromkeys(self._iter_titles(id)))

    def title(self, id: int, language: str | None = None) -> str | None:
        """The first title of an entity in that language, or its first title at all if no language is
        asked for; None if there is none. Raises LK317 for an id out of range."""
        titles = (title for title, found in self._iter_titles(id) if language is None or found == language)
        return next(titles, None)

    def _iter_titles(self, id: int) -> Iterator[tuple[str, str | None]]:
        if not 0 <= id < len(self):
            raise ValueError(Errors.LK317.format(path=self.path, id=id, rows=len(self)))
        places = self._places[self._starts[id] : self._starts[id + 1]]
        return (self._name(self._names.key_at(place)) for place in places.tolist())

    @cached_property
    def counts(self) -> Ints1d | None:
        """(ids,) int64, -1 = not given; None for a vocabulary without counts."""
        file = self._home / "counts.npy"
        return np.load(file) if file.is_file() else None

    def to_entity_vocab_json(self, path: str | Path) -> None:
        """Write Hugging Face's entity_vocab.json, by id. Raises LK315 where the names would be read back
        in another way: some have a language and some have none, or none has but most look as if they had."""
        from .entity_vocab_build import Prefixes

        seen, bare, separator = Prefixes(), 0, "\n"
        with new_file(Path(path), encoding="utf8") as file:
            file.write("{")
            for first in range(0, len(self), EXPORTED):
                ids = range(first, min(first + EXPORTED, len(self)))
                names = [(id, title, language) for id in ids for title, language in self.titles(id)]
                keys = [title if language is None else f"{language}:{title}" for _, title, language in names]
                seen.add(keys)
                bare += sum(language is None and not is_special(title) for _, title, language in names)
                lines = [f"{json.dumps(key, ensure_ascii=False)}: {name[0]}" for key, name in zip(keys, names)]
                file.write(separator + ",\n".join(lines) if lines else "")
                separator = ",\n" if lines else separator
            file.write("\n}\n")
            if seen.unclear or bare != (0 if seen.languages else seen.names):
                raise ValueError(Errors.LK315.format(path=path, bare=bare, names=seen.names, prefixed=seen.prefixed))

    def _name(self, key: str) -> tuple[str, str | None]:
        if self.about["plain"] or is_special(key):
            return key, None
        language, _, title = key.partition(":")
        return title, language or None


def _map(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r").view(np.ndarray)


def _remove(home: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker forgets its vocabulary; the files are not its own
        shutil.rmtree(home, ignore_errors=True)
