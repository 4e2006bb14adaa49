"""A pipe's model in its directory: the weights of the encoder lie in a file of their own, which loading maps.

    model                  what Thinc writes: heads, tokenizer, config
    encoder.safetensors    weights of the encoder, if the pipe has one of its own

Inside `model` they would be copied four times before they are there: read, unpacked twice, made tensors of.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Errors
from .shim import LukeShim

if TYPE_CHECKING:
    from thinc.api import Model

NAME = "encoder.safetensors"


def model_to_disk(model: Model, path: str | Path) -> None:
    """Write a model to `path`, and its encoder's weights beside it."""
    path = Path(path)
    shims = _shims(model)
    for shim in shims:
        shim.weights_beside = True
    try:
        model.to_disk(path)
    finally:
        for shim in shims:
            shim.weights_beside = False
    for shim in shims:
        # whoever has the old file mapped, this process perhaps, keeps it
        new = path.with_name(f"{NAME}.new")
        new.write_bytes(shim.weights_to_bytes())
        os.replace(new, path.with_name(NAME))


def model_from_disk(model: Model, path: str | Path) -> None:
    """Read a model from `path`. RAISES ValueError LK409: the weights do not lie beside it."""
    path = Path(path)
    model.from_disk(path)
    for shim in _shims(model):
        if shim.waits_for_weights:
            file = path.with_name(NAME)
            if not file.is_file():
                raise ValueError(Errors.LK409.format(path=file))
            shim.weights_from_file(file)


def _shims(model: Model) -> list[LukeShim]:
    """Encoders that were loaded, or that `model.from_disk` has just made."""
    shims = [shim for node in model.walk() for shim in node.shims if isinstance(shim, LukeShim)]
    return [shim for shim in shims if shim.is_loaded or shim.waits_for_weights]
