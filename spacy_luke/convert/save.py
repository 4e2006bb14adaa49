"""Writing a checkpoint as a directory of ours, which load_checkpoint reads back without any network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import numpy

from ..kb.store import new_directory
from .checkpoint import ENTITY_BIAS, ENTITY_TABLE, ENTITY_VOCAB, KIND, VERSION

if TYPE_CHECKING:
    import torch

    from ..tokenization.pieces import PieceTokenizer
    from .checkpoint import Checkpoint

# Told what is being written, and how many of how many bytes are done.
Progress = Callable[[str, int, int], None]

ROWS = 65_536  # rows of the entity table written at once

_TOKEN_KEYS = {
    "cls": ("cls_token", "bos_token"),
    "sep": ("sep_token", "eos_token"),
    "pad": ("pad_token",),
    "mask": ("mask_token",),
    "unk": ("unk_token",),
    "ent": ("entity_token_1",),
    "ent2": ("entity_token_2",),
}


def save_checkpoint(checkpoint: Checkpoint, directory: str | Path, progress: Progress | None = None) -> None:
    """Write `directory`: config.json, model.safetensors (encoder and heads, fp32), tokenizer.json,
    special_tokens_map.json, and of a full LUKE entity_table.npy, entity_bias.npy and entity_vocab/.

    An older checkpoint of ours that is there stays whole until the new one is (see kb/store.py).
    RAISES: LK301 if the directory is there and holds something else.
    """
    with new_directory(Path(directory), KIND, VERSION, {}) as new:
        values: dict[str, Any] = checkpoint.config.to_dict()
        if checkpoint.entity_vectors is not None:
            values["special_ids"] = checkpoint.special_ids
        write_json(new / "config.json", values)
        write_tokenizer(checkpoint.tokenizer, new)
        write_weights(new, {**checkpoint.weights, **checkpoint.heads})
        if checkpoint.entity_vectors is not None:
            from ..kb.entity_table import EntityTable

            EntityTable.create(new / ENTITY_TABLE, _chunks(checkpoint.entity_vectors, progress))
        if checkpoint.entity_bias is not None:
            numpy.save(new / ENTITY_BIAS, checkpoint.entity_bias)
        vocab = checkpoint.entity_vocab()
        if vocab is not None:
            vocab.save(new / ENTITY_VOCAB)


def _chunks(table: numpy.ndarray, progress: Progress | None) -> Iterator[numpy.ndarray]:
    for start in range(0, len(table), ROWS):
        chunk = table[start : start + ROWS]
        yield chunk
        if progress is not None:
            progress(ENTITY_TABLE, (start + len(chunk)) * chunk[0].nbytes, table.nbytes)


def write_weights(directory: Path, weights: dict[str, torch.Tensor]) -> None:
    """model.safetensors, with the permissions of config.json (safetensors gives them to the owner alone)."""
    from safetensors.torch import save_file

    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    shutil.copymode(directory / "config.json", directory / "model.safetensors")


def write_tokenizer(tokenizer: PieceTokenizer, directory: Path) -> None:
    """tokenizer.json, and the names of the special pieces as Hugging Face keeps them."""
    (directory / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf8")
    write_json(directory / "special_tokens_map.json", special_tokens(tokenizer))


def special_tokens(tokenizer: PieceTokenizer) -> dict[str, str]:
    """Hugging Face's names of the roles -> pieces."""
    return {key: name for role, name in tokenizer.names.items() for key in _TOKEN_KEYS[role]}


def write_json(path: Path, value: Any) -> None:
    """As transformers writes its files."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
