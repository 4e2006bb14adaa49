"""From the name of a checkpoint to a directory on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import Errors
from ..tokenization.loaders import FILES

# Everything load_checkpoint may read, but for the weights: nothing else is fetched.
_OTHERS = ("config.json", "entity_vocab.json", *FILES)


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The directory itself, or the snapshot of a hub id such as "studio-ousia/mluke-base-lite", downloaded if
    it is not in the cache. Weights in safetensors are preferred.

    RAISES: LK701 for a path that is no directory; LK712 if the hub does not give the model.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return path
    name = str(name_or_path)
    if not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name) or path.exists():
        raise ValueError(Errors.LK701.format(name=name_or_path))
    from huggingface_hub import snapshot_download

    try:
        found = Path(snapshot_download(name, allow_patterns=[*_OTHERS, "model*.safetensors*"]))
        if not any(found.glob("model*.safetensors")):
            found = Path(snapshot_download(name, allow_patterns=[*_OTHERS, "pytorch_model*.bin*"]))
    except Exception as error:  # of huggingface_hub, requests or httpx, by version
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(Errors.LK712.format(name=name, folder=Path.cwd(), kind=type(error).__name__, reason=reason)) from error
    return found
