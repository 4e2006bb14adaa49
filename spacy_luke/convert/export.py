"""Back to Hugging Face's layout: transformers' LukeModel and LukeForMaskedLM load the directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..kb.store import new_directory
from .checkpoint import KIND, VERSION
from .entities import BIAS, SPECIAL_ENTITIES, TABLE
from .export_tokenizer import write_hf_tokenizer
from .names import to_hf
from .save import write_json, write_weights

if TYPE_CHECKING:
    import numpy
    import torch

    from .checkpoint import Checkpoint


def export_hf(checkpoint: Checkpoint, directory: str | Path) -> None:
    """Write `directory`: config.json, model.safetensors, entity_vocab.json and the files of LukeTokenizer
    (byte-level BPE) or MLukeTokenizer (SentencePiece); a tokenizer.json in any case.

    A full LUKE gets its big table back, in the dtype it came in, the special rows as they are now. The
    pooler of LukeModel, which neither the authors nor we train, is left out: transformers makes a new one.
    RAISES: LK301 if the directory is there and was not written by us.
    """
    full = checkpoint.entity_vectors is not None
    with new_directory(Path(directory), f"{KIND}.hf", VERSION, {}) as new:
        weights = {**checkpoint.weights, **checkpoint.heads}
        values = checkpoint.config.to_dict()
        values.pop("special_entities")
        if full:
            ids = checkpoint.special_ids
            weights[TABLE] = _join(checkpoint.entity_vectors, weights[TABLE], ids)  # type: ignore[arg-type]
            values["entity_vocab_size"] = len(weights[TABLE])
            if BIAS in weights:
                weights[BIAS] = _join(checkpoint.entity_bias, weights[BIAS], ids)  # type: ignore[arg-type]
        values["architectures"] = ["LukeForMaskedLM" if BIAS in weights else "LukeModel"]
        write_entity_names(checkpoint, new / "entity_vocab.json")
        values["tokenizer_class"] = write_hf_tokenizer(checkpoint.tokenizer, new)
        write_json(new / "config.json", values)
        named = {to_hf(name): tensor.contiguous() for name, tensor in weights.items()}
        write_weights(new, named)


def _join(rows: numpy.ndarray, special: torch.Tensor, ids: dict[str, int]) -> torch.Tensor:
    """A copy of the rows on the disk with the special ones put in."""
    import torch

    joined = torch.tensor(rows)
    for name, row in SPECIAL_ENTITIES.items():
        if name in ids:
            joined[ids[name]] = special[row].to(joined.dtype)
    return joined


def write_entity_names(checkpoint: Checkpoint, path: Path) -> None:
    """entity_vocab.json: all names of a full LUKE, the special entities of any other."""
    vocab = checkpoint.entity_vocab()
    if vocab is None:
        write_json(path, checkpoint.special_ids)
    else:
        vocab.to_entity_vocab_json(path)
