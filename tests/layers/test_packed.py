"""The fast encoder against the readable one, on the same weights."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy
import pytest
import torch

from spacy_luke.encoder import packed_attention, packed_weights
from spacy_luke.encoder.layer import activation
from spacy_luke.encoder.packed import PackedEncoder
from spacy_luke.layers.packing import pack_questions
from spacy_luke.layers.padding import pad_questions, unpad
from spacy_luke.types import Question

from ..encoder.util import VIEWS, make_encoder

ROWS = 20  # of the entity table


def _question(rng, pieces, slots, view="full", longest=8, known=0) -> Question:
    start = rng.integers(0, pieces, slots)
    end = numpy.minimum(start + rng.integers(0, longest + 1, slots), pieces)  # some over nothing
    ids = rng.integers(0, ROWS + known, slots)
    vectors = rng.normal(size=(known, 16)).astype("f") if known else None
    return Question(rng.integers(2, 60, pieces), ids, numpy.stack([start, end], axis=1), view, vectors)


needs_int8 = pytest.mark.skipif(not packed_weights.has_int8(), reason="the processor does not multiply 8-bit integers")

# pieces and slots of each window
BATCHES = {
    "ragged": [(12, 5), (3, 9), (30, 1), (7, 0), (5, 20)],
    "one question": [(9, 4)],
    "no slots": [(4, 0), (9, 0)],
    "long": [(120, 70), (5, 2), (150, 150)],
}


def _questions(batch: str, view: str, **settings) -> list[Question]:
    rng = numpy.random.default_rng(0)
    return [_question(rng, *sizes, view, **settings) for sizes in BATCHES[batch]]


@torch.inference_mode()
def _plain(encoder, questions):
    """(pieces of all questions, hidden), (slots of all questions, hidden) of LukeEncoder.forward."""
    outputs = encoder(pad_questions(questions, 1, ROWS, "cpu"), questions[0].view)
    pieces = unpad(outputs.pieces, [len(q.piece_ids) for q in questions])
    slots = pieces[:0] if outputs.slots is None else unpad(outputs.slots, [len(q.slot_ids) for q in questions])
    return pieces, slots


@torch.inference_mode()
def _fast(encoder, questions, read_pieces=True, **settings):
    return PackedEncoder(encoder, **settings)(pack_questions(questions, ROWS), questions[0].view, read_pieces)


def _encoder(**changes):
    return make_encoder(max_position_embeddings=160, **changes)


def _assert_close(found, expected, tolerance=1e-5):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
def test_equals_the_plain_encoder(view, aware, batch):
    encoder, questions = _encoder(use_entity_aware_attention=aware), _questions(batch, view, known=3)
    _assert_close(_fast(encoder, questions), _plain(encoder, questions))


@pytest.mark.parametrize("changes", [
    {"entity_emb_size": 32}, {"hidden_act": "gelu_new"}, {"hidden_act": "relu"}, {"hidden_act": "silu"}, {"pad_token_id": 0},
])
@pytest.mark.parametrize("onednn", [True, False])
def test_equals_the_plain_encoder_of_another_shape(changes, onednn, monkeypatch):
    if not onednn:
        monkeypatch.setattr(packed_weights, "has_onednn", lambda: False)
    encoder, questions = _encoder(**changes), _questions("ragged", "full")
    _assert_close(_fast(encoder, questions), _plain(encoder, questions))


@pytest.mark.parametrize("view", VIEWS)
def test_mentions_of_more_than_30_pieces(view):
    encoder, questions = _encoder(), _questions("long", view, longest=60)
    assert max((q.slot_spans[:, 1] - q.slot_spans[:, 0]).max() for q in questions) > 30
    _assert_close(_fast(encoder, questions), _plain(encoder, questions))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("long", [0, 10**6])
def test_both_ways_of_attention(view, long, monkeypatch):
    monkeypatch.setattr(packed_attention, "_LONG", long)
    encoder, questions = _encoder(), _questions("long", view)
    _assert_close(_fast(encoder, questions), _plain(encoder, questions))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("batch", ["ragged", "no slots"])
def test_slots_alone(view, batch):
    encoder, questions = _encoder(), _questions(batch, view)
    pieces, slots = _fast(encoder, questions, read_pieces=False)
    assert pieces is None
    _assert_close([slots], [_plain(encoder, questions)[1]])


def test_slots_asked_over_words_that_are_there():
    encoder, questions = _encoder(), _questions("ragged", "words")
    fast = PackedEncoder(encoder)
    with torch.inference_mode():
        words = fast.words(pack_questions([_without_slots(q) for q in questions], ROWS))
        slots = fast.ask(pack_questions(questions, ROWS), words)
    _assert_close([words.pieces, slots], _plain(encoder, questions))


def _without_slots(q: Question) -> Question:
    return Question(q.piece_ids, q.slot_ids[:0], q.slot_spans[:0], q.view)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.int8, marks=needs_int8)])
def test_a_window_does_not_depend_on_its_neighbours(view, dtype):
    encoder, questions = _encoder(), _questions("ragged", view)
    together = _fast(encoder, questions, dtype=dtype)
    alone = [_fast(encoder, [q], dtype=dtype) for q in questions]
    _assert_close(together, [torch.cat(parts) for parts in zip(*alone)])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, pytest.param(torch.int8, marks=needs_int8)])
def test_smaller_types_are_near(view, dtype):
    encoder, questions = _encoder(), _questions("ragged", view)
    for found, expected in zip(_fast(encoder, questions, dtype=dtype), _plain(encoder, questions)):
        assert found.dtype == torch.float32
        assert 0 < (found - expected).abs().mean() < 0.03


@needs_int8
@pytest.mark.parametrize("act", [None, "gelu", "relu"])
@pytest.mark.parametrize("rows", [0, 1, 700])
def test_int8_products_by_hand(act, rows):
    """Integers of NumPy: round(x / s) . round(W / t), times s and t."""
    torch.manual_seed(0)
    linear = torch.nn.Linear(20, 7)
    states, residual = torch.randn(rows, 20) * torch.logspace(-3, 3, rows)[:, None], torch.randn(rows, 7)
    W, x = linear.weight.detach().double().numpy(), states.double().numpy()
    t = numpy.abs(W).max(1, keepdims=True) / 127
    s = numpy.abs(x).max(1, keepdims=True, initial=1e-12) / 127
    products = numpy.rint(x / s).astype("int64") @ numpy.rint(W / t).astype("int64").T
    expected = torch.tensor(products * s * t[:, 0] + linear.bias.detach().double().numpy())
    if act is not None:
        expected = activation(act)(expected)
    layer = packed_weights.Int8Linear(linear, act)
    torch.testing.assert_close(layer(states), expected.float(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(layer(states, residual), expected.float() + residual, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_the_processor_is_fast_with(is_there, monkeypatch):
    for name in ("has_bf16", "has_int8"):
        monkeypatch.setattr(packed_weights, name, lambda: is_there)
    found = [packed_weights.fast_dtype(name) for name in ("float32", "bfloat16", "int8")]
    assert found == ([torch.float32, torch.bfloat16, torch.int8] if is_there else [torch.float32] * 3)


def test_a_processor_that_adds_in_16_bits_is_told(tmp_path):
    """oneDNN can be made to do as on an older processor, in a process of its own."""
    code = "from spacy_luke.encoder.packed_weights import fast_dtype, has_int8; print(has_int8(), fast_dtype('int8'))"
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, check=True)
    if found.stdout.startswith("True"):
        pytest.skip("this oneDNN multiplies 8-bit integers without VNNI, or heeds no ONEDNN_MAX_CPU_ISA")
    assert found.stdout.split() == ["False", "torch.float32"]
