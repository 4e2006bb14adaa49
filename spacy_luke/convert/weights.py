"""Reading the weight files of a checkpoint directory: safetensors (single, sharded), pytorch_model.bin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import srsly

from ..errors import Errors

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
        shards = sorted(set(srsly.read_json(path / name)["weight_map"].values()))
        missing = [shard for shard in shards if not (path / shard).is_file()]
        if missing:
            raise ValueError(Errors.LK704.format(path=path, files=", ".join(missing)))
        return [path / shard for shard in shards]
    raise ValueError(Errors.LK704.format(path=path, files=" or ".join((*SAFETENSORS, *PICKLES))))


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint under the names of the file, on pages of the file as far as the format
    allows: copy what you keep. No code of a pickle is run (`weights_only`).

    RAISES: LK705 if a file is truncated or damaged.
    """
    weights: dict[str, torch.Tensor] = {}
    for file in weight_files(path):
        try:
            weights.update(_read(file))
        except Exception as error:
            size = file.stat().st_size
            raise ValueError(Errors.LK705.format(file=file, size=size, error=error)) from error
    return weights


def _read(file: Path) -> dict[str, torch.Tensor]:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    import torch

    try:
        return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # files older than torch 1.6 cannot be mapped
        return torch.load(file, map_location="cpu", weights_only=True)
