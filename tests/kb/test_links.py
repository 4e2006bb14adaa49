"""Priors: worked out by hand, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.kb.links import GIVEN, LINK, merge_links


def merged(links: list[tuple], popularity: dict[int, int] | None = None, groups: list[int] | None = None):
    """(group, entity, prior, count) of links (entity, prior, count) brought together."""
    known = popularity or {}
    array = np.array(links, LINK)
    found, links_out = merge_links(
        np.array(groups or [0] * len(links)), array, lambda rows: np.array([known.get(row, -1) for row in rows.tolist()])
    )
    return [(int(g), int(e), pytest.approx(float(p), abs=1e-6), int(c)) for g, (e, p, c) in zip(found, links_out)]


def test_counts_are_added_up():
    assert merged([(7, 0, 1), (5, 0, 3), (7, 0, 4)]) == [(0, 7, 5 / 8, 5), (0, 5, 3 / 8, 3)]


def test_each_alias_by_itself():
    found = merged([(7, 0, 1), (7, 0, 3), (5, 0, 1)], groups=[1, 0, 1])
    assert found == [(0, 7, 1, 3), (1, 5, 0.5, 1), (1, 7, 0.5, 1)]


def test_a_name_comes_behind_those_with_counts_and_by_popularity():
    found = merged([(1, 0, 98), (2, 0, 2), (3, 0, 0), (4, 0, 0)], {3: 0, 4: 98})
    weights = [98, 2, 0.0099, 0.0001]
    assert [entity for _, entity, _, _ in found] == [1, 2, 4, 3]
    assert [prior for _, _, prior, _ in found] == [pytest.approx(w / 100.01, abs=1e-7) for w in weights]


def test_names_alone_share_by_popularity():
    assert merged([(3, 0, 0), (4, 0, 0)], {3: 9, 4: 29}) == [(0, 4, 0.75, 0), (0, 3, 0.25, 0)]


def test_given_priors_stand_and_counts_share_the_rest():
    found = merged([(1, 0.9, GIVEN), (2, 0, 3), (3, 0, 1)])
    assert found == [(0, 1, 0.9, -1), (0, 2, 0.075, 3), (0, 3, 0.025, 1)]


def test_a_name_beside_given_priors_gets_little():
    assert merged([(1, 0.3, GIVEN), (2, 0, 0)]) == [(0, 1, 0.3, -1), (0, 2, 0.01, 0)]


def test_a_prior_given_twice_is_the_mean():
    assert merged([(1, 0.9, GIVEN), (1, 0.5, GIVEN), (2, 0.1, GIVEN)]) == [(0, 1, 0.7, -1), (0, 2, 0.1, -1)]


def test_given_priors_are_scaled_down_where_they_pass_one():
    assert merged([(1, 1.0, GIVEN), (2, 0.6, GIVEN)]) == [(0, 1, 0.625, -1), (0, 2, 0.375, -1)]


def test_a_prior_given_for_an_entity_that_was_counted_wins():
    assert merged([(1, 0.4, GIVEN), (1, 0, 50)]) == [(0, 1, 0.4, -1)]


LINKS = st.lists(
    st.tuples(
        st.integers(0, 3),  # group
        st.integers(0, 5),  # entity
        st.one_of(
            st.tuples(st.floats(0, 1, width=32), st.just(GIVEN)),
            st.tuples(st.just(0.0), st.integers(0, 10**9)),
        ),
    ),
    min_size=1,
)


@given(LINKS)
@settings(max_examples=300, deadline=None)
def test_priors_are_priors_whatever_comes_and_merging_again_changes_nothing(links):
    groups = np.array([group for group, _, _ in links])
    array = np.array([(entity, prior, count) for _, entity, (prior, count) in links], LINK)

    def nobody(rows):
        return np.full(len(rows), -1)

    out, found = merge_links(groups, array, nobody)
    assert set(zip(out.tolist(), found["entity"].tolist())) == {(group, entity) for group, entity, _ in links}
    assert len(found) == len(set(zip(out.tolist(), found["entity"].tolist())))
    assert (found["prior"] >= 0).all() and (np.bincount(out, found["prior"]) < 1.0001).all()
    assert (np.diff(found["prior"])[np.diff(out) == 0] <= 0).all()
    order = np.random.default_rng(0).permutation(len(links))
    shuffled_out, shuffled = merge_links(groups[order], array[order], nobody)
    assert (shuffled["entity"] == found["entity"]).all() and np.allclose(shuffled["prior"], found["prior"], atol=1e-6)
    again_out, again = merge_links(out, found, nobody)
    assert (again_out == out).all() and np.allclose(again["prior"], found["prior"], atol=1e-4)
