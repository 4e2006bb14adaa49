"""Reading the weight files of a checkpoint directory: safetensors (single, sharded), pytorch_model.bin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Errors
from .names import HARMLESS, HEADS, find_prefix, to_ours

if TYPE_CHECKING:
    import torch

# The files a checkpoint directory may keep its weights in; the first that is there is read.
SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def weight_files(path: Path) -> list[Path]:
    """The files that together hold the weights. RAISES: LK704 if there is none, or a shard is missing."""
    for name in (*SAFETENSORS, *PICKLES):
        if not (path / name).is_file():
            continue
        if not name.endswith(".json"):
            return [path / name]
        index = json.loads((path / name).read_text(encoding="utf8"))
        shards = sorted(set(index["weight_map"].values()))
        missing = [shard for shard in shards if not (path / shard).is_file()]
        if missing:
            raise ValueError(Errors.LK704.format(path=path, files=", ".join(missing)))
        return [path / shard for shard in shards]
    raise ValueError(Errors.LK704.format(path=path, files=" or ".join((*SAFETENSORS, *PICKLES))))


def read_weights(path: Path, model_type: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The weights of a checkpoint under our names: encoder, and heads. Harmless ones are left out.

    They lie on pages of the file where the format allows it, in the dtype of the file: copy what you
    keep. No code of a pickle is run (`weights_only`).

    RAISES: LK704 for missing files, LK705 if a file is truncated or damaged.
    """
    raw = read_files(path)
    prefix = find_prefix(raw)
    named = {to_ours(name, model_type, prefix): tensor for name, tensor in raw.items()}
    named = {name: tensor for name, tensor in named.items() if not HARMLESS.fullmatch(name)}
    heads = {name: tensor for name, tensor in named.items() if name.startswith(HEADS)}
    return {name: tensor for name, tensor in named.items() if name not in heads}, heads


def read_files(path: Path) -> dict[str, torch.Tensor]:
    """All weights under the names of the files, on pages of them. RAISES: LK704, LK705 as `read_weights`."""
    raw: dict[str, torch.Tensor] = {}
    for file in weight_files(path):
        try:
            raw.update(_read(file))
        except Exception as error:
            size = file.stat().st_size
            raise ValueError(Errors.LK705.format(file=file, size=size, error=error)) from error
    return raw


def _read(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # files of versions before 1.6 cannot be mapped
        return torch.load(file, map_location="cpu", weights_only=True)


def to_float32(weights: dict[str, torch.Tensor]) -> None:
    """Copy all weights from their file into memory of their own, fp32, in place."""
    import torch

    for name, tensor in weights.items():
        weights[name] = tensor.to(torch.float32, copy=True).contiguous()
