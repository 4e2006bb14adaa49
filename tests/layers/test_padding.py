import numpy
import torch

from spacy_luke.layers.padding import flat_spans, pad_questions, unpad
from spacy_luke.types import Question


def _question(n_pieces, spans, slot_id=2, vectors=None):
    spans = numpy.asarray(spans, dtype="int64").reshape(-1, 2)
    ids = slot_id if isinstance(slot_id, list) else [slot_id] * len(spans)
    pieces = numpy.arange(10, 10 + n_pieces)
    return Question(pieces, numpy.asarray(ids, dtype="int64"), spans, "words", vectors)


def test_by_hand():
    inputs = pad_questions([_question(3, [(0, 2)]), _question(5, [(1, 2), (1, 5)])], 1, 4, "cpu")
    assert inputs.piece_ids.tolist() == [[10, 11, 12, 1, 1], [10, 11, 12, 13, 14]]
    assert inputs.piece_mask.tolist() == [[True] * 3 + [False] * 2, [True] * 5]
    assert inputs.slot_ids.tolist() == [[2, 0], [2, 2]]
    assert inputs.slot_mask.tolist() == [[True, False], [True, True]]
    assert inputs.slot_positions.tolist() == [
        [[0, 1, -1, -1], [-1, -1, -1, -1]],
        [[1, -1, -1, -1], [1, 2, 3, 4]],
    ]
    assert inputs.entity_vectors is None


def test_no_slots_at_all():
    assert pad_questions([_question(3, []), _question(2, [])], 1, 4, "cpu").slot_ids is None


def test_a_mention_keeps_its_first_30_pieces():
    positions = pad_questions([_question(50, [(3, 45)])], 1, 4, "cpu").slot_positions
    assert positions.tolist() == [[list(range(3, 33))]]


def test_entity_vectors_of_the_batch_follow_each_other():
    a, b = numpy.ones((2, 3)), numpy.zeros((1, 3))
    inputs = pad_questions(
        [
            _question(3, [(0, 1)] * 3, [5, 2, 4], a),
            _question(3, [(0, 1)] * 1, [2]),
            _question(3, [(0, 1)] * 2, [4, 3], b),
        ],
        1,
        4,
        "cpu",
    )
    assert inputs.entity_vectors.tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert inputs.slot_ids.tolist() == [[5, 2, 4], [2, 0, 0], [6, 3, 0]]


def test_rows_without_padding():
    states = torch.arange(12.0).reshape(2, 3, 2)
    assert unpad(states, [1, 3]).tolist() == [[0, 1], [6, 7], [8, 9], [10, 11]]
    assert flat_spans([_question(3, [(0, 2)]), _question(2, []), _question(4, [(1, 2)])]).tolist() == [[0, 2], [6, 7]]
