"""The two pretraining heads: which piece, and which entity, stood under a mask.

Their `decoder.weight` is a table of the encoder. After `load_state_dict(..., assign=True)`, which puts
a tensor of its own into every place, call `tie` again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .encoder import init_weights
from .layer import activation

if TYPE_CHECKING:
    from .config import LukeConfig
    from .encoder import LukeEncoder


class MaskedWordHead(nn.Module):
    """Scores of all pieces (`lm_head.*` of LukeForMaskedLM; RoBERTa's head, GELU whatever
    config.hidden_act says). `decoder.weight` is the piece table of the encoder, `decoder.bias` is
    `bias`: a checkpoint may have all these names."""

    def __init__(self, config: LukeConfig, encoder: LukeEncoder) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size, device="meta")
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        init_weights(self.dense, config.initializer_range)
        self.tie(encoder)

    def tie(self, encoder: LukeEncoder) -> None:
        """Score with the piece table of this encoder."""
        self.decoder.weight = encoder.embeddings.word_embeddings.weight
        self.decoder.bias = self.bias

    def forward(self, states: Tensor) -> Tensor:
        """states: (..., hidden). RETURNS: (..., vocab) logits."""
        return self.decoder(self.layer_norm(F.gelu(self.dense(states))))


class EntityTransform(nn.Module):
    """States into the space of entity vectors: dense, activation, LayerNorm."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.entity_emb_size)
        self.LayerNorm = nn.LayerNorm(config.entity_emb_size, eps=config.layer_norm_eps)
        self.activation = activation(config.hidden_act)

    def forward(self, states: Tensor) -> Tensor:
        """states: (..., hidden). RETURNS: (..., emb)."""
        return self.LayerNorm(self.activation(self.dense(states)))


class MaskedEntityHead(nn.Module):
    """Scores of entities (`entity_predictions.*` of LukeForMaskedLM). `decoder.weight` is the entity
    table of the encoder. Linking asks about candidates only: `head.score(head.transform(states), ...)`."""

    def __init__(self, config: LukeConfig, encoder: LukeEncoder) -> None:
        super().__init__()
        self.transform = EntityTransform(config)
        self.decoder = nn.Linear(config.entity_emb_size, config.entity_vocab_size, bias=False, device="meta")
        self.bias = nn.Parameter(torch.zeros(config.entity_vocab_size))
        init_weights(self.transform, config.initializer_range)
        self.tie(encoder)

    def tie(self, encoder: LukeEncoder) -> None:
        """Score with the entity table of this encoder."""
        self.decoder.weight = encoder.entity_embeddings.entity_embeddings.weight

    def forward(self, states: Tensor) -> Tensor:
        """Scores of the whole table. states: (..., hidden). RETURNS: (..., entities) logits."""
        return self.decoder(self.transform(states)) + self.bias

    @staticmethod
    def score(queries: Tensor, vectors: Tensor, bias: Tensor | None = None) -> Tensor:
        """Scores of given candidates.

        queries: (..., emb), what `transform` returned. vectors: (..., candidates, emb).
        bias: (..., candidates) of those candidates, None = 0.
        RETURNS: (..., candidates) logits.
        """
        scores = (vectors @ queries.unsqueeze(-1)).squeeze(-1)
        return scores if bias is None else scores + bias
