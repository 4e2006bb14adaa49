"""Dropout that is cheap on CPUs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_STEPS = 2**16


def drop(states: Tensor, p: float) -> Tensor:
    """Set each number to 0 with probability p and scale the others by 1 / (1 - p).

    On CPUs torch draws one slow random number per element, which was a tenth to a seventh of a
    bf16 training step. Here one draw of 64 bits decides four elements, 16 bits each, so p is rounded
    to 1/65536 (0.1 becomes 0.10001). Same seed, same result, as usual.

    states: any shape. p: 0 up to, but not, 1. RETURNS: the same shape.
    """
    if p == 0.0 or states.numel() == 0:
        return states
    if states.device.type != "cpu":
        return F.dropout(states, p)
    n = states.numel()
    draws = torch.empty(n // 4 + 1, dtype=torch.int64).random_(-(2**63), None)
    numbers = draws.view(torch.int16)[:n].view(states.shape)
    steps = min(round(p * _STEPS), _STEPS - 1)
    # a product, as masked_fill is twice as slow, forth and back
    kept = (numbers >= steps - _STEPS // 2).to(states.dtype)
    return states * kept.mul_(_STEPS / (_STEPS - steps))


class Dropout(nn.Module):
    """`drop` in training, nothing otherwise."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, states: Tensor) -> Tensor:
        """states: any shape. RETURNS: the same shape."""
        return drop(states, self.p) if self.training else states
