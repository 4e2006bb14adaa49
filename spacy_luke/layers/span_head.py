"""States -> scores of a span: the linear layer of LUKE's NER over [first piece; last piece; slot]."""

from __future__ import annotations

from typing import Callable, TypeAlias

from thinc.api import Model
from thinc.types import Floats2d

from ..types import LukeStates

InT = LukeStates
OutT: TypeAlias = Floats2d


def SpanHead(nO: int | None = None, nI: int | None = None, dropout: float = 0.0) -> Model[InT, OutT]:
    """One row of class scores for each slot (studio-ousia/luke examples/ner/model.py).

    The same numbers as a Linear layer over the concatenated states, W[first; last; slot] + b, but
    states of pieces are multiplied once per piece, not once per span, and nothing is concatenated.

    nI (int): hidden width of the encoder. W (nO, 3, nI), b (nO,).
    dropout (float): of the states that come in; a pipe sets it to its `drop` in every update.
    """
    return Model(
        "span_head",
        forward,
        init=init,
        dims={"nO": nO, "nI": nI},
        params={"W": None, "b": None},
        attrs={"dropout_rate": dropout},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    """Normal(0, 0.02) and zeros, as BERT's and LUKE's classifiers start."""
    W = model.ops.xp.random.normal(0.0, 0.02, (model.get_dim("nO"), 3, model.get_dim("nI")))
    model.set_param("W", model.ops.asarray_f(W))
    model.set_param("b", model.ops.alloc1f(model.get_dim("nO")))


def forward(model: Model[InT, OutT], states: InT, is_train: bool) -> tuple[OutT, Callable]:
    W, b = model.get_param("W"), model.get_param("b")
    pieces, keep_pieces = _drop(model, states.pieces, is_train)
    slots, keep_slots = _drop(model, states.slots, is_train)
    # int32 is what Thinc's scatter_add has fast code for
    first = model.ops.asarray1i(states.slot_spans[:, 0])
    last = model.ops.asarray1i(states.slot_spans[:, 1]) - 1
    gemm = model.ops.gemm
    of_first, of_last = gemm(pieces, W[:, 0], trans2=True), gemm(pieces, W[:, 1], trans2=True)
    Y = of_first[first] + of_last[last] + gemm(slots, W[:, 2], trans2=True) + b

    def backprop(dY: OutT) -> InT:
        d_first, d_last = model.ops.alloc2f(*of_first.shape), model.ops.alloc2f(*of_last.shape)
        model.ops.scatter_add(d_first, first, dY)
        model.ops.scatter_add(d_last, last, dY)
        dW = model.ops.alloc3f(*W.shape)
        dW[:, 0] = gemm(d_first, pieces, trans1=True)
        dW[:, 1] = gemm(d_last, pieces, trans1=True)
        dW[:, 2] = gemm(dY, slots, trans1=True)
        model.inc_grad("W", dW)
        model.inc_grad("b", dY.sum(axis=0))
        d_pieces = (gemm(d_first, W[:, 0]) + gemm(d_last, W[:, 1])) * keep_pieces
        return LukeStates(d_pieces, gemm(dY, W[:, 2]) * keep_slots, states.slot_spans)

    return Y, backprop


def _drop(model: Model, X: Floats2d, is_train: bool):
    """X with dropout, and the mask that does it (1.0 where there is none)."""
    rate = model.attrs["dropout_rate"]
    if not is_train or not rate:
        return X, 1.0
    mask = model.ops.get_dropout_mask(X.shape, rate)
    return X * mask, mask
