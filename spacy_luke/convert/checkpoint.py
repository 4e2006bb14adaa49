"""A checkpoint in memory, read from a directory or the hub in Hugging Face's layout (ours is one)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly

from ..encoder.config import LukeConfig
from ..errors import Errors
from ..tokenization.pieces import PieceTokenizer
from .bert_like import EntityInit, from_bert_like
from .names import HARMLESS, HEADS, PREFIXES, to_ours
from .weights import read_weights

if TYPE_CHECKING:
    import torch


@dataclass
class Checkpoint:
    """All that a LUKE is, on the CPU, in fp32."""

    config: LukeConfig
    weights: dict[str, torch.Tensor]  # under the names of LukeEncoder
    tokenizer: PieceTokenizer
    heads: dict[str, torch.Tensor] = field(default_factory=dict)  # lm_head.*, entity_predictions.*


def load_checkpoint(name_or_path: str | Path, *, entity_init: EntityInit = "mask") -> Checkpoint:
    """Read LUKE, mLUKE, Japanese LUKE (full and lite), or BERT, RoBERTa, XLM-R turned into a LUKE.

    name_or_path: a local directory.
    entity_init: what the entity side of a word-only encoder starts from, see bert_like.py.
    RAISES: ValueError: LK701 no such directory; LK703 another kind of model; LK704, LK705 weight files
        missing or damaged; LK706 vocabulary and weights disagree; LK707, LK708 weights without a use,
        or missing.
    """
    path = Path(name_or_path)
    if not path.is_dir():
        raise ValueError(Errors.LK701.format(name=name_or_path))
    values = read_config(path)
    kind = values["model_type"]
    tokenizer = PieceTokenizer.from_directory(path)
    weights, heads = split_heads(read_weights(path), kind)
    if kind != "luke":
        config, tokenizer = from_bert_like(values, weights, heads, tokenizer, entity_init)
    else:
        raise NotImplementedError
    check_weights(config, weights, tokenizer, path)
    return Checkpoint(config, weights, tokenizer, heads)


def read_config(path: Path) -> dict[str, Any]:
    """config.json as a dict. RAISES: LK702 if there is none, LK703 if it is of a model we cannot read."""
    if not (path / "config.json").is_file():
        raise ValueError(Errors.LK702.format(path=path))
    values = srsly.read_json(path / "config.json")
    kind = values.get("model_type")
    if kind not in PREFIXES:
        raise ValueError(Errors.LK703.format(path=path, found=kind, known=", ".join(PREFIXES)))
    positions = values.get("position_embedding_type", "absolute")
    if positions != "absolute":
        raise ValueError(Errors.LK703.format(path=path, found=f"{kind} with {positions}", known="absolute"))
    return values


def split_heads(
    raw: dict[str, torch.Tensor], kind: str
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Weights under our names in fp32, encoder and heads apart, the harmless ones left out."""
    weights: dict[str, torch.Tensor] = {}
    heads: dict[str, torch.Tensor] = {}
    for theirs, tensor in raw.items():
        name = to_ours(theirs, kind)
        if not HARMLESS.fullmatch(name):
            (heads if name.startswith(HEADS) else weights)[name] = tensor.float()
    return weights, heads


def check_weights(
    config: LukeConfig, weights: dict[str, torch.Tensor], tokenizer: PieceTokenizer, path: Path
) -> None:
    """Every weight has its place, every place its weight, and every piece its row."""
    import torch

    from ..encoder.encoder import LukeEncoder

    with torch.device("meta"):
        places = {name: tuple(p.shape) for name, p in LukeEncoder(config).state_dict().items()}
    missing = sorted(set(places) - set(weights))
    if missing:
        raise ValueError(Errors.LK708.format(path=path, n=len(missing), names=", ".join(missing)))
    unused = sorted(set(weights) - set(places))
    if unused:
        raise ValueError(Errors.LK707.format(path=path, n=len(unused), names=", ".join(unused)))
    if tokenizer.vocab_size > config.vocab_size:
        raise ValueError(
            Errors.LK706.format(path=path, pieces=tokenizer.vocab_size, rows=config.vocab_size)
        )
    for name, shape in places.items():
        if tuple(weights[name].shape) != shape:
            raise ValueError(
                Errors.LK709.format(path=path, name=name, found=tuple(weights[name].shape), shape=shape)
            )
