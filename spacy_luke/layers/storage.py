"""How the weights of an encoder lie in a saved pipeline: safetensors, in full or half precision."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import Errors

if TYPE_CHECKING:
    import torch

Storage = Literal["float32", "float16"]


def pack_weights(weights: Mapping[str, torch.Tensor], storage: Storage) -> bytes:
    """Weights as the bytes of a safetensors file. "float16" takes half the room and rounds each weight to 11
    significant bits (a relative error of 0.05 % at most).

    RAISES ValueError LK404: another storage; LK407: a weight that float16 cannot hold.
    """
    import torch
    from safetensors.torch import save

    if storage not in ("float32", "float16"):
        raise ValueError(Errors.LK404.format(value=storage, name="storage", options="float32, float16"))
    packed = {name: value.to(getattr(torch, storage)).contiguous() for name, value in weights.items()}
    for name, value in packed.items():
        if storage == "float16" and not value.isfinite().all():
            raise ValueError(Errors.LK407.format(name=name, value=weights[name].abs().max().item()))
    return save(packed)


def unpack_weights(data: bytes) -> dict[str, torch.Tensor]:
    """The weights that `pack_weights` packed, float32 however they were stored."""
    from safetensors.torch import load

    return {name: value.float() for name, value in load(data).items()}


def map_weights(path: Path) -> dict[str, torch.Tensor]:
    """The same from a file. Weights stored as float32 are mapped: read when they are used, shared between
    processes, copied only where they are trained."""
    from safetensors.torch import load_file

    weights = load_file(path)
    if os.name == "nt":  # Windows lets nobody write a file that is mapped
        weights = {name: value.clone() for name, value in weights.items()}
    return {name: value.float() for name, value in weights.items()}
