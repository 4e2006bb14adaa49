"""embeddings.py for packed batches: each different entity is lifted once, positions are sums that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from ..types import PackedInputs
    from .encoder import LukeEncoder


class PackedEmbeddings:
    """The tables are the encoder's own. dtype: of what is returned."""

    def __init__(self, encoder: LukeEncoder, dtype: torch.dtype) -> None:
        self._of_pieces, self._of_slots = encoder.embeddings, encoder.entity_embeddings
        self._dtype = dtype
        table = self._of_slots.position_embeddings.weight.detach()
        # fp64, or the differences of sums of 500 rows would lose digits
        self._sums = F.pad(table.double().cumsum(0), (0, 0, 1, 0))

    def pieces(self, inputs: PackedInputs) -> Tensor:
        """(pieces of all windows, hidden). Positions count from pad_token_id + 1 in each window."""
        part = self._of_pieces
        first = part.word_embeddings.padding_idx + 1
        positions = [torch.arange(first, first + length) for length in inputs.piece_lengths]
        states = part.word_embeddings(inputs.piece_ids) + part.position_embeddings(torch.cat(positions))
        return part.LayerNorm(states.add_(part.token_type_embeddings.weight[0])).to(self._dtype)

    def slots(self, inputs: PackedInputs) -> Tensor:
        """(slots of all windows, hidden)."""
        part = self._of_slots
        states = self._entities(inputs) + self._positions(inputs.slot_spans)
        return part.LayerNorm(states.add_(part.token_type_embeddings.weight[0])).to(self._dtype)

    def _entities(self, inputs: PackedInputs) -> Tensor:
        part = self._of_slots
        ids, rows = inputs.slot_ids.unique(return_inverse=True)
        n_known = len(part.entity_embeddings.weight)
        states = part.entity_embeddings(ids.clamp(max=n_known - 1))
        if inputs.entity_vectors is not None:
            more = ids >= n_known
            states[more] = inputs.entity_vectors[ids[more] - n_known].to(states)
        if hasattr(part, "entity_embedding_dense"):
            states = part.entity_embedding_dense(states)
        return states[rows]

    def _positions(self, spans: Tensor) -> Tensor:
        """Mean of the position vectors under each slot: a difference of two sums over the table."""
        sums = self._sums[spans[:, 1]] - self._sums[spans[:, 0]]
        return (sums / (spans[:, 1:] - spans[:, :1]).clamp(min=1)).float()
