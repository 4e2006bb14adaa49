"""Candidates of aliases, from our store in batches and from any knowledge base of spaCy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy

from ..kb.normalise import normalise_alias
from ..types import Candidates

if TYPE_CHECKING:
    from spacy.kb import Candidate, KnowledgeBase
    from spacy.tokens import Span


def lookup_in(kb: KnowledgeBase, top_k: int) -> StoreLookup | SpacyLookup:
    """How the candidates of this knowledge base are found, at most `top_k` for each alias."""
    return StoreLookup(kb, top_k) if hasattr(kb, "look_up") else SpacyLookup(kb, top_k)


class StoreLookup:
    """`spacy_luke.kb.MMapKB`: one call for a whole batch, exact or by the normal form."""

    has_aliases = True

    def __init__(self, kb: KnowledgeBase, top_k: int):
        self.kb = kb
        self.top_k = top_k

    def mentions(self, mentions: Sequence[Span]) -> list[Candidates]:
        """The candidates of each mention's text as it is written."""
        return self.aliases([mention.text for mention in mentions])

    def aliases(self, aliases: Sequence[str], *, normalised: bool = False) -> list[Candidates]:
        """The candidates of each alias, or of all aliases with its normal form."""
        if not aliases:
            return []
        places = {alias: i for i, alias in enumerate(dict.fromkeys(aliases))}
        lengths, rows, priors, _ = self.kb.look_up(list(places), normalised=normalised)
        ends = numpy.cumsum(lengths)
        starts = ends - lengths
        kept = numpy.minimum(lengths, self.top_k)
        chosen = numpy.arange(len(rows)) - numpy.repeat(starts, lengths) < numpy.repeat(kept, lengths)
        distinct, which = numpy.unique(rows[chosen], return_inverse=True)
        names = self.kb.entity_ids(distinct)
        ids = [names[i] for i in which.tolist()]
        ends = numpy.cumsum(kept)
        bounds = zip((ends - kept).tolist(), ends.tolist())
        priors = numpy.asarray(priors, dtype="float32")[chosen]
        found = [Candidates(ids[start:end], priors[start:end]) for start, end in bounds]
        return [found[places[alias]] for alias in aliases]


class SpacyLookup:
    """Any KnowledgeBase. One that cannot list its aliases (`get_alias_strings`, `get_size_aliases`,
    `get_alias_candidates`, as InMemoryLookupKB has them) is asked for mentions as they are only."""

    def __init__(self, kb: KnowledgeBase, top_k: int):
        self.kb = kb
        self.top_k = top_k
        self.has_aliases = all(
            hasattr(kb, name) for name in ("get_alias_strings", "get_size_aliases", "get_alias_candidates")
        )
        self._forms: dict[str, list[str]] = {}
        self._n_aliases = -1

    def mentions(self, mentions: Sequence[Span]) -> list[Candidates]:
        """What the knowledge base's own get_candidates_batch says, so that a subclass is heard."""
        return [_best(_pairs(found), self.top_k) for found in self.kb.get_candidates_batch(mentions)]

    def aliases(self, aliases: Sequence[str], *, normalised: bool = False) -> list[Candidates]:
        """As StoreLookup.aliases. Aliases with the same normal form: a candidate has the mean of its priors,
        scaled down where they sum to more than 1, as MMapKB does it."""
        if not self.has_aliases:
            return [nothing() for _ in aliases]
        if not normalised:
            return [_best(_pairs(self.kb.get_alias_candidates(alias)), self.top_k) for alias in aliases]
        forms = self._normal_forms()
        same = (forms.get(normalise_alias(alias), []) for alias in aliases)
        return [_merge([_pairs(self.kb.get_alias_candidates(a)) for a in each], self.top_k) for each in same]

    def _normal_forms(self) -> dict[str, list[str]]:
        """Normal form -> aliases, made again when aliases have been added."""
        size = self.kb.get_size_aliases()
        if size != self._n_aliases:
            self._forms = {}
            for alias in self.kb.get_alias_strings():
                self._forms.setdefault(normalise_alias(alias), []).append(alias)
            self._forms.pop("", None)
            self._n_aliases = size
        return self._forms


def nothing() -> Candidates:
    """No candidates."""
    return Candidates([], numpy.zeros(0, dtype="float32"))


def average(lists: Sequence[Candidates], top_k: int) -> Candidates:
    """The union of several lists of candidates with the mean of their priors; a candidate that is not in
    a list has the prior 0 there. The best `top_k`; of equal priors, those that came first."""
    priors = _priors(zip(each.ids, each.priors.tolist()) for each in lists)
    return _best([(name, sum(each) / len(lists)) for name, each in priors.items()], top_k)


def _merge(lists: Sequence[list[tuple[str, float]]], top_k: int) -> Candidates:
    means = {name: sum(each) / len(each) for name, each in _priors(lists).items()}
    total = max(1.0, sum(means.values()))
    return _best([(name, mean / total) for name, mean in means.items()], top_k)


def _priors(lists: Iterable[Iterable[tuple[str, float]]]) -> dict[str, list[float]]:
    priors: dict[str, list[float]] = {}
    for name, prior in chain.from_iterable(lists):
        priors.setdefault(name, []).append(prior)
    return priors


def _pairs(found: Iterable[Candidate]) -> list[tuple[str, float]]:
    return [(candidate.entity_, candidate.prior_prob) for candidate in found]


def _best(pairs: list[tuple[str, float]], top_k: int) -> Candidates:
    pairs = sorted(pairs, key=lambda pair: -pair[1])[:top_k]
    return Candidates([name for name, _ in pairs], numpy.asarray([prior for _, prior in pairs], dtype="float32"))
