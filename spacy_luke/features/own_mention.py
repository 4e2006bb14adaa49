"""Priors of a training mention without the mention itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

from ..kb.links import priors_of
from ..types import Candidates

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase

# Share of the training links, each once, that a knowledge base of the same texts has counted: not all, as texts may differ in a blank.
COUNTED = 0.95


def without_own_mention(
    kb: KnowledgeBase, texts: Sequence[str], links: Sequence[str], candidates: Sequence[Candidates]
) -> list[Candidates]:
    """The candidates of training mentions with the priors that they would have if the knowledge base had not counted the
    mention that asks.

    Who builds a knowledge base of the texts that a linker is trained on would teach it that the prior is always right:
    the gold entity has been counted at least once, by this very mention.

    texts, links: of each mention, its gold entity, or anything else where there is none.
    An entity that is left without a count keeps the prior of one that has the name and was never counted. Given priors,
    candidates that were not found by the very text, and knowledge bases without counts (spaCy's) stay as they are.
    """
    asked = [i for i, (link, found) in enumerate(zip(links, candidates, strict=True)) if link in found.ids]
    if not asked or not hasattr(kb, "look_up"):
        return list(candidates)
    gold = kb.entity_rows([links[i] for i in asked])
    lengths, entities, priors, counts = kb.look_up([texts[i] for i in asked])
    ends = numpy.cumsum(lengths)
    new = list(candidates)
    for i, row, start, end in zip(asked, gold.tolist(), (ends - lengths).tolist(), ends.tolist()):
        own = start + numpy.flatnonzero(entities[start:end] == row)
        given = candidates[i].priors[candidates[i].ids.index(links[i])]
        if len(own) and counts[own[0]] > 0 and numpy.isclose(priors[own[0]], given):
            part = slice(start, end)
            less = numpy.where(entities[part] == row, counts[part] - 1, counts[part])
            new[i] = _with_counts(kb, candidates[i], entities[part], priors[part], less)
    return new


def _with_counts(kb, found: Candidates, entities, priors, counts) -> Candidates:
    """The same candidates with the priors that these counts of the alias give them."""
    popular, given = numpy.maximum(kb.counts(entities), 0), counts < 0
    new = priors_of(numpy.zeros(len(entities), "int64"), numpy.where(given, priors, 0), given, counts, popular)
    of_id = dict(zip(kb.entity_ids(entities), new.tolist()))
    ids = sorted(found.ids, key=lambda id: -of_id.get(id, 0.0))  # what else a generator added has no prior here
    return Candidates(ids, numpy.asarray([of_id.get(id, 0.0) for id in ids], dtype="float32"))


def counted_here(kb: KnowledgeBase, pairs: set[tuple[str, str]]) -> bool:
    """Has the knowledge base counted the training mentions? pairs: their texts and gold entities. Where it has counted
    other texts and knows as many of them all the same, its counts are so large that one less changes nothing."""
    if not pairs or not hasattr(kb, "look_up"):
        return False
    texts, ids = map(list, zip(*sorted(pairs)))
    rows = kb.entity_rows(ids)
    lengths, entities, _, counts = kb.look_up(texts)
    found = (entities == numpy.repeat(rows, lengths)) & (counts > 0)
    n = int((rows >= 0).sum())
    return n > 0 and bool(found.sum() >= COUNTED * n)
