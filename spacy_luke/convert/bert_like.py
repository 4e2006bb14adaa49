"""BERT, RoBERTa or XLM-R turned into a LUKE: what the entity side starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..encoder.config import LukeConfig
from ..errors import Errors
from ..tokenization.pieces import PieceTokenizer
from .entities import SPECIAL_ENTITIES, TABLE
from .markers import add_markers

if TYPE_CHECKING:
    import torch

EntityInit = Literal["mask", "random"]


# What a config of BERT says that means the same in LUKE.
_KEPT = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "initializer_range",
    "layer_norm_eps",
    "classifier_dropout",
)


def from_bert_like(
    values: dict[str, Any],
    weights: dict[str, torch.Tensor],
    heads: dict[str, torch.Tensor],
    tokenizer: PieceTokenizer,
    init: EntityInit,
    path: Path,
) -> tuple[LukeConfig, dict[str, torch.Tensor], PieceTokenizer]:
    """Complete `weights` (and `heads`) in place into those of a LUKE.

    - Positions: BERT counts pieces from row 0, RoBERTa from pad_token_id + 1 of its config; we count
      from pad + 1 of the *tokenizer*, which is the piece a window is padded with (a config may be wrong:
      multilingual-e5 is a BERT with XLM-R's vocabulary and says pad_token_id 0 for 1).
    - Token types stay as they are.
    - <ent> and <ent2> are added to the vocabulary, their rows started from "@" and "#"
      (luke/utils/convert_luke_to_huggingface_model.py; the authors found the effect minor).
    - Queries of entity-aware attention are copies, see `copy_queries`; the entity side: `entity_side`.

    values: config.json. path: for messages.
    RETURNS: the config, `entities_pretrained` False, the weights, and the tokenizer with markers.
    RAISES: LK706 if tokenizer, config and word table disagree, LK708 if the embeddings are not there.
    """
    word_side = ("word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight")
    missing = [f"embeddings.{name}" for name in word_side if f"embeddings.{name}" not in weights]
    if missing:
        raise ValueError(Errors.LK708.format(path=path, n=len(missing), names=", ".join(missing)))
    rows = len(weights["embeddings.word_embeddings.weight"])
    if tokenizer.vocab_size > rows or values.get("vocab_size", rows) != rows:
        pieces, config = tokenizer.vocab_size, values.get("vocab_size")
        raise ValueError(Errors.LK706.format(path=path, pieces=pieces, config=config, rows=rows))
    pad = tokenizer.pad
    first = 0 if values["model_type"] == "bert" else values.get("pad_token_id", 1) + 1
    positions = "embeddings.position_embeddings.weight"
    weights[positions] = shift_positions(weights[positions], first, pad)
    tokenizer = add_markers(weights, heads, tokenizer, spare_rows=True)
    copy_queries(weights, values["num_hidden_layers"])
    std = values.get("initializer_range", 0.02)
    weights.update(entity_side(weights, mask=tokenizer.mask, pad=pad, init=init, std=std))
    config = LukeConfig(
        vocab_size=len(weights["embeddings.word_embeddings.weight"]),
        entity_vocab_size=len(SPECIAL_ENTITIES),
        entity_emb_size=values["hidden_size"],
        max_position_embeddings=len(weights[positions]),
        type_vocab_size=len(weights["embeddings.token_type_embeddings.weight"]),
        use_entity_aware_attention=True,
        pad_token_id=pad,
        bos_token_id=tokenizer.cls,
        eos_token_id=tokenizer.sep,
        entities_pretrained=False,
        other={"model_type": "luke", "special_entities": dict(SPECIAL_ENTITIES)},
        **{key: values[key] for key in _KEPT if key in values},
    )
    return config, weights, tokenizer


def shift_positions(table: torch.Tensor, first: int, pad: int) -> torch.Tensor:
    """The position table with the row of the first piece at pad + 1, where our encoder looks for it.

    table: (positions, hidden); first: row of the first piece in `table` (0 for BERT, pad + 1 of the
    config for RoBERTa). Rows in front of the first piece are never read and are 0.
    """
    import torch

    filler = torch.zeros((pad + 1, table.shape[1]), dtype=table.dtype)
    return torch.cat([filler, table[first:]])


def entity_side(
    weights: dict[str, torch.Tensor],
    *,
    mask: int,
    pad: int,
    init: EntityInit,
    std: float,
) -> dict[str, torch.Tensor]:
    """The weights a word-only encoder lacks.

    weights: the word side under our names, the position table shifted already.
    mask, pad: ids of the special pieces. std: `initializer_range`.

    init="mask" starts a slot as the encoder's own masked word would look at its place: [MASK] and
    [MASK2] are the word row of the mask piece, entity position i is the word position of piece i,
    entity type and LayerNorm are copied; the width is the hidden size, so there is no dense layer.
    In fine-tuning without entity pretraining this is what the experiments of this project were run with.
    init="random" draws table, positions and types from normal(0, std), LayerNorm at identity, as the
    authors start pretraining (luke/model.py, class EntityEmbeddings; `init_weights`).
    """
    import torch

    words = weights["embeddings.word_embeddings.weight"]
    positions = weights["embeddings.position_embeddings.weight"]
    types = weights["embeddings.token_type_embeddings.weight"]
    hidden = words.shape[1]
    table = torch.zeros((len(SPECIAL_ENTITIES), hidden))
    norm_weight = weights["embeddings.LayerNorm.weight"].clone()
    norm_bias = weights["embeddings.LayerNorm.bias"].clone()
    if init == "mask":
        for name in ("[UNK]", "[MASK]", "[MASK2]"):
            table[SPECIAL_ENTITIES[name]] = words[mask]
        # entity positions count from 0 for the first special piece, word positions from pad + 1
        entity_positions = torch.zeros_like(positions)
        entity_positions[: len(positions) - pad - 1] = positions[pad + 1 :]
        entity_types = types.clone()
    else:
        table[1:].normal_(0.0, std)
        entity_positions = torch.empty_like(positions).normal_(0.0, std)
        entity_types = torch.empty_like(types).normal_(0.0, std)
        norm_weight, norm_bias = torch.ones_like(norm_weight), torch.zeros_like(norm_bias)
    start = "entity_embeddings."
    return {
        TABLE: table,
        start + "position_embeddings.weight": entity_positions,
        start + "token_type_embeddings.weight": entity_types,
        start + "LayerNorm.weight": norm_weight,
        start + "LayerNorm.bias": norm_bias,
    }


def copy_queries(weights: dict[str, torch.Tensor], layers: int) -> None:
    """Add the queries of entity-aware attention that are missing, each a copy of its layer's query, so
    the encoder starts equal to one with plain attention (LUKE, section 3.3 of the paper)."""
    for layer in range(layers):
        start = f"encoder.layer.{layer}.attention.self."
        for query in ("w2e_query", "e2w_query", "e2e_query"):
            for part in ("weight", "bias"):
                if f"{start}{query}.{part}" not in weights:
                    weights[f"{start}{query}.{part}"] = weights[f"{start}query.{part}"].clone()
