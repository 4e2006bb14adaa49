"""The fast encoder: the numbers of encoder.py for prediction on CPUs, without padding.

All windows of a batch stand one below the other; a layer looks at windows only where it attends:

    pieces   <s> Tokyo </s> | <s> Kyoto is old </s>        lengths 3, 5
    slots    Tokyo          | Kyoto  old                   lengths 1, 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import Queries
from .packed_attention import Rows, attend_alone, attend_window, attend_words
from .packed_embeddings import PackedEmbeddings
from .packed_weights import Int8Linear, PackedLinear, packed_linear

if TYPE_CHECKING:
    from ..types import PackedInputs, SlotView
    from .encoder import LukeEncoder
    from .layer import Layer, Residual


class WordStates(NamedTuple):
    """What the pieces of a batch come to, and what slots may ask of them later."""

    pieces: Tensor | None  # (pieces of all windows, hidden) last layer, None if nobody reads it
    memory: list[Rows]  # of each layer, both (heads, pieces of all windows, head)


class PackedEncoder:
    """A copy of a LukeEncoder's layers, made for prediction. It does not notice when the encoder's weights
    change: make another one. Embedding tables are shared with the encoder, layers are copied: 4 bytes (fp32),
    2 (bfloat16) or 1 (int8) for each of their weights.

    dtype: of weights and states inside; with int8 weights states are fp32, as is what is returned.
    """

    def __init__(self, encoder: LukeEncoder, dtype: torch.dtype = torch.float32) -> None:
        self._embeddings = PackedEmbeddings(encoder, torch.float32 if dtype == torch.int8 else dtype)
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
        pieces: Tensor | None = self._embeddings.pieces(inputs)
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
        self._query, self._key, self._value = (
            packed_linear(linear, dtype) for linear in (attention.query, attention.key, attention.value)
        )
        self._aware: list[PackedLinear | Int8Linear] | None = None
        if attention.entity_aware:
            queries = (attention.w2e_query, attention.e2w_query, attention.e2e_query)
            self._aware = [packed_linear(query, dtype) for query in queries]
        self._dense, self._norm = packed_linear(layer.attention["output"].dense, dtype), _norm(layer.attention["output"])
        self._inner = packed_linear(layer.intermediate["dense"], dtype, act)
        self._outer, self._outer_norm = packed_linear(layer.output.dense, dtype), _norm(layer.output)

    def memory(self, states: Tensor) -> Rows:
        """Keys and values, both (heads, rows, head)."""
        return Rows(self._split(self._key(states)), self._split(self._value(states)))

    def __call__(self, states: Tensor, inputs: PackedInputs, is_read: bool) -> Tensor:
        """The view "full". states: (pieces, then slots, hidden). RETURNS: the next states; of slots alone if nobody
        reads pieces."""
        n = len(inputs.piece_ids)
        memory = self.memory(states)
        queries = Queries(None, None, *self._slot_queries(states[n:]))
        if is_read:
            w2w = self._split(self._query(states[:n]))
            w2e = self._split(self._aware[0](states[:n])) if self._aware else w2w
            queries = queries._replace(w2w=w2w, w2e=w2e)
        states = states if is_read else states[n:]
        contexts = torch.empty_like(states)
        into = self._split(contexts).split([len(states) - len(inputs.slot_ids), len(inputs.slot_ids)], dim=1)
        for p, s in _windows(inputs):
            slots = memory.cut(slice(s.start + n, s.stop + n)) if s.start < s.stop else None
            asked = (None if q is None else q[:, rows] for q, rows in zip(queries, (p, p, s, s)))
            found = attend_window(Queries(*asked), memory.cut(p), slots)
            for i, rows in enumerate((p, s)):
                if found[i] is not None:
                    into[i][:, rows] = found[i]
        return self._rest(contexts, states)

    def words(self, pieces: Tensor, memory: Rows, inputs: PackedInputs) -> Tensor:
        """The next states of pieces that see pieces only. memory: of the same pieces."""
        contexts, queries = torch.empty_like(pieces), self._split(self._query(pieces))
        into = self._split(contexts)
        for p, _ in _windows(inputs):
            into[:, p] = attend_words(queries[:, p], memory.cut(p))
        return self._rest(contexts, pieces)

    def ask(self, slots: Tensor, memory: Rows, inputs: PackedInputs) -> Tensor:
        """The next states of slots that see pieces and themselves. memory: of the pieces."""
        contexts, of_slots = torch.empty_like(slots), self.memory(slots)
        into, (e2w, e2e) = self._split(contexts), self._slot_queries(slots)
        for p, s in _windows(inputs):
            if s.start < s.stop:
                into[:, s] = attend_alone(e2w[:, s], e2e[:, s], memory.cut(p), of_slots.cut(s))
        return self._rest(contexts, slots)

    def _slot_queries(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        """e2w and e2e, both (heads, slots, head)."""
        if self._aware:
            return self._split(self._aware[1](slots)), self._split(self._aware[2](slots))
        query = self._split(self._query(slots))
        return query, query

    def _rest(self, contexts: Tensor, states: Tensor) -> Tensor:
        states = self._norm(self._dense(contexts, states))
        return self._outer_norm(self._outer(self._inner(states), states))

    def _split(self, states: Tensor) -> Tensor:
        """(rows, hidden) -> (heads, rows, head), a view."""
        return states.unflatten(-1, (self._heads, -1)).transpose(0, 1)


def _norm(residual: Residual) -> Callable[[Tensor], Tensor]:
    norm = residual.LayerNorm
    return lambda states: F.layer_norm(states, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _windows(inputs: PackedInputs) -> Iterator[tuple[slice, slice]]:
    """Where the pieces and the slots of each window stand."""
    p = s = 0
    for n_pieces, n_slots in zip(inputs.piece_lengths, inputs.slot_lengths):
        yield slice(p, p + n_pieces), slice(s, s + n_slots)
        p, s = p + n_pieces, s + n_slots
