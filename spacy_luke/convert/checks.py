"""A checkpoint is whole: every weight has its place, every place its weight, every piece its row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Errors
from .entities import BIAS

if TYPE_CHECKING:
    from .checkpoint import Checkpoint


def check_weights(checkpoint: Checkpoint, path: Path) -> None:
    """RAISES: LK706 if tokenizer, config and word table disagree; LK707 for weights without a place, LK708
    for missing ones, LK709 for a wrong shape, all by name."""
    config, weights = checkpoint.config, checkpoint.weights
    rows = len(weights.get("embeddings.word_embeddings.weight", ()))
    if rows and not checkpoint.tokenizer.vocab_size <= config.vocab_size == rows:
        pieces = checkpoint.tokenizer.vocab_size
        raise ValueError(Errors.LK706.format(path=path, pieces=pieces, config=config.vocab_size, rows=rows))
    places = encoder_shapes(checkpoint) | head_shapes(checkpoint)
    given = weights | checkpoint.heads
    missing = sorted(set(places) - set(given))
    if missing:
        raise ValueError(Errors.LK708.format(path=path, n=len(missing), names=", ".join(missing)))
    unused = sorted(set(given) - set(places))
    if unused:
        raise ValueError(Errors.LK707.format(path=path, n=len(unused), names=", ".join(unused)))
    for name, shape in places.items():
        found = tuple(given[name].shape)
        if found != shape:
            raise ValueError(Errors.LK709.format(path=path, name=name, found=found, shape=shape))


def encoder_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """What LukeEncoder wants, by name."""
    from ..encoder.encoder import empty_encoder

    encoder = empty_encoder(checkpoint.config)
    return {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()}


def head_shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    """What the pretraining heads want, for those of which anything is there."""
    hidden, emb = checkpoint.config.hidden_size, checkpoint.config.entity_emb_size
    heads = {
        "lm_head.": {
            "lm_head.dense.weight": (hidden, hidden),
            "lm_head.dense.bias": (hidden,),
            "lm_head.layer_norm.weight": (hidden,),
            "lm_head.layer_norm.bias": (hidden,),
            "lm_head.bias": (checkpoint.config.vocab_size,),
        },
        "entity_predictions.": {
            "entity_predictions.transform.dense.weight": (emb, hidden),
            "entity_predictions.transform.dense.bias": (emb,),
            "entity_predictions.transform.LayerNorm.weight": (emb,),
            "entity_predictions.transform.LayerNorm.bias": (emb,),
            BIAS: (checkpoint.config.entity_vocab_size,),
        },
    }
    found: dict[str, tuple[int, ...]] = {}
    for start, shapes in heads.items():
        if any(name.startswith(start) for name in checkpoint.heads):
            found |= shapes
    return found
