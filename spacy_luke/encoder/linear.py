"""Linear layers whose fp32 products oneDNN computes, forth and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def has_onednn() -> bool:
    """Does this torch have the operators that Inductor uses for frozen linear layers?"""
    ops = torch.ops.mkldnn
    return torch.backends.mkldnn.is_available() and all(
        hasattr(ops, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
    )


class Linear(nn.Linear):
    """The numbers of nn.Linear. On AMD CPUs its fp32 product (MKL's) reaches half of oneDNN's speed:

        rows x in x out     GFLOP/s, MKL / oneDNN: forward, gradient of the states, of the weights
         60 x 768 x  768     88 / 175              95 / 184                     100 / 176
        365 x 384 x 1536     99 / 182             100 / 210                      98 / 188
        365 x 768 x 3072     97 / 181             104 / 198                      99 / 208

    (EPYC with AVX512, torch 2.13, one thread.) Other dtypes, autocast and other devices are left to torch.
    """

    def forward(self, states: Tensor) -> Tensor:
        """states: (..., in). RETURNS: (..., out)."""
        is_ours = states.device.type == "cpu" and states.dtype == self.weight.dtype == torch.float32 and states.numel()
        if not is_ours or torch.is_autocast_enabled("cpu") or not has_onednn():
            return super().forward(states)
        return _Linear.apply(states, self.weight, self.bias)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(states, weight)
        return _product(states, weight, bias)

    @staticmethod
    def backward(ctx, d_out: Tensor):
        states, weight = ctx.saved_tensors
        of_states, of_weight, of_bias = ctx.needs_input_grad
        rows = d_out.reshape(-1, d_out.shape[-1])
        d_states = _product(d_out, weight.t()) if of_states else None
        d_weight = _product(rows.t(), states.reshape(-1, states.shape[-1]).t()) if of_weight else None
        return d_states, d_weight, rows.sum(0) if of_bias else None


def _product(states: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """states (..., in), weight (out, in), a view of a transposed one too. RETURNS: (..., out)."""
    return torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
