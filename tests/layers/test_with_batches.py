import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Model, chain

from spacy_luke.layers import batch_rows
from spacy_luke.layers.encoder import luke_encoder
from spacy_luke.layers.shim import EncoderSettings
from spacy_luke.layers.with_batches import cut, cut_packed, cut_padded, with_batches
from spacy_luke.models.encoder import LukeListener
from spacy_luke.types import Question

from ..encoder.util import make_encoder


def _question(n_pieces, slot_ids):
    spans = numpy.zeros((len(slot_ids), 2), dtype="int64")
    return Question(numpy.zeros(n_pieces, dtype="int64"), numpy.asarray(slot_ids, dtype="int64"), spans, "words")


def test_the_drawing_in_the_docstring():
    sizes = {"D": (87, 3), "A": (48, 2), "C": (83, 2), "B": (48, 2)}
    questions = [_question(n, [0] * s) for n, s in sizes.values()]
    names = [[list(sizes)[i] for i in batch] for batch in cut_padded(questions, 180)]
    assert [sorted(batch) for batch in names] == [["A", "B"], ["C", "D"]]


def test_little_padding():
    """Of 320 rows 20 may be padding."""
    questions = [_question(n, [0, 0]) for n in (28, 58, 38, 28, 38, 28, 28, 28)]
    sizes = [[len(questions[i].piece_ids) for i in batch] for batch in cut_padded(questions, 320)]
    assert sizes == [[28] * 5, [38, 38], [58]]
    assert [len(batch) for batch in cut_padded(questions[:3], 320)] == [2, 1]  # 10 of padding, or 50
    assert [len(batch) for batch in cut_padded(questions[:3], 150)] == [1, 1, 1]
    assert [len(batch) for batch in cut_padded(questions[:3], 800)] == [3]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), max_size=20), st.integers(1, 40))
def test_without_padding_batches_are_full(sizes, batch_size):
    questions = [_question(n, [0] * s) for n, s in sizes]
    batches = cut_packed(questions, batch_size)
    assert [i for batch in batches for i in batch] == list(range(len(sizes)))
    rows = [[sum(sizes[i]) for i in batch] for batch in batches]
    assert all(len(batch) == 1 or sum(batch) <= batch_size for batch in rows)
    assert all(sum(batch) + following[0] > batch_size for batch, following in zip(rows, rows[1:]))


@pytest.mark.parametrize("is_train, expected", [(False, [[0, 1, 2]]), (True, [[1], [0], [2]])])
@pytest.mark.parametrize("batch_size", [None, 600])
def test_what_runs_packed_needs_no_sorting(is_train, expected, batch_size, monkeypatch):
    """Prediction on a CPU is packed: three questions fit. In training they are padded, too much."""
    monkeypatch.setattr(batch_rows, "free_memory", lambda device: None)
    questions = [_question(n, [0, 0]) for n in (150, 50, 300)]
    encoder = luke_encoder(EncoderSettings(), init=lambda *args: None)
    model = make_encoder()
    encoder.shims[0].load(model.config, dict(model.state_dict()), None, {})
    listener = LukeListener("*")
    listener.upstream = encoder
    for layer in (encoder, chain(encoder, Model("head", None)), chain(listener, Model("head", None))):
        assert cut(layer, questions, is_train, batch_size) == expected
    assert cut(encoder, [], is_train, batch_size) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), max_size=20), st.integers(1, 40))
def test_answers_and_gradients_come_back_in_order(sizes, batch_size):
    seen = []

    def echo(model, questions, is_train):
        Y = numpy.concatenate([q.slot_ids for q in questions]).astype("f")[:, None]
        width = max(len(q.piece_ids) for q in questions) + max(len(q.slot_ids) for q in questions)
        assert len(questions) == 1 or width * len(questions) <= batch_size
        return Y, lambda dY: seen.extend(zip(Y[:, 0].tolist(), dY[:, 0].tolist()))

    ids = iter(range(1000))
    questions = [_question(n, [next(ids) for _ in range(s)]) for n, s in sizes]
    total = sum(s for _, s in sizes)
    model = with_batches(Model("echo", echo), batch_size)
    Y, backprop = model(questions, True)
    assert Y[:, 0].tolist() == list(range(total)) if total else len(Y) == 0
    backprop((Y * 10).astype("f"))
    assert sorted(seen) == [(float(i), 10.0 * i) for i in range(total)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=20), st.integers(1, 40))
def test_a_row_for_each_question(sizes, batch_size):
    """Two slots each, and one of the numbers in them comes back."""
    seen = []

    def echo(model, questions, is_train):
        Y = numpy.asarray([q.slot_ids[:1] for q in questions], dtype="f")
        return Y, lambda dY: seen.extend(zip(Y[:, 0].tolist(), dY[:, 0].tolist()))

    questions = [_question(n, [i, 99]) for i, n in enumerate(sizes)]
    Y, backprop = with_batches(Model("echo", echo), batch_size, row_of="question")(questions, True)
    assert Y.ravel().tolist() == list(range(len(sizes)))
    backprop((Y * 10).astype("f"))
    assert sorted(seen) == [(float(i), 10.0 * i) for i in range(len(sizes))]
