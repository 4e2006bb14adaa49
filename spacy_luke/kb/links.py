"""A link is one candidate of an alias: an entity, how often the alias was seen to mean it, and the prior.

Where does a prior p(entity | alias) come from?

    given    somebody said so; the link's count is -1. Given more than once: the mean.
    counted  links to the entity were counted, count > 0.
    named    the alias is a label or another name of the entity, and no link was counted: count 0.

Given priors stand as they are (scaled down where they pass 1); the counted share what is left by their
counts; all the named together weigh as much as ZERO links, and share that by how popular they are. So a
name that nobody ever linked is found, behind those with counts:

    Paris    Q90 counted 98, Q830149 counted 2, Q3181341 named  ->  0.9799  0.02  0.0001
    Paris    Q90 given 0.9, Q830149 counted 3, Q162121 counted 1  ->  0.9  0.075  0.025
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from thinc.types import Floats1d, Ints1d

LINK = np.dtype([("entity", "<u4"), ("prior", "<f4"), ("count", "<i8")])
GIVEN = -1  # the count of a link whose prior was given
ZERO = 0.01  # what all the named of an alias weigh together, counted in links
TOLERANCE = 1e-5  # by how much priors may pass 1, as in spaCy


class Found(NamedTuple):
    """The candidates of a batch of aliases, one below the other; within an alias the best prior first."""

    lengths: Ints1d  # (aliases,) int64, how many candidates each alias has
    entities: Ints1d  # (candidates of all,) int64, rows of the knowledge base
    priors: Floats1d  # (candidates of all,) float32
    counts: Ints1d  # (candidates of all,) int64, -1 = the prior was given, not counted


def merge_links(
    groups: Ints1d, links: np.ndarray, popularity: Callable[[Ints1d], Ints1d]
) -> tuple[Ints1d, np.ndarray]:
    """Bring links of some aliases together: one for each entity of an alias, priors computed, best first.

    groups: (links,) int64 from 0 on, which alias each link belongs to. links: (links,) LINK, in any order;
    `prior` matters where `count` is GIVEN. popularity: entity rows -> (rows,) counts, -1 or 0 = unknown.
    RETURNS groups (merged,) rising, and (merged,) LINK."""
    if not len(links):
        return groups, links
    order = np.lexsort((links["entity"], groups))
    groups, links = groups[order], links[order]
    new = np.r_[True, (groups[1:] != groups[:-1]) | (links["entity"][1:] != links["entity"][:-1])]
    starts = np.flatnonzero(new)
    given = links["count"] == GIVEN
    times = np.add.reduceat(given.astype(np.int64), starts)
    counts = np.add.reduceat(np.where(given, 0, links["count"]), starts)
    sums = np.add.reduceat(np.where(given, links["prior"].astype(np.float64), 0), starts)
    groups, entities = groups[starts], links["entity"][starts]
    popular = np.maximum(popularity(entities.astype(np.int64)), 0)
    priors = priors_of(groups, np.where(times, sums / np.maximum(times, 1), 0), times > 0, counts, popular)
    merged = np.empty(len(starts), LINK)
    merged["entity"], merged["prior"], merged["count"] = entities, priors, np.where(times, GIVEN, counts)
    order = np.lexsort((entities, -popular, -priors, groups))
    return groups[order], merged[order]


def priors_of(groups, given_priors, is_given, counts, popular) -> np.ndarray:
    """(links,) float64 by the rules above; one link for each entity of a group."""
    size = int(groups.max()) + 1

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(groups, weights=values, minlength=size)[groups]

    named, counted = ~is_given & (counts == 0), ~is_given & (counts > 0)
    room = np.where(total(~is_given) > 0, 1 - ZERO, 1.0)  # given priors leave some for the others
    given_total = total(given_priors)
    too_much = given_total > room + TOLERANCE
    given_priors = np.where(too_much, given_priors * room / np.maximum(given_total, room), given_priors)
    rest = 1 - np.minimum(given_total, room)
    by_popularity = np.where(named, popular + 1.0, 0)
    weights = np.where(counted, counts, 0) + ZERO * by_popularity / np.maximum(total(by_popularity), 1)
    all_weights = total(weights)
    nothing_counted = (total(counted) == 0) & (given_total > 0)  # beside given priors a name stays a name
    shares = np.where(nothing_counted, weights, weights * rest / np.where(all_weights > 0, all_weights, 1))
    return np.where(is_given, given_priors, shares)
