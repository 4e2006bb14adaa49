"""One layer of the encoder. Module names are the names of the checkpoint's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Memory, Queries, attend, pieces_and_itself
from .dropout import Dropout
from .linear import Linear

if TYPE_CHECKING:
    from ..types import SlotView
    from .config import LukeConfig

_FUNCTIONS = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
}


def activation(name: str):
    """The function of config.hidden_act."""
    return _FUNCTIONS[name]


class SelfAttention(nn.Module):
    """Projections to heads and back; with entity-aware attention three more query matrices."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.heads = config.num_attention_heads
        self.entity_aware = config.use_entity_aware_attention
        self.dropout = config.attention_probs_dropout_prob
        self.query = Linear(hidden, hidden)
        self.key = Linear(hidden, hidden)
        self.value = Linear(hidden, hidden)
        if self.entity_aware:
            self.w2e_query = Linear(hidden, hidden)
            self.e2w_query = Linear(hidden, hidden)
            self.e2e_query = Linear(hidden, hidden)

    def forward(
        self,
        pieces: Tensor,
        slots: Tensor | None,
        piece_mask: Tensor,
        slot_mask: Tensor | None,
        view: SlotView,
        read_pieces: bool = True,
    ) -> tuple[Tensor | None, Tensor | None]:
        """pieces: (batch, pieces, hidden). slots: (batch, slots, hidden) or None. Masks: bool.
        RETURNS: contexts of the same shapes; None for pieces that nobody reads."""
        of_pieces = self._memory(pieces, piece_mask)
        of_slots = None if slots is None else self._memory(slots, slot_mask)
        queries = self._queries(pieces, slots, view, read_pieces)
        contexts = attend(queries, of_pieces, of_slots, view, self.dropout if self.training else 0.0)
        return tuple(None if c is None else c.transpose(1, 2).flatten(2) for c in contexts)

    def ask(self, slots: Tensor, pieces: Tensor, piece_mask: Tensor, slot_mask: Tensor) -> Tensor:
        """Contexts of slots alone in the view "words", whose pieces do not see them."""
        of_pieces, of_slots = self._memory(pieces, piece_mask), self._memory(slots, slot_mask)
        entity_aware = (self.e2w_query, self.e2e_query) if self.entity_aware else (self.query, self.query)
        e2w, e2e = (self._split(query(slots)) for query in entity_aware)
        contexts = pieces_and_itself(e2w, e2e, of_pieces, of_slots, self.dropout if self.training else 0.0)
        return contexts.transpose(1, 2).flatten(2)

    def _memory(self, states: Tensor, mask: Tensor) -> Memory:
        return Memory(self._split(self.key(states)), self._split(self.value(states)), mask)

    def _queries(self, pieces: Tensor, slots: Tensor | None, view: SlotView, read_pieces: bool) -> Queries:
        w2w = self._split(self.query(pieces)) if read_pieces else None
        if slots is None:
            return Queries(w2w)
        if not self.entity_aware:
            e2e = self._split(self.query(slots))
            return Queries(w2w, w2w, e2e, e2e)
        w2e = self._split(self.w2e_query(pieces)) if view == "full" and read_pieces else None
        return Queries(w2w, w2e, self._split(self.e2w_query(slots)), self._split(self.e2e_query(slots)))

    def _split(self, states: Tensor) -> Tensor:
        """(batch, rows, hidden) -> (batch, heads, rows, head)"""
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Residual(nn.Module):
    """dense, dropout, added to what came in, LayerNorm."""

    def __init__(self, width: int, config: LukeConfig) -> None:
        super().__init__()
        self.dense = Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

    def forward(self, states: Tensor, came_in: Tensor) -> Tensor:
        """states: (batch, rows, width). came_in: (batch, rows, hidden). RETURNS: like came_in."""
        return self.LayerNorm(self.dropout(self.dense(states)) + came_in)


class Layer(nn.Module):
    """Attention, then a feed-forward network, the same weights for pieces and slots."""

    def __init__(self, config: LukeConfig) -> None:
        super().__init__()
        attention = {"self": SelfAttention(config), "output": Residual(config.hidden_size, config)}
        self.attention = nn.ModuleDict(attention)
        self.intermediate = nn.ModuleDict({"dense": Linear(config.hidden_size, config.intermediate_size)})
        self.output = Residual(config.intermediate_size, config)
        self.activation = activation(config.hidden_act)

    def forward(
        self,
        pieces: Tensor,
        slots: Tensor | None,
        piece_mask: Tensor,
        slot_mask: Tensor | None,
        view: SlotView,
        read_pieces: bool = True,
    ) -> tuple[Tensor | None, Tensor | None]:
        """pieces: (batch, pieces, hidden). slots: (batch, slots, hidden) or None. Masks: bool.
        RETURNS: the next states, of the same shapes; None for pieces that nobody reads."""
        of_pieces, of_slots = self.attention["self"](pieces, slots, piece_mask, slot_mask, view, read_pieces)
        next_pieces = None if of_pieces is None else self._rest(of_pieces, pieces)
        return next_pieces, None if slots is None else self._rest(of_slots, slots)

    def ask(self, slots: Tensor, pieces: Tensor, piece_mask: Tensor, slot_mask: Tensor) -> Tensor:
        """The next states of slots alone in the view "words". pieces: those that this layer was given."""
        return self._rest(self.attention["self"].ask(slots, pieces, piece_mask, slot_mask), slots)

    def _rest(self, contexts: Tensor, states: Tensor) -> Tensor:
        states = self.attention["output"](contexts, states)
        return self.output(self.activation(self.intermediate["dense"](states)), states)
