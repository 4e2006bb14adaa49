"""A made-up knowledge base of any size, as streams: names of two words, Zipf's law for everything else.

Alias i (of `aliases`) is a name of entity i % entities, and the first of each entity is its label. Every tenth alias
is another spelling of the one before, three of ten are in kana. How often an alias and an entity are meant, and
how many more entities an alias has, follow Zipf's law. All by numbers and a seed: nothing is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

WORDS = 60_000
CHUNK = 100_000
LATIN = ["ba", "lo", "mi", "ter", "van", "sul", "ke", "ri", "na", "dor", "es", "gu", "hal", "ist", "jo", "pra"]
KANA = ["ア", "リ", "サ", "ト", "ン", "ミ", "カ", "ル", "ド", "ベ", "ジ", "ョ", "ス", "ノ", "ク", "ラ"]


@dataclass(frozen=True)
class Synthetic:
    """`entities` entities, `aliases` aliases (at least as many), vectors of `width` numbers."""

    entities: int
    aliases: int
    width: int
    seed: int = 0

    @cached_property
    def _words(self) -> tuple[list[str], list[str]]:
        numbers = [(i // 4096 % 16, i // 256 % 16, i // 16 % 16, i % 16) for i in range(WORDS)]
        latin = ["".join(LATIN[n] for n in four).capitalize() for four in numbers]
        return latin, ["".join(KANA[n] for n in four) for four in numbers]

    def names(self, numbers: np.ndarray) -> list[str]:
        """The aliases of these numbers, all different."""
        latin, kana = self._words
        found = []
        for i in numbers.tolist():
            spelling = i % 10 == 9
            i -= spelling
            words, between = (kana, "・") if i % 10 > 5 else (latin, " ")
            name = f"{words[i % WORDS]}{between}{words[(i % WORDS * 7919 + i // WORDS) % WORDS]}"
            found.append(name.replace("・", "").upper() if spelling else name)
        return found

    def zipf(self, numbers: np.ndarray, size: int) -> np.ndarray:
        """How often the thing of each number is met: size / rank, ranks in a fixed disorder."""
        ranks = (numbers * 2_654_435_761 + self.seed) % size + 1
        return np.maximum(1, size // (10 * ranks))

    def sample(self, size: int) -> np.ndarray:
        """Numbers of aliases as a text meets them: the frequent ones often."""
        rng = np.random.default_rng(self.seed + 1)
        ranks = np.exp(rng.random(size) * np.log(self.aliases)).astype(np.int64)
        return ranks * 7_368_787 % self.aliases

    def iter_entities(self) -> Iterator[dict]:
        """In the JSONL format, without vectors."""
        for start in range(0, self.entities, CHUNK):
            numbers = np.arange(start, min(start + CHUNK, self.entities))
            for n, name, count in zip(numbers.tolist(), self.names(numbers), self.zipf(numbers, self.entities).tolist()):
                about = {"labels": {"en": name}, "description": f"the {n % 997}th thing of its kind", "types": ["thing"]}
                yield {"id": f"Q{n}", **about, "count": count}

    def iter_links(self) -> Iterator[tuple[str, str, int]]:
        """(alias, id, count)."""
        for start in range(0, self.aliases, CHUNK):
            numbers = np.arange(start, min(start + CHUNK, self.aliases))
            rng = np.random.default_rng([self.seed, start])
            more = np.minimum(rng.zipf(2.2, len(numbers)) - 1, 200)  # further entities of each alias
            owner = np.concatenate([numbers, np.repeat(numbers, more)])
            extra = np.exp(rng.random(int(more.sum())) * np.log(self.entities)).astype(np.int64)
            entity = np.concatenate([numbers % self.entities, extra * 6_700_417 % self.entities])
            counts = self.zipf(owner, self.aliases)
            counts[len(numbers) :] = 1 + counts[len(numbers) :] // rng.integers(2, 20, len(extra))
            names = self.names(numbers)
            for i, n, count in zip((owner - start).tolist(), entity.tolist(), counts.tolist()):
                yield names[i], f"Q{n}", count

    def iter_vectors(self) -> Iterator[np.ndarray]:
        """(part, width) float16."""
        block = np.random.default_rng(self.seed).normal(size=(20_000, self.width)).astype(np.float16)
        for start in range(0, self.entities, len(block)):
            yield np.roll(block, start // len(block), axis=1)[: self.entities - start]
