"""Attention over pieces and entity slots. Everything that attends calls `attend`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .dropout import drop

if TYPE_CHECKING:
    from ..types import SlotView


class Queries(NamedTuple):
    """Who asks whom (w = pieces, e = slots); LUKE's entity-aware attention has four matrices, plain
    attention one, and then w2e is the same tensor as w2w and e2w as e2e."""

    w2w: Tensor | None  # (batch, heads, pieces, head), None = nobody reads the pieces
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
) -> tuple[Tensor | None, Tensor | None]:
    """Contexts of pieces and of slots; None where there is no query.

    view: "full" is one softmax over pieces and slots for every row (LUKE section 3.2). "words" is:

                  pieces   slots
        pieces  [  all      none       ]
        slots   [  all      itself only]

    Padding gets a weight of exactly 0; a row that sees nothing but padding gets harmless numbers.
    dropout: probability that a weight is dropped, 0 outside training.
    RETURNS: (batch, heads, pieces, head) and (batch, heads, slots, head), or None without slots.
    """
    if slots is None or view == "words":
        of_pieces = None if queries.w2w is None else _one_query(queries.w2w, pieces, dropout)
        of_slots = None if slots is None else pieces_and_itself(queries.e2w, queries.e2e, pieces, slots, dropout)
        return of_pieces, of_slots
    return _everything(queries, pieces, slots, dropout)


def _everything(queries: Queries, pieces: Memory, slots: Memory, dropout: float) -> tuple[Tensor | None, Tensor]:
    """Every row attends to all pieces and all slots."""
    values, mask = torch.cat([pieces.values, slots.values], dim=2), torch.cat([pieces.mask, slots.mask], dim=1)
    of_pieces, of_slots = queries.e2w, queries.e2e
    if queries.w2w is not None:
        of_pieces, of_slots = (torch.cat(pair, dim=2) for pair in ((queries.w2w, queries.e2w), (queries.w2e, queries.e2e)))
    if queries.e2w is queries.e2e:
        keys = torch.cat([pieces.keys, slots.keys], dim=2)
        contexts = _one_query(of_slots, Memory(keys, values, mask), dropout)
    elif _has_fused_kernel(values):
        keys = _two_keys(pieces.keys, slots.keys)
        contexts = _one_query(torch.cat([of_pieces, of_slots], dim=-1), Memory(keys, values, mask), dropout)
    else:
        scores = torch.cat([_scores(of_pieces, pieces), _scores(of_slots, slots)], dim=-1)
        contexts = _weights(scores, values, dropout) @ values
    n = 0 if queries.w2w is None else queries.w2w.shape[2]
    return (None if queries.w2w is None else contexts[:, :, :n]), contexts[:, :, n:]


def pieces_and_itself(e2w: Tensor, e2e: Tensor, pieces: Memory, slots: Memory, dropout: float) -> Tensor:
    """The slots' part of the view "words": a slot attends to the pieces and itself; its own score is one
    more column, so no array has a slots x slots part. e2w, e2e: as in Queries."""
    scores = _scores(e2w, pieces)
    own = (e2e * slots.keys).sum(-1, keepdim=True) * _scale(slots.keys)
    weights = _weights(torch.cat([scores, own.to(scores)], dim=-1), slots.values, dropout)
    return torch.addcmul(weights[..., :-1] @ pieces.values, weights[..., -1:], slots.values)


def _one_query(queries: Tensor, memory: Memory, dropout: float) -> Tensor:
    """Attention where one query serves all columns: torch's own."""
    if dropout and not _has_fused_kernel(queries):  # torch would fall back to a slow one
        return _weights(_scores(queries, memory), memory.values, dropout) @ memory.values
    bias, scale = _bias(memory.mask, queries), _scale(memory.values)
    return F.scaled_dot_product_attention(
        queries, memory.keys, memory.values, attn_mask=bias, dropout_p=dropout, scale=scale
    )


def _has_fused_kernel(tensor: Tensor) -> bool:
    """Can torch attend with a bias, forth and back, without a matrix of scores? On CPUs it has no kernel for dropout, and
    none that is faster than products and a softmax (packed_attention.py)."""
    return tensor.device.type == "cuda"


def _two_keys(pieces: Tensor, slots: Tensor) -> Tensor:
    """Entity-aware attention as plain attention of heads twice as wide: each query is both of a row's, one behind the
    other, and each key has zeros where the other one is.

        query  [to pieces | to slots]     key of a piece  [key | 0]     key of a slot  [0 | key]

    pieces, slots: keys. RETURNS: (batch, heads, pieces and slots, 2 head).
    """
    width = pieces.shape[-1]
    return torch.cat([F.pad(pieces, (0, width)), F.pad(slots, (width, 0))], dim=2)


def _scores(queries: Tensor, memory: Memory) -> Tensor:
    scores = (queries * _scale(queries)) @ memory.keys.transpose(-1, -2)
    return scores.add_(_bias(memory.mask, scores))


def _weights(scores: Tensor, values: Tensor, dropout: float) -> Tensor:
    """Softmax (in fp32 under autocast) and dropout, in the dtype of the values."""
    return drop(torch.softmax(scores, dim=-1).to(values.dtype), dropout)


def _scale(queries: Tensor) -> float:
    return queries.shape[-1] ** -0.5


def _bias(mask: Tensor, like: Tensor) -> Tensor:
    """0 for real columns, for padding a number so low that its weight is 0, yet finite: a row of
    padding only has even weights then, and no NaN. (batch, 1, 1, columns), dtype of `like`."""
    low = torch.finfo(like.dtype).min / 2
    return torch.zeros(mask.shape, dtype=like.dtype, device=like.device).masked_fill_(~mask, low)[:, None, None]
