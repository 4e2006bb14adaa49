"""Writing the links of a knowledge base: a block for each alias and each normal form, and the two indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .build_spool import Spool, number_texts
from .kb_files import LONGEST, blocks_at, places_of
from .links import LINK, merge_links
from .normalise import normalise_alias
from .reader import Reader
from .string_index import StringIndex

Progress = Callable[[str, int], None]


class LinkWriter:
    """Fills `directory` with links.bin, aliases/ and forms/ from a spool of links by alias.

    popularity: (entities,) int64, -1 = unknown. work: a directory for what is needed meanwhile."""

    def __init__(self, directory: Path, work: Path, popularity: np.ndarray, progress: Progress):
        self.links, self.left_out = 0, 0
        self._directory, self._popularity, self._progress = directory, popularity, progress
        self._forms = Spool(work / "forms", np.dtype("<i8"))

    def write(self, spool: Spool) -> dict[str, int]:
        """How many aliases, forms and links there are now, and how many links had no room."""
        with open(self._directory / "links.bin", "wb") as self._file:
            aliases = StringIndex.build(self._directory / "aliases", self._write_aliases(spool))
            self._file.flush()
            reader = Reader(self._directory / "links.bin")
            alias_links = self.links
            forms = StringIndex.build(self._directory / "forms", self._write_forms(reader))
        return {"aliases": len(aliases), "forms": len(forms), "links": alias_links, "left_out": self.left_out}

    def close(self) -> None:
        self._forms.close()

    def _write_aliases(self, spool: Spool) -> Iterator[tuple[list[str], np.ndarray]]:
        done = 0
        for texts, values in spool.parts():
            groups, keys = number_texts(texts)
            aliases = [key.decode() for key in keys]
            places = self._write_blocks(groups, values, len(aliases))
            self._forms.add([normalise_alias(alias) for alias in aliases], places)
            yield aliases, places
            done += len(aliases)
            self._progress("aliases", done)

    def _write_forms(self, reader: Reader) -> Iterator[tuple[list[str], np.ndarray]]:
        done = 0
        for texts, places in self._forms.parts():
            numbers, keys = number_texts(texts)
            found = np.empty(len(keys), np.int64)
            found[numbers] = places  # right where a form has one alias
            several = np.flatnonzero(np.bincount(numbers, minlength=len(keys)) > 1)
            if len(several):
                mine = np.isin(numbers, several)
                first, lengths = blocks_at(places[mine])
                starts, ends = first * LINK.itemsize, (first + lengths) * LINK.itemsize
                links = np.frombuffer(b"".join(map(reader.read, starts.tolist(), ends.tolist())), LINK)
                groups = np.repeat(np.searchsorted(several, numbers[mine]), lengths)
                found[several] = self._write_blocks(groups, links, len(several))
                self._file.flush()
            forms = [key.decode() for key in keys]
            good = [i for i, form in enumerate(forms) if form]  # "・" has no normal form
            yield [forms[i] for i in good], found[good]
            done += len(good)
            self._progress("normal forms", done)

    def _write_blocks(self, groups: np.ndarray, links: np.ndarray, size: int) -> np.ndarray:
        """(size,) the places of the blocks of the groups 0 to size - 1."""
        groups, links = merge_links(groups, links, lambda rows: self._popularity[rows])
        lengths = np.bincount(groups, minlength=size)
        if size and lengths.max() > LONGEST:
            rank = np.arange(len(groups)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            self.left_out += int((rank >= LONGEST).sum())
            links, lengths = links[rank < LONGEST], np.minimum(lengths, LONGEST)
        first = self.links + np.cumsum(lengths) - lengths
        self._file.write(links.tobytes())
        self.links += len(links)
        return places_of(first, lengths)
