"""Questions -> hidden states: the one bridge between Thinc and torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy
from thinc.api import Model
from thinc.types import Floats2d
from thinc.util import torch2xp, xp2torch

from ..types import LukeStates, Question
from .packing import pack_questions
from .padding import flat_spans, pad_questions, unpad
from .shim import EncoderSettings, LukeShim

InT = list[Question]
OutT = LukeStates


def luke_encoder(settings: EncoderSettings, init: Callable) -> Model[InT, OutT]:
    """An encoder without weights; `init(model, X, Y)` has to load them into `model.shims[0]`.

    All questions of a call must have the same view. Not more than fit in memory as one padded batch:
    `with_batches` cuts longer lists. Training and GPUs run the readable encoder, prediction on the CPU the fast one; an
    encoder that is frozen as a whole predicts in training, too.
    """
    return Model("luke_encoder", forward, init=init, dims={"nO": None}, shims=[LukeShim(settings)])


def forward(model: Model[InT, OutT], questions: InT, is_train: bool):
    shim: LukeShim = model.shims[0]  # type: ignore
    device = shim.device
    is_train = is_train and not shim.is_frozen
    if not is_train and device.type == "cpu":
        return predict_packed(model, questions), lambda d_states: []
    inputs = pad_questions(questions, shim.tokenizer.pad, shim.config.entity_vocab_size, device)
    reads_pieces = inputs.slot_ids is None or any(q.reads_pieces for q in questions)
    outputs = (shim.begin_update if is_train else shim.predict)(inputs, questions[0].view, reads_pieces)
    lengths = [len(q.piece_ids) for q in questions], [len(q.slot_ids) for q in questions]
    rows = [None if padded is None else unpad(padded, n) for padded, n in zip(outputs[:2], lengths)]
    some = next(each for each in rows if each is not None)
    pieces, slots = (some[:0] if each is None else each for each in rows)
    states = LukeStates(_to_xp(pieces), _to_xp(slots), flat_spans(questions))
    if not is_train:
        return states, lambda d_states: []

    def backprop(d_states: LukeStates) -> InT:
        import torch

        pairs = [(y, d) for y, d in ((pieces, d_states.pieces), (slots, d_states.slots)) if y.requires_grad and len(y)]
        outs = [y for y, _ in pairs]
        torch.autograd.backward(outs, [xp2torch(numpy_safe(d), device=device) for _, d in pairs])
        return []

    return states, backprop


def predict_packed(model: Model[InT, OutT], questions: InT) -> OutT:
    """Prediction on the CPU: the fast encoder, nothing padded."""
    import torch

    shim: LukeShim = model.shims[0]  # type: ignore
    inputs = pack_questions(questions, shim.config.entity_vocab_size)
    reads_pieces = any(q.reads_pieces for q in questions)
    with torch.inference_mode():
        pieces, slots = shim.fast(inputs, questions[0].view, reads_pieces)
    return LukeStates(_to_xp(slots[:0] if pieces is None else pieces), _to_xp(slots), flat_spans(questions))


def predict_words(model: Model[InT, OutT], questions: InT) -> tuple[Floats2d, Callable[[InT], Floats2d]]:
    """The view "words" in two steps.

    RETURNS: states of the pieces (pieces of all questions, hidden); a function from questions with the same pieces to
    the states of their slots (slots of all questions, hidden), for which the pieces are not computed again.
    """
    import torch

    shim: LukeShim = model.shims[0]  # type: ignore
    table_rows, device = shim.config.entity_vocab_size, shim.device
    without_slots = [replace(q, slot_ids=q.slot_ids[:0], slot_spans=q.slot_spans[:0]) for q in questions]
    if device.type == "cpu":
        with torch.inference_mode():
            words = shim.fast.words(pack_questions(without_slots, table_rows))

        def ask_packed(asked: InT) -> Floats2d:
            with torch.inference_mode():
                return _to_xp(shim.fast.ask(pack_questions(asked, table_rows), words))

        return _to_xp(words.pieces), ask_packed
    padded, layers = shim.predict_pieces(pad_questions(without_slots, shim.tokenizer.pad, table_rows, device))

    def ask_padded(asked: InT) -> Floats2d:
        slots = shim.predict_slots(pad_questions(asked, shim.tokenizer.pad, table_rows, device), layers)
        return _to_xp(unpad(slots, [len(q.slot_ids) for q in asked]))

    return _to_xp(unpad(padded, [len(q.piece_ids) for q in questions])), ask_padded


def _to_xp(tensor):
    return torch2xp(tensor.detach())


def numpy_safe(array):
    """torch refuses negative strides and read-only memory; a copy is neither."""
    if isinstance(array, numpy.ndarray):
        return numpy.require(array, requirements=["C", "W"])
    return array
