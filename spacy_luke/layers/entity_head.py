"""Hidden states of slots into the space of entity vectors: the first half of LUKE's masked-entity head."""

from __future__ import annotations

from typing import Callable, TypeAlias

from thinc.api import Model, Ops
from thinc.types import Floats2d

from ..types import LukeStates
from .slot_input import slot_input

InT = LukeStates
OutT: TypeAlias = Floats2d

# config.hidden_act -> forward and backward of Thinc's ops; "gelu" is the erf form.
_ACTIVATIONS: dict[str, tuple[str, str]] = {
    "gelu": ("gelu", "backprop_gelu"),
    "gelu_new": ("gelu_approx", "backprop_gelu_approx"),
    "relu": ("relu", "backprop_relu"),
    "silu": ("swish", "backprop_swish"),
}


def EntityHead(nO: int | None = None, nI: int | None = None) -> Model[InT, OutT]:
    """States of slots (slots, nI) -> queries (slots, nO): dense, activation, LayerNorm, which are
    `entity_predictions.transform.*` of LukeForMaskedLM. A query . an entity's vector is its score.

    nI (int): hidden width of the encoder. nO (int): width of entity vectors.
    attrs: "activation", a config's hidden_act, or "linear"; "eps", its layer_norm_eps; "with_pieces": the mean state of
        the pieces under a slot is added to the slot's. An encoder that has never seen an entity says more by them.
    """
    return Model(
        "entity_head",
        forward,
        init=init,
        dims={"nO": nO, "nI": nI},
        params={"W": None, "b": None, "G": None, "beta": None},
        attrs={"activation": "gelu", "eps": 1e-12, "dropout_rate": 0.0, "with_pieces": False},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    """Normal(0, 0.02) as LUKE's own heads start."""
    nO, nI = model.get_dim("nO"), model.get_dim("nI")
    model.set_param("W", model.ops.asarray_f(model.ops.xp.random.normal(0.0, 0.02, (nO, nI))))
    for name, value in (("b", 0.0), ("G", 1.0), ("beta", 0.0)):
        model.set_param(name, model.ops.alloc1f(nO) + value)


def forward(model: Model[InT, OutT], states: InT, is_train: bool) -> tuple[OutT, Callable]:
    ops: Ops = model.ops
    W, b, G, beta = (model.get_param(name) for name in ("W", "b", "G", "beta"))
    read, backprop_input = slot_input(ops, states, model.attrs["with_pieces"])
    mask = _dropout_mask(model, read.shape, is_train)
    X = read * mask
    dense = ops.gemm(X, W, trans2=True) + b
    active, backprop_activation = _activate(model, dense)
    centred = active - active.mean(axis=1, keepdims=True)
    deviation = ops.xp.sqrt((centred**2).mean(axis=1, keepdims=True) + model.attrs["eps"])
    normal = centred / deviation

    def backprop(dY: OutT) -> InT:
        model.inc_grad("G", (dY * normal).sum(axis=0))
        model.inc_grad("beta", dY.sum(axis=0))
        d_normal = dY * G
        d_active = d_normal - d_normal.mean(axis=1, keepdims=True)
        d_active -= normal * (d_normal * normal).mean(axis=1, keepdims=True)
        d_active /= deviation
        d_dense = backprop_activation(d_active)
        model.inc_grad("W", ops.gemm(d_dense, X, trans1=True))
        model.inc_grad("b", d_dense.sum(axis=0))
        return backprop_input(ops.gemm(d_dense, W) * mask)

    return normal * G + beta, backprop


def _activate(model: Model[InT, OutT], X: Floats2d) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    name = model.attrs["activation"]
    if name == "linear":
        return X, lambda dY: dY
    forward, backprop = (getattr(model.ops, function) for function in _ACTIVATIONS[name])
    Y = forward(X)
    if name == "relu":  # its derivative is told by what came out, the others' by what went in
        return Y, lambda dY: backprop(dY, Y)
    return Y, lambda dY: backprop(dY, X, *([Y] if name == "silu" else []))  # swish wants both


def _dropout_mask(model: Model, shape, is_train: bool):
    rate = model.attrs["dropout_rate"]
    return model.ops.get_dropout_mask(shape, rate) if is_train and rate else 1.0
