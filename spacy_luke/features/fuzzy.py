"""The most similar alias, for names that are misspelled or read wrongly by OCR. Needs the extra [fuzzy]."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import Errors
from ..kb.normalise import normalise_alias

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase

# Every alias is compared with every mention that was not found: 0.1 s for a mention at this size.
MAX_ALIASES = 500_000


def check_fuzzy(similarity: float) -> None:
    """RAISES ValueError LK242: the similarity is not above 0 and at most 1. ImportError LK243: no rapidfuzz."""
    if not 0 < similarity <= 1:
        raise ValueError(Errors.LK242.format(similarity=similarity))
    if find_spec("rapidfuzz") is None:
        raise ImportError(Errors.LK243)


class SimilarAliases:
    """The normal forms of all aliases of a knowledge base, read when first needed and when aliases have
    been added."""

    def __init__(self, kb: KnowledgeBase, similarity: float):
        self.kb = kb
        self.similarity = similarity
        self._n_aliases = -1
        self._forms: list[str] = []

    def most_similar(self, text: str) -> str | None:
        """The normal form of an alias that is most similar to that of the text, None if none is similar
        enough; of equally similar ones, the first in the order of code points.

        Similarity is 1 - (insertions + deletions) / (length of both), rapidfuzz.fuzz.ratio / 100.

        RAISES ValueError LK244: the knowledge base has more than MAX_ALIASES aliases.
        """
        from rapidfuzz import fuzz, process

        form = normalise_alias(text)
        found = process.extractOne(form, self._all(), scorer=fuzz.ratio, score_cutoff=100 * self.similarity)
        return found[0] if form and found else None

    def _all(self) -> list[str]:
        size = self.kb.get_size_aliases()
        if size > MAX_ALIASES:
            raise ValueError(Errors.LK244.format(size=size, most=MAX_ALIASES))
        if size != self._n_aliases:
            self._forms = sorted(set(map(normalise_alias, self.kb.get_alias_strings())) - {""})
            self._n_aliases = size
        return self._forms
