"""Priors of a training mention without the mention itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

from ..kb.links import priors_of
from ..types import Candidates

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase


def without_own_mention(
    kb: KnowledgeBase, texts: Sequence[str], links: Sequence[str], candidates: Sequence[Candidates]
) -> list[Candidates]:
    """The candidates of training mentions as they would be if the knowledge base had not counted the mention that asks.

    Who builds a knowledge base of the texts that a linker is trained on would teach it that the prior is always right:
    the gold entity has been counted at least once, by this very mention. Where a knowledge base has counted other
    texts, too, one mention less changes next to nothing.

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
            new[i] = _without(kb, row, entities[part], priors[part], counts[part], len(candidates[i].ids))
    return new


def _without(kb, gold: int, entities, priors, counts, k: int) -> Candidates:
    counts = numpy.where(entities == gold, counts - 1, counts)
    popular = numpy.maximum(kb.counts(entities), 0)
    priors = priors_of(numpy.zeros(len(entities), "int64"), numpy.where(counts < 0, priors, 0), counts < 0, counts, popular)
    order = numpy.lexsort((entities, -popular, -priors))[:k]
    return Candidates(kb.entity_ids(entities[order]), priors[order].astype("float32"))
