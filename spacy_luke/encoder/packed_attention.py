"""The attention of attention.py for prediction: over the rows of one window, without padding or masks.

Two ways to the same numbers, chosen here and nowhere else:

- one matrix of scores, softmax, product. Best for short windows, and for bfloat16 at any length.
- torch's flash attention for each kind of key, the parts merged by their log-sum-exp: a softmax over two sets of
  keys is the mean of the two softmaxes, weighted by the shares exp(lse) of their sums. No matrix of scores.

Measured for 12 heads on an AMD EPYC with AVX512, torch 2.13, one thread, milliseconds (matrix / flash):

    pieces + slots      fp32, 768 wide    fp32, 384 wide    bf16, 768 wide
     12 +  40            0.17 / 0.24       0.10 / 0.18       0.17 / 0.31
     60 + 128            1.5  / 1.8        0.87 / 1.0        1.0  / 1.9
    120 + 128            2.4  / 2.6        1.5  / 1.6        1.4  / 2.7
    300 + 128            8.2  / 7.4        5.2  / 4.2        3.5  / 7.9
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .attention import Queries

# Rows of a window from which on flash attention is the faster one in fp32.
_LONG = 256


class Rows(NamedTuple):
    """Keys and values of pieces, of slots, or of both."""

    keys: Tensor  # (heads, rows, head)
    values: Tensor  # (heads, rows, head)

    def cut(self, rows: slice) -> Rows:
        return Rows(self.keys[:, rows], self.values[:, rows])


def attend_window(queries: Queries, pieces: Rows, slots: Rows | None) -> tuple[Tensor | None, Tensor | None]:
    """Contexts of pieces and slots that all see each other: the view "full".

    queries: each (heads, rows, head); None for rows whose contexts nobody needs.
    RETURNS: (heads, pieces, head), (heads, slots, head); None where there is no query.
    """
    if slots is None:
        return (None if queries.w2w is None else attend_words(queries.w2w, pieces)), None
    to_pieces, to_slots = queries.e2w, queries.e2e
    n = 0
    if queries.w2w is not None:
        n = queries.w2w.shape[1]
        to_pieces = torch.cat([queries.w2w, queries.e2w], dim=1)
        to_slots = torch.cat([queries.w2e, queries.e2e], dim=1)
    n_rows = pieces.keys.shape[1] + slots.keys.shape[1]
    way = _by_flash if n_rows > _LONG and slots.keys.dtype == torch.float32 else _by_matrix
    contexts = way(to_pieces, to_slots, pieces, slots)
    return (contexts[:, :n] if queries.w2w is not None else None), contexts[:, n:]


def attend_words(w2w: Tensor, pieces: Rows) -> Tensor:
    """Contexts of pieces that see pieces. (heads, pieces, head)."""
    return _flash(w2w, pieces)[0]


def attend_alone(e2w: Tensor, e2e: Tensor, pieces: Rows, slots: Rows) -> Tensor:
    """Contexts of slots that see the pieces and themselves: the view "words". (heads, slots, head)."""
    contexts, lse = _flash(e2w, pieces)
    own = (e2e * slots.keys).sum(-1) * _scale(e2e)
    return torch.lerp(contexts, slots.values, torch.sigmoid(own - lse).to(contexts.dtype)[..., None])


def _by_matrix(to_pieces: Tensor, to_slots: Tensor, pieces: Rows, slots: Rows) -> Tensor:
    scale = _scale(to_pieces)
    of_pieces = (to_pieces * scale) @ pieces.keys.transpose(1, 2)
    of_slots = (to_slots * scale) @ slots.keys.transpose(1, 2)
    weights = torch.softmax(torch.cat([of_pieces, of_slots], dim=-1), dim=-1)
    return weights @ torch.cat([pieces.values, slots.values], dim=1)


def _by_flash(to_pieces: Tensor, to_slots: Tensor, pieces: Rows, slots: Rows) -> Tensor:
    of_pieces, lse_pieces = _flash(to_pieces, pieces)
    of_slots, lse_slots = _flash(to_slots, slots)
    return torch.lerp(of_slots, of_pieces, torch.sigmoid(lse_pieces - lse_slots).to(of_slots.dtype)[..., None])


def _flash(queries: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
    """(heads, queries, head), and the log-sum-exp of the scores (heads, queries) in fp32."""
    flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    contexts, lse = flash(queries[None], rows.keys[None], rows.values[None])
    return contexts[0], lse[0]


def _scale(queries: Tensor) -> float:
    return queries.shape[-1] ** -0.5
