"""Questions -> one padded torch batch, and the way back to rows without padding."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Sequence

import numpy

from ..types import LukeInputs, Question

if TYPE_CHECKING:
    import torch

# Pieces under one slot that count for its position (studio-ousia/luke luke/pretraining/dataset.py).
MAX_MENTION = 30


def pad_questions(questions: Sequence[Question], pad_id: int, table_rows: int, device) -> LukeInputs:
    """Put questions below each other, padded at the right.

    pad_id (int): piece id of the padding; padded slots get entity id 0 and no position, and are masked.
    table_rows (int): rows of the encoder's entity table; larger slot ids count into a question's own
        `entity_vectors`, and are moved to their place in the batch's.
    RETURNS (LukeInputs): slot fields are None if no question asks for a slot.
    """
    n_pieces = numpy.asarray([len(q.piece_ids) for q in questions])
    n_slots = numpy.asarray([len(q.slot_ids) for q in questions])
    piece_mask = numpy.arange(n_pieces.max())[None, :] < n_pieces[:, None]
    piece_ids = numpy.full(piece_mask.shape, pad_id, dtype="int64")
    piece_ids[piece_mask] = numpy.concatenate([q.piece_ids for q in questions])

    on_device = partial(upload, device=device)
    if not n_slots.sum():
        return LukeInputs(on_device(piece_ids), on_device(piece_mask))
    slot_mask = numpy.arange(n_slots.max())[None, :] < n_slots[:, None]
    slot_ids = numpy.zeros(slot_mask.shape, dtype="int64")
    vectors, ids = gather_vectors(questions, table_rows)
    slot_ids[slot_mask] = ids
    spans = numpy.concatenate([q.slot_spans for q in questions])
    mention = min(int((spans[:, 1] - spans[:, 0]).max()), MAX_MENTION)
    positions = numpy.full((*slot_mask.shape, mention), -1, dtype="int64")
    columns = spans[:, :1] + numpy.arange(mention)
    positions[slot_mask] = numpy.where(columns < spans[:, 1:], columns, -1)
    return LukeInputs(
        on_device(piece_ids),
        on_device(piece_mask),
        slot_ids=on_device(slot_ids),
        slot_mask=on_device(slot_mask),
        slot_positions=on_device(positions),
        entity_vectors=None if vectors is None else on_device(vectors),
    )


def upload(array: numpy.ndarray, device) -> torch.Tensor:
    """To a GPU by pinned memory: otherwise the copy waits until the GPU is done with all that it was told before."""
    import torch

    tensor = torch.as_tensor(array)
    if torch.device(device).type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def gather_vectors(questions: Sequence[Question], table_rows: int):
    """The batch's entity vectors (known, emb), or None, and all slot ids (slots of all questions,)."""
    vectors, ids, known = [], [], 0
    for question in questions:
        slot_ids = question.slot_ids
        if question.entity_vectors is not None:
            slot_ids = numpy.where(slot_ids >= table_rows, slot_ids + known, slot_ids)
            vectors.append(numpy.asarray(question.entity_vectors, dtype="float32"))
            known += len(vectors[-1])
        ids.append(slot_ids)
    return (numpy.concatenate(vectors) if vectors else None), numpy.concatenate(ids)


def unpad(states: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """(batch, columns, hidden) -> (rows, hidden) float32: the first lengths[i] rows of each."""
    width = states.shape[1]
    index = numpy.concatenate([numpy.arange(n) + i * width for i, n in enumerate(lengths)])
    return states.flatten(0, 1).index_select(0, upload(index, states.device)).float()


def flat_spans(questions: Sequence[Question]):
    """`LukeStates.slot_spans` of a batch: slot spans counted in the rows of all questions."""
    offset, spans = 0, []
    for question in questions:
        spans.append(question.slot_spans + offset)
        offset += len(question.piece_ids)
    return numpy.concatenate(spans).reshape(-1, 2)
