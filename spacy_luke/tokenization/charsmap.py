"""SentencePiece's character map (nmt_nfkc and its kind), applied as SentencePiece applies it.

`tokenizers` has the same map as its normaliser Precompiled, but asks it about single characters once
a character cluster is longer than 5 bytes. So half-width ｶﾞ and decomposed か + ゛ (6 bytes each) come
out as two pieces there, and as ガ and が in SentencePiece, with which the encoders were trained.
Here the longest entry wins at every place, whatever its length.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Iterable, NamedTuple

import numpy

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
        if not self.may_change.search(text):
            return Mapped(text.rstrip(" "))
        parts: list[str] = []
        sources: list[tuple[int, int, int]] = []  # new characters, and the old ones they stand for
        at = 0
        for match in self.may_change.finditer(text):
            if match.start() < at:
                continue
            found = self._longest(text, match.start())
            if found is None:
                continue
            parts.append(text[at : match.start()])
            sources.extend((1, i, i + 1) for i in range(at, match.start()))
            at, replacement = found
            parts.append(replacement)
            sources.append((len(replacement), match.start(), at))
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

    @cached_property
    def may_change(self) -> re.Pattern[str]:
        """Finds the characters that are an entry, and those in front of one that may continue an entry.
        (That all entries begin with a Latin letter or a kana is no reason to look at each of them.)"""
        first = self._step(self._offsets[:1])
        second = self._step(numpy.asarray([place for _, place, _ in first], dtype="int64"))
        pattern = _any_of(character for character, _, is_entry in first if is_entry)
        if second:
            pattern += f"|.(?={_any_of(character for character, _, _ in second)})"
        return re.compile(pattern, re.DOTALL)

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


def _any_of(characters: Iterable[str]) -> str:
    """A regular expression for one of the characters; (?!) finds nothing."""
    members = "".join(sorted(set(characters)))
    return f"[{re.escape(members)}]" if members else "(?!)"


@lru_cache(maxsize=8)
def chars_map(data: bytes) -> CharsMap:
    """A tokenizer is read several times in a pipeline; its map need not be."""
    return CharsMap(data)
