"""A checkpoint in memory, read from a directory or the hub, in Hugging Face's layout or ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from ..encoder.config import LukeConfig
from ..errors import Errors
from ..kb.store import MANIFEST, find_directory, read_manifest
from ..tokenization.pieces import PieceTokenizer
from .bert_like import EntityInit, copy_queries, from_bert_like
from .checks import check_weights
from .entities import SPECIAL_ENTITIES, find_special_ids, split_table
from .hub import find_checkpoint
from .markers import add_markers
from .names import PREFIXES
from .weights import read_weights, to_float32

if TYPE_CHECKING:
    import torch

    from ..kb.entity_vocab import EntityVocab

# Our directory: config.json, model.safetensors, tokenizer.json, special_tokens_map.json, a manifest with
# the sizes of all files, and for a full LUKE:
ENTITY_TABLE = "entity_table.npy"  # (entities, emb) fp16 or fp32, for kb.entity_table.EntityTable
ENTITY_BIAS = "entity_bias.npy"  # (entities,) of the masked-entity head
ENTITY_VOCAB = "entity_vocab"  # directory of a kb.entity_vocab.EntityVocab

# What config.json says about the files it lies beside, not about the model.
_OF_FILES = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version")

KIND, VERSION = "spacy_luke.checkpoint", 1


@dataclass
class Checkpoint:
    """All that a LUKE is. Weights are fp32 copies on the CPU; the entity table stays on the disk."""

    config: LukeConfig
    weights: dict[str, torch.Tensor]  # under the names of LukeEncoder
    tokenizer: PieceTokenizer
    heads: dict[str, torch.Tensor] = field(default_factory=dict)  # lm_head.*, entity_predictions.*
    # Row of each special entity in `entity_vectors`; in `weights` they have the rows of SPECIAL_ENTITIES.
    special_ids: dict[str, int] = field(default_factory=lambda: dict(SPECIAL_ENTITIES))
    # A full LUKE's table and bias, mapped from their file: copy rows before use, never write.
    entity_vectors: numpy.ndarray | None = None  # (entities, emb) fp16 or fp32
    entity_bias: numpy.ndarray | None = None  # (entities,)
    entity_names: Path | None = None  # an entity_vocab.json, or the directory of an EntityVocab

    def entity_vocab(self) -> EntityVocab | None:
        """The names of the rows of `entity_vectors`; reading an entity_vocab.json of mLUKE takes its time."""
        from ..kb.entity_vocab import EntityVocab

        if self.entity_names is None:
            return None
        if self.entity_names.is_dir():
            return EntityVocab.open(self.entity_names)
        return EntityVocab.from_file(self.entity_names)


def load_checkpoint(name_or_path: str | Path, *, entity_init: EntityInit = "mask") -> Checkpoint:
    """Read LUKE, mLUKE, Japanese LUKE (full and lite), or BERT, RoBERTa, XLM-R turned into a LUKE.

    LUKE: the encoder keeps the special entities only, in the order [PAD], [UNK], [MASK], [MASK2]; their ids
    in the checkpoint are looked up, never assumed. The rest of the table is data. <ent> and <ent2> and the
    queries of entity-aware attention are added where they are missing (see bert_like.py).

    name_or_path: a local directory in Hugging Face's layout or written by save_checkpoint, or a hub id.
    entity_init: what the entity side of a word-only encoder starts from: "mask" (the word vector of the mask
        piece and the word positions) or "random" (as LUKE's pretraining starts), see bert_like.py.
    RAISES: ValueError: LK701 no such directory; LK712 hub unreachable; LK702, LK703 not a model we know;
        LK704, LK705 weight files missing or damaged; LK706 vocabulary and weights disagree; LK707, LK708,
        LK709 weights without a use, missing, or of another shape; LK710, LK711 special entities not
        found; LK2xx tokenizer files.
    """
    path = find_directory(find_checkpoint(name_or_path))
    if (path / MANIFEST).is_file() and f'"{KIND}"' in (path / MANIFEST).read_text(encoding="utf8"):
        read_manifest(path, KIND, VERSION)  # notices files that were cut off
    values = read_config(path)
    kind = values["model_type"]
    tokenizer = PieceTokenizer.from_directory(path)
    weights, heads = read_weights(path, kind)
    if kind != "luke":
        to_float32(weights)
        to_float32(heads)
        checkpoint = Checkpoint(*from_bert_like(values, weights, heads, tokenizer, entity_init, path), heads)
    elif "special_entities" in values:
        to_float32(weights)
        to_float32(heads)
        checkpoint = _ours(values, weights, heads, tokenizer, path)
    else:
        checkpoint = _from_luke(values, weights, heads, tokenizer, path)
    check_weights(checkpoint, path)
    return checkpoint


def _ours(values, weights, heads, tokenizer, path: Path) -> Checkpoint:
    ids = values.pop("special_ids", values["special_entities"])
    return Checkpoint(
        LukeConfig.from_dict(values),
        weights,
        tokenizer,
        heads,
        ids,
        _map(path / ENTITY_TABLE),
        _map(path / ENTITY_BIAS),
        path / ENTITY_VOCAB if (path / ENTITY_VOCAB).is_dir() else None,
    )


def _map(path: Path) -> numpy.ndarray | None:
    return numpy.load(path, mmap_mode="r") if path.is_file() else None


def _from_luke(values, weights, heads, tokenizer, path: Path) -> Checkpoint:
    config = LukeConfig.from_dict(values)
    names = path / "entity_vocab.json"
    ids = find_special_ids(names)
    vectors, bias = split_table(weights, heads, ids, config.entity_vocab_size, path)
    to_float32(weights)
    to_float32(heads)
    tokenizer = add_markers(weights, heads, tokenizer, spare_rows=False)
    if config.use_entity_aware_attention:
        copy_queries(weights, config.num_hidden_layers)
    config.vocab_size = max(config.vocab_size, tokenizer.vocab_size)
    config.entity_vocab_size = len(SPECIAL_ENTITIES)
    config.other["special_entities"] = dict(SPECIAL_ENTITIES)
    full = vectors is not None
    return Checkpoint(
        config,
        weights,
        tokenizer,
        heads,
        ids if full else dict(SPECIAL_ENTITIES),
        vectors,
        bias,
        names if full else None,
    )


def read_config(path: Path) -> dict[str, Any]:
    """config.json as a dict. RAISES: LK702 if there is none or it is no JSON object, LK703 if it is of a model
    that cannot be a LUKE."""
    try:
        values = json.loads((path / "config.json").read_text(encoding="utf8"))
        kind = values.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(Errors.LK702.format(path=path, error=error)) from error
    if kind not in PREFIXES:
        raise ValueError(Errors.LK703.format(path=path, found=kind, known=", ".join(PREFIXES)))
    positions = values.get("position_embedding_type") or "absolute"
    if positions != "absolute":
        found = f"{kind} with {positions} positions"
        raise ValueError(Errors.LK703.format(path=path, found=found, known=", ".join(PREFIXES)))
    return {key: value for key, value in values.items() if key not in _OF_FILES}
