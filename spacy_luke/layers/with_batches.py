"""Cut a long list of questions into batches of alike size, and put the answers back in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Literal, TypeAlias

import numpy
from thinc.api import Model
from thinc.types import Floats2d

from ..types import Question
from .batch_rows import batch_rows

if TYPE_CHECKING:
    from .shim import LukeShim

InT = list[Question]
OutT: TypeAlias = Floats2d

# Padding that a batch of the readable encoder may have, as a share of the largest batch. Few questions of many lengths, as in a training
# step, would else be padded to nearly twice their size; what a batch more costs is less than this.
WASTE = 1 / 16


def with_batches(
    layer: Model[InT, OutT], batch_size: int | None, *, row_of: Literal["slot", "question"] = "slot"
) -> Model[InT, OutT]:
    """Run `layer`, questions -> (slots of all questions, nO), over sorted batches.

    questions            D(90) A(50) C(85) B(50)        in brackets: pieces and slots
    batches              [A(50) B(50)] [C(85) D(90)]    batch_size 180: rows of a batch
    answers, put back    D A C B

    batch_size (int): pieces and slots of a batch, see `cut`.
    row_of (str): what a row of the layer's answer is about, a slot or, with (questions, nO), a question.
    """
    return Model(
        f"with_batches({layer.name})",
        forward,
        init=init,
        layers=[layer],
        attrs={"batch_size": batch_size, "row_of": row_of},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    model.layers[0].initialize(X=X, Y=Y)


def forward(model: Model[InT, OutT], questions: InT, is_train: bool) -> tuple[OutT, Callable]:
    layer = model.layers[0]
    batches = cut(layer, questions, is_train, model.attrs["batch_size"])
    sizes = [len(q.slot_ids) if model.attrs["row_of"] == "slot" else 1 for q in questions]
    offsets = numpy.cumsum([0, *sizes])
    rows = [
        model.ops.asarray1i(numpy.concatenate([numpy.arange(offsets[i], offsets[i + 1]) for i in batch]))
        for batch in batches
    ]
    answers, backprops = [], []
    for batch in batches:
        Yb, backprop_batch = layer([questions[i] for i in batch], is_train)
        answers.append(Yb)
        if is_train:  # a callback keeps the hidden states of its batch in memory
            backprops.append(backprop_batch)
    Y = model.ops.alloc2f(int(offsets[-1]), answers[0].shape[1] if answers else 0)
    for r, Yb in zip(rows, answers):
        Y[r] = Yb

    def backprop(dY: OutT) -> InT:
        for r, backprop_batch in zip(rows, backprops):
            backprop_batch(dY[r])
        return []

    return Y, backprop


def cut(layer: Model, questions: InT, is_train: bool, batch_size: int | None) -> list[list[int]]:
    """Indices of the questions of each batch, as the encoder in `layer` likes them: what runs on packed states is
    not sorted, and has no padding to count.

    batch_size (int): pieces and slots of a batch; one question alone may be larger. None = by the free memory.
    """
    shim = _find_shim(layer)
    if shim is None or not questions:
        return cut_padded(questions, batch_size or 1)
    if batch_size is None:
        batch_size = batch_rows(shim.config, max(map(_rows, questions)), shim.device, is_train)
    is_packed = shim.device.type == "cpu" and (not is_train or shim.is_frozen)
    return (cut_packed if is_packed else cut_padded)(questions, batch_size)


def _find_shim(layer: Model) -> LukeShim | None:
    """The encoder in a layer, or behind a listener in it."""
    for node in layer.walk():
        node = getattr(node, "upstream", None) or node
        if node.shims:
            return node.shims[0]  # type: ignore[return-value]
    return None


def cut_packed(questions: InT, batch_size: int) -> list[list[int]]:
    """Indices of the questions of each batch, in order."""
    batches: list[list[int]] = []
    rows = 0
    for i, question in enumerate(questions):
        rows += _rows(question)
        if not batches or rows > batch_size:
            batches.append([])
            rows = _rows(question)
        batches[-1].append(i)
    return batches


def cut_padded(questions: InT, batch_size: int) -> list[list[int]]:
    """Indices of the questions of each batch, shortest questions first. A batch ends where one more would make it
    larger than batch_size, or put more padding than WASTE into it."""
    order = sorted(range(len(questions)), key=lambda i: _size(questions[i]))
    batches: list[list[int]] = []
    pieces = slots = real = 0
    for i in order:
        p, s = len(questions[i].piece_ids), len(questions[i].slot_ids)
        pieces, slots, real = max(pieces, p), max(slots, s), real + p + s
        padded = (len(batches[-1]) + 1) * (pieces + slots) if batches else 0
        if not batches or padded > batch_size or padded - real > batch_size * WASTE:
            batches.append([])
            pieces, slots, real = p, s, p + s
        batches[-1].append(i)
    return batches


def _rows(question: Question) -> int:
    return len(question.piece_ids) + len(question.slot_ids)


def _size(question: Question) -> tuple[int, int]:
    return _rows(question), len(question.piece_ids)
