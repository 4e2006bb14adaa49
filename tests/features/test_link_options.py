"""Candidates as numbers: where each option lies, and what is missing is zero."""

from __future__ import annotations

import numpy
import pytest
import spacy

from spacy_luke.features.link_options import LEAST_PRIOR, link_options
from spacy_luke.types import Candidates

from ..linking import memory_kb, spacy_kb

VOCAB = spacy.blank("xx").vocab
IDS = ["Q1", "Q2", "Q3", "none"]
VECTORS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [0.0, 0.0]]
FOUND = [
    Candidates(["Q3", "none"], numpy.asarray([0.75, 0.0], "f")),
    Candidates([], numpy.zeros(0, "f")),
    Candidates(["Q1", "Q3", "Q2"], numpy.asarray([0.5, 0.25, 0.25], "f")),
]


def _memory(vocab):
    return memory_kb(vocab, IDS, {}, 2, numpy.asarray(VECTORS))


def _spacy(vocab):
    kb = spacy_kb(vocab, [], {}, 2)
    kb.set_entities(IDS, [1] * len(IDS), VECTORS)
    return kb


@pytest.mark.parametrize("make", [_memory, _spacy])
def test_options_lie_side_by_side_and_nil_is_the_last(make):
    options = link_options(make(VOCAB), FOUND, 2)
    assert options.lengths.tolist() == [2, 0, 3]
    assert options.mention.tolist() == [0, 0, 2, 2, 2]
    assert options.candidate_rows.tolist() == [0, 1, 4, 5, 6]
    assert options.nil_rows.tolist() == [2, 3, 7]
    assert options.vectors.tolist() == [[5, 6], [0, 0], [1, 2], [5, 6], [3, 4]]
    assert options.biases.tolist() == [0] * 5
    assert options.log_priors.tolist() == pytest.approx(numpy.log([0.75, LEAST_PRIOR, 0.5, 0.25, 0.25]).tolist())
    assert options.label_fits.tolist() == [0] * 5
    assert {array.dtype for array in (options.vectors, options.biases, options.log_priors, options.label_fits)} == {numpy.dtype("f")}


def test_no_mention_and_no_candidate():
    options = link_options(_memory(VOCAB), [], 2)
    assert options.lengths.shape == options.nil_rows.shape == (0,) and options.vectors.shape == (0, 2)
    options = link_options(_memory(VOCAB), FOUND[1:2], 2)
    assert options.nil_rows.tolist() == [0] and options.vectors.shape == (0, 2)


def test_a_knowledge_base_without_vectors_has_those_of_the_encoder_s_width():
    kb = memory_kb(VOCAB, IDS, {}, 0, numpy.zeros((4, 0)))
    assert link_options(kb, FOUND, 3).vectors.tolist() == [[0, 0, 0]] * 5
