"""States of pieces -> which spans deserve an entity slot."""

from __future__ import annotations

from typing import Callable, TypeAlias

import numpy
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ..types import LukeStates

InT = LukeStates
OutT: TypeAlias = Floats2d


def Proposer(nI: int | None = None, rank: int = 32) -> Model[InT, OutT]:
    """One score for each span, (slots, 1), from its first and last piece alone, before it has a slot:
    u . first + v . last + (A first) . (B last).

    nI (int): hidden width of the encoder. rank (int): rows of A and B (rank, nI).
    """
    return Model(
        "proposer",
        forward,
        init=init,
        dims={"nI": nI},
        params={"u": None, "v": None, "A": None, "B": None},
        attrs={"rank": rank},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    ops, nI = model.ops, model.get_dim("nI")
    for name in ("u", "v"):
        model.set_param(name, ops.alloc1f(nI))
    for name in ("A", "B"):
        weights = ops.xp.random.normal(0.0, nI**-0.5, (model.attrs["rank"], nI))
        model.set_param(name, ops.asarray_f(weights) * model.attrs["rank"] ** -0.25)


def forward(model: Model[InT, OutT], states: InT, is_train: bool) -> tuple[OutT, Callable]:
    u, v, A, B = (model.get_param(name) for name in ("u", "v", "A", "B"))
    ops, pieces = model.ops, states.pieces
    first = ops.asarray1i(states.slot_spans[:, 0])
    last = ops.asarray1i(states.slot_spans[:, 1]) - 1
    # once per piece, not once per span
    of_first, of_last = ops.gemm(pieces, A, trans2=True), ops.gemm(pieces, B, trans2=True)
    Y = (pieces @ u)[first] + (pieces @ v)[last] + (of_first[first] * of_last[last]).sum(axis=1)

    def backprop(dY: OutT) -> InT:
        dY = dY[:, 0]
        d_first, d_last = ops.alloc2f(*of_first.shape), ops.alloc2f(*of_last.shape)
        ops.scatter_add(d_first, first, of_last[last] * dY[:, None])
        ops.scatter_add(d_last, last, of_first[first] * dY[:, None])
        du, dv = (_sums(ops, dY, rows, len(pieces)) for rows in (first, last))
        model.inc_grad("u", du @ pieces)
        model.inc_grad("v", dv @ pieces)
        model.inc_grad("A", ops.gemm(d_first, pieces, trans1=True))
        model.inc_grad("B", ops.gemm(d_last, pieces, trans1=True))
        d_pieces = du[:, None] * u + dv[:, None] * v + ops.gemm(d_first, A) + ops.gemm(d_last, B)
        return LukeStates(d_pieces, ops.alloc2f(*states.slots.shape), states.slot_spans)

    return Y[:, None], backprop


def _sums(ops, values, rows: Ints1d, length: int):
    """(length,) the values of each row added up."""
    sums = ops.alloc2f(length, 1)
    ops.scatter_add(sums, rows, values[:, None])
    return sums[:, 0]


def best_spans(scores, spans, per_word: float) -> Ints1d:
    """Rows of the best spans of one question, in order: `per_word` for each word in which a span begins, rounded
    up. scores (spans,), spans (spans, 2), both on the CPU; of equal scores the first ones are taken."""
    k = int(numpy.ceil(per_word * len(numpy.unique(spans[:, 0]))))
    return numpy.sort(numpy.argsort(-scores, kind="stable")[:k])
