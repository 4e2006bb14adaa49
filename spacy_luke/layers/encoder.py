"""Questions -> hidden states: the one bridge between Thinc and torch."""

from __future__ import annotations

from typing import Callable

import numpy
from thinc.api import Model
from thinc.util import torch2xp, xp2torch

from ..types import LukeStates, Question
from .padding import flat_spans, pad_questions, unpad
from .shim import EncoderSettings, LukeShim

InT = list[Question]
OutT = LukeStates


def luke_encoder(settings: EncoderSettings, init: Callable) -> Model[InT, OutT]:
    """An encoder without weights; `init(model, X, Y)` has to load them into `model.shims[0]`.

    All questions of a call must have the same view. Not more than fit in memory as one padded batch:
    `with_batches` cuts longer lists.
    """
    return Model("luke_encoder", forward, init=init, dims={"nO": None}, shims=[LukeShim(settings)])


def forward(model: Model[InT, OutT], questions: InT, is_train: bool):
    shim: LukeShim = model.shims[0]  # type: ignore
    device = next(shim.encoder.parameters()).device
    inputs = pad_questions(questions, shim.tokenizer.pad, shim.config.entity_vocab_size, device)
    outputs = (shim.begin_update if is_train else shim.predict)(inputs, questions[0].view)
    pieces = unpad(outputs.pieces, [len(q.piece_ids) for q in questions])
    slots = pieces[:0]
    if outputs.slots is not None:
        slots = unpad(outputs.slots, [len(q.slot_ids) for q in questions])
    spans = model.ops.asarray2i(flat_spans(questions), dtype="int64")
    states = LukeStates(_to_xp(pieces), _to_xp(slots), spans)

    def backprop(d_states: LukeStates) -> InT:
        import torch

        pairs = [(y, d) for y, d in ((pieces, d_states.pieces), (slots, d_states.slots)) if y.requires_grad]
        outs = [y for y, _ in pairs]
        torch.autograd.backward(outs, [xp2torch(numpy_safe(d), device=device) for _, d in pairs])
        return []

    return states, backprop


def _to_xp(tensor):
    return torch2xp(tensor.detach())


def numpy_safe(array):
    """torch refuses negative strides and read-only memory; a copy is neither."""
    if isinstance(array, numpy.ndarray):
        return numpy.require(array, requirements=["C", "W"])
    return array
