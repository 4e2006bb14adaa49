"""What heads read of a slot: its state, or its state and those of the pieces under it."""

from __future__ import annotations

from typing import Callable

import numpy
from thinc.api import Ops
from thinc.types import Floats2d

from ..types import LukeStates


def slot_input(
    ops: Ops, states: LukeStates, with_pieces: bool
) -> tuple[Floats2d, Callable[[Floats2d], LukeStates]]:
    """(slots, hidden): the states of slots, with `with_pieces` plus the mean state of the pieces under each, of which
    an encoder that has never seen an entity knows more."""
    if not with_pieces:
        return states.slots, lambda dX: LukeStates(ops.alloc2f(*states.pieces.shape), dX, states.slot_spans)
    spans = states.slot_spans
    lengths = ops.asarray1i(spans[:, 1] - spans[:, 0])
    rows = ops.asarray1i(numpy.concatenate([numpy.zeros(0, "int64"), *(numpy.arange(*span) for span in spans)]))
    means = ops.reduce_mean(states.pieces[rows], lengths)

    def backprop(dX: Floats2d) -> LukeStates:
        d_pieces = ops.alloc2f(*states.pieces.shape)
        ops.scatter_add(d_pieces, rows, ops.backprop_reduce_mean(dX, lengths))
        return LukeStates(d_pieces, dX, states.slot_spans)

    return states.slots + means, backprop
