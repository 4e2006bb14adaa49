"""The fast encoder: the numbers of encoder.py for prediction on CPUs, without padding.

All windows of a batch stand one below the other; a layer looks at windows only where it attends:

    pieces   <s> Tokyo </s> | <s> Kyoto is old </s>        lengths 3, 5
    slots    Tokyo          | Kyoto  old                   lengths 1, 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Queries
from .packed_attention import Rows, attend_alone, attend_window
from .packed_embeddings import PackedEmbeddings
from .packed_weights import PackedLinear

if TYPE_CHECKING:
    from ..types import PackedInputs, SlotView
    from .encoder import LukeEncoder
    from .layer import Layer


class WordStates(NamedTuple):
    """What the pieces of a batch come to, and what slots may ask of them later."""

    pieces: Tensor | None  # (pieces of all windows, hidden) last layer, None if nobody reads it
    memory: list[tuple[Tensor, Tensor]]  # keys and values of each layer, both (pieces of all windows, hidden)


class PackedEncoder:
    """A copy of a LukeEncoder's layers, made for prediction. It does not notice when the encoder's weights
    change: make another one. Embedding tables are shared with the encoder, layers are copied: 4 bytes (fp32) or
    2 (bfloat16) for each of their weights.

    dtype: of weights and states inside; what is returned is fp32.
    """

    def __init__(self, encoder: LukeEncoder, dtype: torch.dtype = torch.float32) -> None:
        self._embeddings = PackedEmbeddings(encoder, dtype)
        self._layers = [PackedLayer(layer, encoder.config.hidden_act, dtype) for layer in encoder.encoder["layer"]]

    def __call__(self, inputs: PackedInputs, view: SlotView, read_pieces: bool = True) -> tuple[Tensor | None, Tensor]:
        """Last states of pieces and slots, as LukeEncoder.forward gives them.

        read_pieces: False if nobody reads the states of pieces; the last layer leaves them out.
        RETURNS: (pieces of all windows, hidden) or None, (slots of all windows, hidden).
        """
        if view == "words" or not len(inputs.slot_ids):
            words = self.words(inputs, read_pieces)
            return words.pieces, self.ask(inputs, words)
        states = torch.cat([self._embeddings.pieces(inputs), self._embeddings.slots(inputs)])
        for layer, is_read in self._each_layer(read_pieces):
            states = layer(states, inputs, is_read)
        n_slots = len(inputs.slot_ids)
        return (states[:-n_slots].float() if read_pieces else None), states[-n_slots:].float()

    def words(self, inputs: PackedInputs, read_pieces: bool = True) -> WordStates:
        """Pieces that see pieces only: all of the view "words" that does not depend on slots."""
        pieces = self._embeddings.pieces(inputs)
        memory = []
        for layer, is_read in self._each_layer(read_pieces):
            memory.append(layer.memory(pieces))
            pieces = layer.words(pieces, memory[-1], inputs) if is_read else None
        return WordStates(None if pieces is None else pieces.float(), memory)

    def ask(self, inputs: PackedInputs, words: WordStates) -> Tensor:
        """States of slots in the view "words", over pieces of the same windows that are there already.
        RETURNS: (slots of all windows, hidden)."""
        slots = self._embeddings.slots(inputs)
        if len(slots):
            for layer, memory in zip(self._layers, words.memory):
                slots = layer.ask(slots, memory, inputs)
        return slots.float()

    def _each_layer(self, read_pieces: bool) -> Iterator[tuple[PackedLayer, bool]]:
        """Layers, and whether somebody reads the pieces that come out: the next layer does."""
        last = self._layers[-1]
        return ((layer, read_pieces or layer is not last) for layer in self._layers)


class PackedLayer:
    """layer.py's Layer for packed states."""

    def __init__(self, layer: Layer, act: str, dtype: torch.dtype) -> None:
        attention = layer.attention["self"]
        self._heads = attention.heads
        for name in ("query", "key", "value"):
            setattr(self, f"_{name}", PackedLinear(getattr(attention, name), dtype))
        self._aware = None
        if attention.entity_aware:
            queries = (attention.w2e_query, attention.e2w_query, attention.e2e_query)
            self._aware = [PackedLinear(query, dtype) for query in queries]
        self._dense, self._norm = PackedLinear(layer.attention["output"].dense, dtype), _norm(layer.attention["output"])
        self._inner = PackedLinear(layer.intermediate["dense"], dtype, act)
        self._outer, self._outer_norm = PackedLinear(layer.output.dense, dtype), _norm(layer.output)

    def memory(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values, both (rows, hidden)."""
        return self._key(states), self._value(states)

    def __call__(self, states: Tensor, inputs: PackedInputs, is_read: bool) -> Tensor:
        """The view "full". states: (pieces, then slots, hidden). RETURNS: the next states; of slots alone if nobody
        reads pieces."""
        n = len(inputs.piece_ids)
        memory = self.memory(states)
        e2w, e2e = self._slot_queries(states[n:])
        w2w = w2e = None
        if is_read:
            w2w = self._query(states[:n])
            w2e = self._aware[0](states[:n]) if self._aware else w2w
        states = states if is_read else states[n:]
        of_pieces, of_slots = (contexts := torch.empty_like(states)).split([len(states) - len(e2w), len(e2w)])
        for p, s in zip(_cuts(inputs.piece_lengths), _cuts(inputs.slot_lengths)):
            slots = self._rows(slice(s.start + n, s.stop + n), memory) if s.start < s.stop else None
            queries = Queries(*(self._heads_of(*asked) for asked in ((p, w2w), (p, w2e), (s, e2w), (s, e2e))))
            found = attend_window(queries, self._rows(p, memory), slots)
            for into, rows, context in zip((of_pieces, of_slots), (p, s), found):
                if context is not None:
                    self._heads_of(rows, into).copy_(context)
        return self._rest(contexts, states)

    def words(self, pieces: Tensor, memory: tuple[Tensor, Tensor], inputs: PackedInputs) -> Tensor:
        """The next states of pieces that see pieces only."""
        w2w = self._query(pieces)
        contexts = torch.empty_like(w2w)
        for p in _cuts(inputs.piece_lengths):
            found, _ = attend_window(Queries(self._heads_of(p, w2w)), self._rows(p, memory), None)
            self._heads_of(p, contexts).copy_(found)
        return self._rest(contexts, pieces)

    def ask(self, slots: Tensor, memory: tuple[Tensor, Tensor], inputs: PackedInputs) -> Tensor:
        """The next states of slots that see pieces and themselves."""
        of_slots = self.memory(slots)
        e2w, e2e = self._slot_queries(slots)
        contexts = torch.empty_like(e2w)
        for p, s in zip(_cuts(inputs.piece_lengths), _cuts(inputs.slot_lengths)):
            if s.start < s.stop:
                queries = self._heads_of(s, e2w), self._heads_of(s, e2e)
                found = attend_alone(*queries, self._rows(p, memory), self._rows(s, of_slots))
                self._heads_of(s, contexts).copy_(found)
        return self._rest(contexts, slots)

    def _slot_queries(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        if self._aware:
            return self._aware[1](slots), self._aware[2](slots)
        query = self._query(slots)
        return query, query

    def _rest(self, contexts: Tensor, states: Tensor) -> Tensor:
        states = self._norm(self._dense(contexts, states))
        return self._outer_norm(self._outer(self._inner(states), states))

    def _heads_of(self, rows: slice, states: Tensor | None) -> Tensor | None:
        """(rows of all windows, hidden) -> (heads, rows of one, head), a view."""
        return None if states is None else states[rows].unflatten(-1, (self._heads, -1)).transpose(0, 1)

    def _rows(self, rows: slice, memory: tuple[Tensor, Tensor]) -> Rows:
        return Rows(*(self._heads_of(rows, states) for states in memory))


def _norm(module: nn.Module):
    norm = module.LayerNorm

    def normalise(states: Tensor) -> Tensor:
        return F.layer_norm(states, norm.normalized_shape, norm.weight, norm.bias, norm.eps)

    return normalise


def _cuts(lengths: list[int]) -> Iterator[slice]:
    """Where each window stands."""
    start = 0
    for length in lengths:
        yield slice(start, start + length)
        start += length
