"""SentencePiece's character map (nmt_nfkc and its kind), applied as SentencePiece applies it.

`tokenizers` has the same map as its normaliser Precompiled, but asks it about single characters once
a character cluster is longer than 5 bytes. So half-width ｶﾞ and decomposed か + ゛ (6 bytes each) come
out as two pieces there, and as ガ and が in SentencePiece, with which the encoders were trained.
Here the longest entry wins at every place, whatever its length.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from thinc.types import Ints1d

_VALUE = (1 << 31) - 1
_BYTES = numpy.arange(1, 256, dtype="int64")


class Mapped(NamedTuple):
    """A normalised text. Offsets are None where nothing was changed."""

    text: str
    starts: numpy.ndarray | None = None  # (characters of text,) first character of the original under it
    ends: numpy.ndarray | None = None  # (characters of text,) one past the last one


class CharsMap:
    """data: `precompiled_charsmap` of a SentencePiece model: the size of a double-array trie (Darts-clone)
    in 4 bytes, its units, and the replacements, each closed by a zero byte."""

    def __init__(self, data: bytes):
        size = int.from_bytes(data[:4], "little")
        units = numpy.frombuffer(data, dtype="<u4", count=size // 4, offset=4).astype("int64")
        self._replacements = data[4 + size :]
        # a unit: bit 31 marks a value; bit 8 says the node has one; the rest leads to the children
        self._labels = units & (0xFF | 1 << 31)
        self._has_value = (units >> 8) & 1
        self._values = units & _VALUE
        self._offsets = (units >> 10) << ((units & (1 << 9)) >> 6)

    def apply(self, text: str) -> Mapped:
        """Replace the longest entry at every place, from the left; blanks at the end are dropped."""
        suspicious = self.suspicious(text)
        if not len(suspicious):
            return Mapped(text.rstrip(" "))
        parts: list[str] = []
        sources: list[tuple[int, int, int]] = []  # new characters, and the old ones they stand for
        at = 0
        for place in suspicious.tolist():
            # an entry may begin here, or a character earlier
            for start in (place - 1, place):
                found = self._longest(text, start) if start >= at else None
                if found is not None:
                    end, replacement = found
                    parts.extend((text[at:start], replacement))
                    sources.extend((1, i, i + 1) for i in range(at, start))
                    sources.append((len(replacement), start, end))
                    at = end
        parts.append(text[at:])
        sources.extend((1, i, i + 1) for i in range(at, len(text)))
        normalised = "".join(parts).rstrip(" ")
        counts, starts, ends = numpy.asarray(sources, dtype="int64").T
        return Mapped(normalised, numpy.repeat(starts, counts), numpy.repeat(ends, counts))

    def _longest(self, text: str, at: int) -> tuple[int, str] | None:
        """Where the longest entry that begins at `at` ends, and what replaces it."""
        node, found = int(self._offsets[0]), None
        for end in range(at, len(text)):
            for byte in text[end].encode():
                node ^= byte
                if node >= len(self._labels) or self._labels[node] != byte:
                    return found
                has_value = self._has_value[node]
                node ^= int(self._offsets[node])
            if has_value:
                found = end + 1, self._replacement(int(self._values[node]))
        return found

    def _replacement(self, start: int) -> str:
        return self._replacements[start : self._replacements.index(b"\0", start)].decode()

    def suspicious(self, text: str) -> Ints1d:
        """Where the text has a character that is an entry by itself, or the second of one. Nearly all letters
        begin an entry; a text in which they alone are found stays as it is."""
        points = numpy.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        return numpy.flatnonzero(self._is_suspicious[numpy.minimum(points, len(self._is_suspicious) - 1)])

    @cached_property
    def _is_suspicious(self) -> numpy.ndarray:
        """(code points,) bool; the last one stands for all that follow."""
        first = self._step(self._offsets[:1])
        second = self._step(numpy.asarray([place for _, place, _ in first], dtype="int64"))
        found = [ord(character) for character, _, is_entry in first if is_entry]
        found += [ord(character) for character, _, _ in second]
        table = numpy.zeros((max(found, default=0) + 2,), dtype=bool)
        table[found] = True
        return table

    def _step(self, places: numpy.ndarray) -> list[tuple[str, int, bool]]:
        """One character on from each of the given places of the trie: the character, the place it leads to,
        and whether an entry ends with it."""
        found: list[tuple[str, int, bool]] = []
        spelled = [b""] * len(places)
        while len(places):
            children = places[:, None] ^ _BYTES
            children[children >= len(self._labels)] = 0  # the root, which has label 0
            parents, bytes_ = numpy.nonzero(self._labels[children] == _BYTES)
            units = children[parents, bytes_]
            places = units ^ self._offsets[units]
            spelled = [spelled[p] + bytes([_BYTES[b]]) for p, b in zip(parents, bytes_, strict=True)]
            whole = numpy.asarray([len(s) == _utf8_length(s[0]) for s in spelled], dtype=bool)
            for i in numpy.flatnonzero(whole):
                found.append((spelled[i].decode(), int(places[i]), bool(self._has_value[units[i]])))
            places = places[~whole]
            spelled = [s for s, done in zip(spelled, whole, strict=True) if not done]
        return found


def _utf8_length(first: int) -> int:
    return 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


@lru_cache(maxsize=8)
def chars_map(data: bytes) -> CharsMap:
    """A tokenizer is read several times in a pipeline; its map need not be."""
    return CharsMap(data)
