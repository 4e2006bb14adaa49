"""Attention over pieces and entity slots. Everything that attends calls `attend`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from ..types import SlotView


class Queries(NamedTuple):
    """Who asks whom (w = pieces, e = slots); LUKE's entity-aware attention has four matrices, plain
    attention one, and then w2e is the same tensor as w2w and e2w as e2e."""

    w2w: Tensor  # (batch, heads, pieces, head)
    w2e: Tensor | None = None  # (batch, heads, pieces, head), not read in the view "words"
    e2w: Tensor | None = None  # (batch, heads, slots, head)
    e2e: Tensor | None = None  # (batch, heads, slots, head)


class Memory(NamedTuple):
    """Keys and values of one side."""

    keys: Tensor  # (batch, heads, rows, head)
    values: Tensor  # (batch, heads, rows, head)
    mask: Tensor  # (batch, rows) bool, False = padding


def attend(
    queries: Queries, pieces: Memory, slots: Memory | None, view: SlotView, dropout: float
) -> tuple[Tensor, Tensor | None]:
    """Contexts of pieces and of slots.

    view: "full" is one softmax over pieces and slots for every row (LUKE section 3.2). "words" is:

                  pieces   slots
        pieces  [  all      none       ]
        slots   [  all      itself only]

    Padding gets a weight of exactly 0; a row that sees nothing but padding gets harmless numbers.
    dropout: probability that a weight is dropped, 0 outside training.
    RETURNS: (batch, heads, pieces, head) and (batch, heads, slots, head), or None without slots.
    """
    if slots is None:
        return _sdpa(queries.w2w, pieces, dropout), None
    if view == "words":
        return _sdpa(queries.w2w, pieces, dropout), _pieces_and_itself(queries, pieces, slots, dropout)
    return _everything(queries, pieces, slots, dropout)


def _everything(queries: Queries, pieces: Memory, slots: Memory, dropout: float) -> tuple[Tensor, Tensor]:
    """Every row attends to all pieces and all slots."""
    sizes = [pieces.keys.shape[2], slots.keys.shape[2]]
    both = Memory(*(torch.cat(pair, dim=-2 if i < 2 else -1) for i, pair in enumerate(zip(pieces, slots))))
    if queries.w2e is queries.w2w:
        contexts = _sdpa(torch.cat([queries.w2w, queries.e2e], dim=2), both, dropout)
        return contexts.split(sizes, dim=2)
    to_pieces = torch.cat([queries.w2w, queries.e2w], dim=2)
    to_slots = torch.cat([queries.w2e, queries.e2e], dim=2)
    scores = torch.cat([_scores(to_pieces, pieces.keys), _scores(to_slots, slots.keys)], dim=-1)
    weights = F.dropout(torch.softmax(scores + _bias(both.mask, scores), dim=-1), dropout)
    return (weights @ both.values).split(sizes, dim=2)


def _pieces_and_itself(queries: Queries, pieces: Memory, slots: Memory, dropout: float) -> Tensor:
    """A slot attends to the pieces and itself; its own score is one more column, so no array has a
    slots x slots part."""
    scores = _scores(queries.e2w, pieces.keys)
    scores = scores + _bias(pieces.mask, scores)
    own = (queries.e2e * slots.keys).sum(-1, keepdim=True) * _scale(slots.keys)
    weights = F.dropout(torch.softmax(torch.cat([scores, own.to(scores)], dim=-1), dim=-1), dropout)
    return weights[..., :-1] @ pieces.values + weights[..., -1:] * slots.values


def _sdpa(queries: Tensor, memory: Memory, dropout: float) -> Tensor:
    """torch's own attention, where one query serves all columns."""
    return F.scaled_dot_product_attention(
        queries, memory.keys, memory.values, attn_mask=_bias(memory.mask, queries), dropout_p=dropout
    )


def _scores(queries: Tensor, keys: Tensor) -> Tensor:
    return (queries * _scale(keys)) @ keys.transpose(-1, -2)


def _scale(keys: Tensor) -> float:
    return keys.shape[-1] ** -0.5


def _bias(mask: Tensor, like: Tensor) -> Tensor:
    """0 for real columns, for padding a number so low that its weight is 0, yet finite: a row of
    padding only has even weights then, and no NaN. (batch, 1, 1, columns), dtype of `like`."""
    low = torch.finfo(like.dtype).min / 2
    return torch.zeros(mask.shape, dtype=like.dtype, device=like.device).masked_fill_(~mask, low)[:, None, None]
