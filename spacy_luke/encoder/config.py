"""The shape of a LUKE encoder, as Hugging Face's config.json writes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import Errors

# The activations that transformers' LukeConfig documents; encoder/layer.py has the functions.
ACTIVATIONS = ("gelu", "gelu_new", "relu", "silu")


@dataclass
class LukeConfig:
    """Sizes and switches of LUKE and mLUKE; defaults and field names are those of transformers'
    LukeConfig (models/luke/configuration_luke.py), so a config.json reads as it is.

    Keys of a config.json that have no field here (architectures, tokenizer_class, bert_model_name,
    cls_entity_prediction, id2label, ...) are kept in `other` and written back by `to_dict`.
    """

    vocab_size: int = 50267  # rows of the piece table
    entity_vocab_size: int = 500000  # rows of the entity table
    hidden_size: int = 768
    entity_emb_size: int = 256  # width of entity vectors, lifted to hidden_size if it differs
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"  # one of ACTIVATIONS; "gelu" is the erf form
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512  # rows of both position tables
    type_vocab_size: int = 2
    initializer_range: float = 0.02  # standard deviation of fresh weights
    layer_norm_eps: float = 1e-12
    use_entity_aware_attention: bool = True
    classifier_dropout: float | None = None
    pad_token_id: int = 1  # the first real piece has position pad_token_id + 1
    bos_token_id: int | None = 0
    eos_token_id: int | None = 2
    # Ours. True for LUKE checkpoints; False for a LUKE made from BERT, RoBERTa or XLM-R, whose
    # entity side is fresh. The default view of luke_ner follows it.
    entities_pretrained: bool = True
    other: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that make no encoder."""
        for name in _SIZES:
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(Errors.LK101.format(name=name, value=getattr(self, name)))
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(Errors.LK108.format(name=name, value=getattr(self, name)))
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(Errors.LK102.format(hidden=self.hidden_size, heads=self.num_attention_heads))
        if self.hidden_act not in ACTIVATIONS:
            raise ValueError(Errors.LK103.format(value=self.hidden_act, known=", ".join(ACTIVATIONS)))
        if not isinstance(self.pad_token_id, int) or not 0 <= self.pad_token_id < self.vocab_size:
            raise ValueError(Errors.LK109.format(value=self.pad_token_id, last=self.vocab_size - 1))
        if self.max_pieces < 1:
            raise ValueError(Errors.LK104.format(rows=self.max_position_embeddings, pad=self.pad_token_id))

    @property
    def max_pieces(self) -> int:
        """Most pieces of a window, special pieces included: the rows of the piece position table
        that lie after the row of the padding."""
        return self.max_position_embeddings - (self.pad_token_id + 1)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LukeConfig:
        """Read what config.json holds. Missing keys take transformers' defaults.

        values: the parsed config.json of a LUKE or mLUKE checkpoint.
        RETURNS: the config.
        RAISES: ValueError if the config is of another kind of model, or its sizes make no encoder.
        """
        kind = values.get("model_type", "luke")
        if kind not in ("luke", "mluke"):
            raise ValueError(Errors.LK105.format(kind=kind))
        own = {f.name for f in fields(cls)} - {"other"}
        known = {key: value for key, value in values.items() if key in own}
        other = {key: value for key, value in values.items() if key not in own}
        return cls(**known, other=other)

    @classmethod
    def from_file(cls, path: str | Path) -> LukeConfig:
        """Read a config.json. RAISES: ValueError if it is missing, not JSON, or not LUKE's."""
        path = Path(path)
        if not path.is_file():
            raise ValueError(Errors.LK106.format(path=path))
        try:
            values = json.loads(path.read_text(encoding="utf8"))
        except ValueError as err:
            raise ValueError(Errors.LK107.format(path=path, why=err)) from err
        if not isinstance(values, dict):
            raise ValueError(Errors.LK107.format(path=path, why=f"a {type(values).__name__}, not an object"))
        return cls.from_dict(values)

    def to_dict(self) -> dict[str, Any]:
        """What config.json should hold: every field, and the unknown keys as they came."""
        values = asdict(self)
        other = values.pop("other")
        return {"model_type": "luke", **other, **values}


_SIZES = (
    "vocab_size",
    "entity_vocab_size",
    "hidden_size",
    "entity_emb_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
