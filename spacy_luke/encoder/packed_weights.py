"""Linear layers for prediction on CPUs: weights in the order in which oneDNN reads them, or as 8-bit integers."""

from __future__ import annotations

from functools import cache
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layer import activation
from .linear import has_onednn

# Rows that oneDNN is told to expect; any number works.
_ROWS = 1024

# Rows that int8 products are made of at a time: what comes out is still in the cache when it is scaled.
_BLOCK = 256

# config.hidden_act -> how oneDNN names an activation that it computes with the product.
_FUSED = {"gelu": ("gelu", "none"), "gelu_new": ("gelu", "tanh"), "relu": ("relu", ""), "silu": ("swish", "")}


def has_bf16() -> bool:
    """Does this CPU multiply bfloat16 (AVX512-BF16 or AMX)? Others imitate it, which is slow."""
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return has_onednn() and any(check is not None and check() for check in checks)


def packed_linear(linear: nn.Linear, dtype: torch.dtype, act: str | None = None) -> PackedLinear | Int8Linear:
    """dtype: of weights; float32, bfloat16 or int8."""
    return Int8Linear(linear, act) if dtype == torch.int8 else PackedLinear(linear, dtype, act)


@cache
def has_int8() -> bool:
    """Does this CPU multiply 8-bit integers (AVX512-VNNI, AVX-VNNI, AMX)? On others oneDNN adds two products in 16 bits,
    which large ones overflow."""
    large = torch.full((64, 768), 127, dtype=torch.int8)
    return has_onednn() and bool((torch._int_mm(large, large.t()) == 127 * 127 * 768).all())


def fast_dtype(name: str) -> torch.dtype:
    """The type of weights for a setting: float32 where the CPU cannot multiply what is asked for."""
    if name == "bfloat16" and has_bf16():
        return torch.bfloat16
    return torch.int8 if name == "int8" and has_int8() else torch.float32


class PackedLinear:
    """An nn.Linear for prediction, with what may follow it: an activation, or a residual that is added.

    PyTorch's fp32 product reaches half of oneDNN's speed on AMD CPUs. Without oneDNN, or on another
    device, the weights stay where they are and torch multiplies as always.

    linear: its weights are copied into oneDNN's order, not kept. dtype: of weights, inputs and results.
    act: a config's hidden_act, computed with the product.
    """

    def __init__(self, linear: nn.Linear, dtype: torch.dtype, act: str | None = None) -> None:
        self.bias = linear.bias.detach().to(dtype)
        weight = linear.weight.detach().to(dtype)
        is_packed = weight.device.type == "cpu" and has_onednn()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS) if is_packed else weight
        self._fused = _FUSED.get(act, ("none", "")) if is_packed else None
        self._act: Callable | None = activation(act) if act and not is_packed else None

    def __call__(self, states: Tensor, residual: Tensor | None = None) -> Tensor:
        """states: (rows, in). residual: (rows, out). RETURNS: (rows, out)."""
        if not len(states):
            return states.new_zeros(0, len(self.bias))
        if self._fused is None:
            states = F.linear(states, self._weight, self.bias)
            states = states if self._act is None else self._act(states)
            return states if residual is None else states + residual
        if residual is None:
            name, algorithm = self._fused
            return torch.ops.mkldnn._linear_pointwise(states, self._weight, self.bias, name, [], algorithm)
        return torch.ops.mkldnn._linear_pointwise.binary(states, residual, self._weight, self.bias, "add")


class Int8Linear:
    """A PackedLinear of 8-bit integers, a fourth of the memory; right where `has_int8`. Every output has a scale for its weights, and every row one for its states, found when it comes
    (dynamic, symmetric quantization), so no row depends on its neighbours. States in and out are fp32.
    """

    def __init__(self, linear: nn.Linear, act: str | None = None) -> None:
        weight = linear.weight.detach().float()
        self.bias = linear.bias.detach().float()
        self._scales = _int8_scales(weight)
        self._weight = (weight / self._scales).round_().to(torch.int8).t()  # (in, out)
        self._scales = self._scales[:, 0]
        self._act = activation(act) if act else None

    def __call__(self, states: Tensor, residual: Tensor | None = None) -> Tensor:
        """As PackedLinear."""
        out = states.new_empty(len(states), len(self.bias))
        for rows, part in zip(states.split(_BLOCK), out.split(_BLOCK)):
            scales = _int8_scales(rows)
            products = torch._int_mm((rows / scales).round_().to(torch.int8), self._weight)
            torch.addcmul(self.bias, products * self._scales, scales, out=part)
            if self._act is not None:
                part.copy_(self._act(part))
        return out if residual is None else out.add_(residual)


def _int8_scales(rows: Tensor) -> Tensor:
    """(rows, columns) -> (rows, 1): a row divided by its own lies in -127 to 127."""
    return rows.abs().amax(1, keepdim=True).clamp_(min=1e-12) * (1 / 127)
