"""Questions -> one batch without padding, for the fast encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy

from ..types import PackedInputs, Question
from .padding import MAX_MENTION, gather_vectors

if TYPE_CHECKING:
    import torch


def pack_questions(questions: Sequence[Question], table_rows: int) -> PackedInputs:
    """Put questions below each other, on the CPU.

    table_rows (int): rows of the encoder's entity table, see `pad_questions`.
    """
    vectors, ids = gather_vectors(questions, table_rows)
    spans = numpy.concatenate([q.slot_spans for q in questions]).reshape(-1, 2)
    spans[:, 1] = spans[:, 1].clip(spans[:, 0], spans[:, 0] + MAX_MENTION)
    return PackedInputs(
        _tensor(numpy.concatenate([q.piece_ids for q in questions])),
        [len(q.piece_ids) for q in questions],
        _tensor(ids),
        [len(q.slot_ids) for q in questions],
        _tensor(spans),
        None if vectors is None else _tensor(vectors),
    )


def _tensor(array: numpy.ndarray) -> torch.Tensor:
    import torch

    return torch.as_tensor(array, dtype=torch.float32 if array.dtype.kind == "f" else torch.int64)
