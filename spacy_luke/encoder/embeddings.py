"""What enters the encoder: pieces of the text, and entity slots laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .dropout import Dropout
from .linear import Linear

if TYPE_CHECKING:
    from .config import LukeConfig


class PieceEmbeddings(nn.Module):
    """piece + position + type, LayerNorm, dropout (RoBERTa's embeddings; `embeddings.*`)."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        hidden, pad = config.hidden_size, config.pad_token_id
        # padding_idx keeps the padding's rows out of training, as in transformers.
        self.word_embeddings = nn.Embedding(config.vocab_size, hidden, padding_idx=pad)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, hidden, padding_idx=pad)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor | None) -> Tensor:
        """Embed pieces. Positions count from pad_token_id + 1 by index; padding has pad_token_id:

            pieces     <s> Tokyo  is  big </s> <pad>        (pad_token_id 1)
            positions   2    3    4    5    6    1

        For windows padded at the right this is transformers' rule. It differs where the padding's
        id stands inside a text (someone wrote "[PAD]"): transformers takes it for padding, gives it
        pad_token_id and does not count it; here it is a piece like any other.

        ids: (batch, pieces) int64. mask: (batch, pieces) bool, False = padding.
        types: (batch, pieces) int64, None = all 0.
        RETURNS: (batch, pieces, hidden).
        """
        pad = self.word_embeddings.padding_idx
        positions = torch.arange(pad + 1, pad + 1 + ids.shape[1], device=ids.device)
        positions = torch.where(mask, positions, pad)
        states = self.word_embeddings(ids) + self.position_embeddings(positions)
        return self.dropout(self.LayerNorm(states + _types(self.token_type_embeddings, types)))


class EntityEmbeddings(nn.Module):
    """entity + mean position + type, LayerNorm, dropout (LUKE section 3.1; `entity_embeddings.*`).

    transformers gives row 0 of the table no gradient (padding_idx=0). Here every row learns: in
    "lite" checkpoints row 0 is [MASK], and padded slots get no gradient anyway.
    """

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        hidden, emb = config.hidden_size, config.entity_emb_size
        self.entity_embeddings = nn.Embedding(config.entity_vocab_size, emb)
        if emb != hidden:
            self.entity_embedding_dense = Linear(emb, hidden, bias=False)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, hidden)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, hidden)
        self.LayerNorm = nn.LayerNorm(hidden, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(self, ids: Tensor, positions: Tensor, types: Tensor | None, vectors: Tensor | None) -> Tensor:
        """Embed entity slots.

        ids: (batch, slots) int64, rows of the table, then of `vectors`.
        positions: (batch, slots, mention) int64, first special piece = 0, -1 = nothing.
        types: (batch, slots) int64, None = all 0.
        vectors: (known, emb), rows that continue the table, or None.
        RETURNS: (batch, slots, hidden).
        """
        table = self.entity_embeddings.weight
        if vectors is not None:
            table = torch.cat([table, vectors.to(table)])
        states = F.embedding(ids, table)
        if hasattr(self, "entity_embedding_dense"):
            states = self.entity_embedding_dense(states)
        states = states + mean_position(positions, self.position_embeddings.weight)
        return self.dropout(self.LayerNorm(states + _types(self.token_type_embeddings, types)))


def mean_position(positions: Tensor, table: Tensor) -> Tensor:
    """Mean of the position vectors under each slot; a slot over nothing gets zeros.

    positions: (batch, slots, mention) int64, -1 = nothing. table: (positions, hidden).
    RETURNS: (batch, slots, hidden). The (batch, slots, mention, hidden) array is never built.
    """
    batch, slots, mention = positions.shape
    real = (positions >= 0).to(table.dtype)
    if not positions.numel():
        return table.new_zeros(batch, slots, table.shape[1])
    sums = F.embedding_bag(
        positions.clamp(min=0).view(-1, mention), table, mode="sum", per_sample_weights=real.view(-1, mention)
    )
    return sums.view(batch, slots, -1) / real.sum(-1, keepdim=True).clamp(min=1e-7)


def _types(table: nn.Embedding, types: Tensor | None) -> Tensor:
    """Rows of the type table; None means row 0 for all, one broadcast row."""
    return table.weight[0] if types is None else table(types)
