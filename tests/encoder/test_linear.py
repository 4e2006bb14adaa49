"""Our linear layer against torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spacy_luke.encoder import linear
from spacy_luke.encoder.linear import Linear, has_onednn

from .hf import TINY, make_inputs
from .util import VIEWS, assert_same, gradients, make_encoder


def _both(bias=True) -> tuple[Linear, nn.Linear]:
    torch.manual_seed(0)
    ours, theirs = Linear(24, 40, bias=bias), nn.Linear(24, 40, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.skipif(not has_onednn(), reason="this torch has no oneDNN")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(24,), (1, 24), (7, 24), (3, 5, 24), (0, 24), (3, 0, 24)])
def test_numbers_and_gradients_are_torchs(bias, shape, monkeypatch):
    used = []
    product = linear._product
    monkeypatch.setattr(linear, "_product", lambda *args: used.append(1) or product(*args))
    found = []
    for layer in _both(bias):
        torch.manual_seed(1)
        states = torch.randn(shape, requires_grad=True)
        out = layer(states)
        (out * torch.randn(out.shape)).sum().backward()
        found.append({"out": out, "states": states.grad, **{name: p.grad for name, p in layer.named_parameters()}})
    assert_same(*found, tolerance=1e-5)
    assert len(used) == (3 if torch.Size(shape).numel() else 0)


def test_frozen_weights_get_no_gradient():
    ours, _ = _both()
    ours.requires_grad_(False)
    states = torch.randn(3, 24, requires_grad=True)
    ours(states).sum().backward()
    assert states.grad is not None and ours.weight.grad is None
    assert not ours(states.detach()).requires_grad


def test_transposed_states():
    ours, theirs = _both()
    states = torch.randn(24, 6).t()
    torch.testing.assert_close(ours(states), theirs(states))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes_are_torchs(dtype):
    ours, theirs = _both()
    states = torch.randn(3, 24, dtype=dtype)
    torch.testing.assert_close(ours.to(dtype)(states), theirs.to(dtype)(states), rtol=0, atol=0)


def test_autocast_is_torchs():
    ours, theirs = _both()
    states = torch.randn(3, 24)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(ours(states), theirs(states), rtol=0, atol=0)
        assert ours(states).dtype == torch.bfloat16


@pytest.mark.parametrize("view", VIEWS)
def test_gradients_of_an_encoder(view, monkeypatch):
    encoder, inputs = make_encoder(), make_inputs(TINY)
    found = gradients(encoder, inputs, view)
    monkeypatch.setattr(linear, "has_onednn", lambda: False)
    assert_same(found, gradients(encoder, inputs, view), tolerance=1e-4)
