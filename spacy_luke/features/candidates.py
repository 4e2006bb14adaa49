"""The entities that a mention may stand for, for a whole batch of Docs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import Errors
from ..types import Candidates
from .alias_lookup import lookup_in
from .fuzzy import SimilarAliases, check_fuzzy
from .honorifics import without_honorific
from .label_types import types_of
from .partial_names import partial_name_candidates

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase
    from spacy.tokens import Span

GetCandidates = Callable[["KnowledgeBase", Sequence[Sequence["Span"]]], list[list[Candidates]]]


def build_candidate_generator_v1(
    top_k: int = 30,
    normalise: bool = True,
    honorifics: bool = False,
    partial_names: bool = True,
    fuzzy: float | None = None,
) -> CandidateGenerator:
    """Candidates by alias. What was not found in one step goes on to the next: the text as it is, its
    normal form, the text without a Japanese honorific, the most similar alias.

    Works with `spacy_luke.kb.MMapKB`, and with any knowledge base of spaCy: normal forms of its aliases
    are then kept in memory, and one that cannot list its aliases is asked for the text as it is only.

    top_k (int): at most that many for a mention, the highest priors. 30 as in LUKE's linker.
    normalise (bool): see `spacy_luke.kb.normalise.normalise_alias`.
    honorifics (bool): 田中さん -> 田中, see `honorifics.HONORIFICS`.
    partial_names (bool): a mention that is part of a longer name of a person in the same Doc takes over
        its candidates, see `partial_names.partial_name_candidates`.
    fuzzy (float): the least similarity, above 0 and at most 1, for an alias to stand in; 0.85 finds one
        wrong letter in names of 7 and more. For knowledge bases of up to `fuzzy.MAX_ALIASES` aliases, as
        each mention is compared with all of them. Needs the extra [fuzzy].
    RETURNS: `(kb, mentions) -> candidates`, a list for each Doc, with the Candidates of each mention.
    RAISES ValueError LK241, LK242; ImportError LK243.
    """
    if top_k < 1:
        raise ValueError(Errors.LK241.format(top_k=top_k))
    if fuzzy is not None:
        check_fuzzy(fuzzy)
    return CandidateGenerator(top_k, normalise, honorifics, partial_names, fuzzy)


class CandidateGenerator:
    """See `build_candidate_generator_v1`. It keeps what it made of the last knowledge base (normal forms),
    which is not saved nor pickled."""

    def __init__(self, top_k: int, normalise: bool, honorifics: bool, partial_names: bool, fuzzy: float | None):
        self.settings = (top_k, normalise, honorifics, partial_names, fuzzy)
        self.top_k = top_k
        self.normalise = normalise
        self.honorifics = honorifics
        self.partial_names = partial_names
        self.fuzzy = fuzzy
        self._lookup: Any = None  # of the knowledge base that was asked last
        self._similar: SimilarAliases | None = None

    def __reduce__(self):
        return type(self), self.settings

    def __call__(self, kb: KnowledgeBase, mentions: Sequence[Sequence[Span]]) -> list[list[Candidates]]:
        """RAISES ValueError LK244: `fuzzy`, and the knowledge base is too large for it."""
        if self._lookup is None or self._lookup.kb is not kb:
            self._lookup = lookup_in(kb, self.top_k)
            self._similar = SimilarAliases(kb, self.fuzzy) if self.fuzzy else None
        rows = iter(self._by_alias([mention for doc in mentions for mention in doc]))
        found = [[next(rows) for _ in doc] for doc in mentions]
        if self.partial_names:
            share = partial(
                partial_name_candidates, top_k=self.top_k, types=partial(_types, kb), honorifics=self.honorifics
            )
            found = [share(doc, candidates) for doc, candidates in zip(mentions, found)]
        return found

    def _by_alias(self, mentions: list[Span]) -> list[Candidates]:
        found = self._lookup.mentions(mentions)
        if not self._lookup.has_aliases:
            return found

        def look_up(rewrite: Callable[[str], str | None], normalised: bool) -> None:
            missing = {row: mentions[row].text for row, each in enumerate(found) if not each.ids}
            texts = {text: rewrite(text) for text in set(missing.values())}
            rows = [row for row, text in missing.items() if texts[text]]
            aliases = [texts[missing[row]] for row in rows]
            for row, each in zip(rows, self._lookup.aliases(aliases, normalised=normalised)):
                found[row] = each

        if self.normalise:
            look_up(str, True)
        if self.honorifics:
            look_up(without_honorific, False)
            if self.normalise:
                look_up(without_honorific, True)
        if self._similar:
            look_up(self._similar.most_similar, True)
        return found


def _types(kb: KnowledgeBase, entity: str) -> tuple[str, ...]:
    return types_of(kb, [entity])[entity]
