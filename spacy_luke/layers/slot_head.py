"""States -> scores of a question: the linear layer of LUKE's typing and relation heads over its slots."""

from __future__ import annotations

from typing import Callable, TypeAlias

from thinc.api import Model
from thinc.types import Floats2d

from ..types import LukeStates
from .slot_input import slot_input

InT = LukeStates
OutT: TypeAlias = Floats2d


def SlotHead(
    nO: int | None = None, nI: int | None = None, *, slots: int, bias: bool, dropout: float = 0.0
) -> Model[InT, OutT]:
    """One row of scores for each question: W [slot; slot ...] + b. All questions have `slots` slots.

    LukeForEntityClassification has one slot and a bias, LukeForEntityPairClassification two and no bias
    (studio-ousia/luke examples/{entity_typing,relation_classification}/model.py).

    nI (int): hidden width of the encoder. W (nO, slots * nI), b (nO,) with `bias`.
    dropout (float): of the states that come in; a pipe sets it to its `drop` in every update.
    attrs: "with_pieces": the mean state of the pieces under a slot, markers among them, is added to the slot's.
    """
    return Model(
        "slot_head",
        forward,
        init=init,
        dims={"nO": nO, "nI": nI},
        params={"W": None, "b": None} if bias else {"W": None},
        attrs={"dropout_rate": dropout, "slots": slots, "with_pieces": False},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    """Normal(0, 0.02) and zeros, as BERT's and LUKE's classifiers start."""
    shape = model.get_dim("nO"), model.attrs["slots"] * model.get_dim("nI")
    model.set_param("W", model.ops.asarray_f(model.ops.xp.random.normal(0.0, 0.02, shape)))
    if "b" in model.param_names:
        model.set_param("b", model.ops.alloc1f(shape[0]))


def forward(model: Model[InT, OutT], states: InT, is_train: bool) -> tuple[OutT, Callable]:
    W = model.get_param("W")
    read, backprop_input = slot_input(model.ops, states, model.attrs["with_pieces"])
    X = read.reshape(-1, W.shape[1])
    rate = model.attrs["dropout_rate"]
    mask = model.ops.get_dropout_mask(X.shape, rate) if is_train and rate else 1.0
    X = X * mask
    Y = model.ops.gemm(X, W, trans2=True)
    if model.has_param("b"):
        Y += model.get_param("b")

    def backprop(dY: OutT) -> InT:
        model.inc_grad("W", model.ops.gemm(dY, X, trans1=True))
        if model.has_param("b"):
            model.inc_grad("b", dY.sum(axis=0))
        return backprop_input((model.ops.gemm(dY, W) * mask).reshape(read.shape))

    return Y, backprop
