"""Gradients: padding, checkpointing, bf16."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.types import LukeInputs

from .hf import TINY, make_inputs
from .util import VIEWS, assert_same, gradients, make_encoder


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("bf16", [True, False])
def test_a_window_of_padding_only_gives_no_nan(view, aware, bf16):
    """Also when its rows are in the loss, and when there is dropout."""
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY)
    inputs.piece_mask[1], inputs.slot_mask[1] = False, False
    alone = gradients(encoder, inputs, view)
    for training in (False, True):
        encoder.train(training).zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            outputs = encoder(inputs, view)
        assert outputs.pieces.isfinite().all() and outputs.slots.isfinite().all()
        (outputs.pieces.float().pow(3).sum() + outputs.slots.float().pow(3).sum()).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())
    others = LukeInputs(*(x if x is None else x[[0, 2]] for x in inputs))
    assert_same(gradients(encoder.eval(), others, view), alone)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradient_checkpointing_changes_no_gradient(view, dropout):
    encoder = make_encoder(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout).train()
    inputs = make_inputs(TINY)
    found = []
    for encoder.gradient_checkpointing in (False, True):
        torch.manual_seed(3)
        found.append(gradients(encoder, inputs, view))
    assert_same(*found)
    assert found[0]["encoder.layer.0.attention.self.key.weight"].abs().max() > 1e-3


def test_gradient_checkpointing_keeps_less(monkeypatch):
    encoder, inputs = make_encoder(), make_inputs(TINY)
    kept = []
    for encoder.gradient_checkpointing in (False, True):
        kept.append(0)

        def count(tensor):
            kept[-1] += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            encoder(inputs)
    assert kept[1] < kept[0] / 2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_bf16_autocast(view, aware, training):
    encoder, inputs = make_encoder(use_entity_aware_attention=aware), make_inputs(TINY)
    if not training:
        exact, rough = gradients(encoder, inputs, view), gradients(encoder, inputs, view, bf16=True)
        assert_same(exact, rough, tolerance=0.1)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = encoder(inputs, view)
        torch.testing.assert_close(outputs.slots.float(), encoder(inputs, view).slots, rtol=0, atol=0.2)
    rough = gradients(encoder.train(training), inputs, view, bf16=True)
    assert all(g is None or g.isfinite().all() for g in rough.values())
