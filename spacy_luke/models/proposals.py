"""Entity slots for the most promising spans only: the words are computed once, then slots over them."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, TypeAlias

import numpy
from thinc.api import Model
from thinc.types import Floats2d

from ..layers.encoder import InT, predict_words
from ..layers.padding import flat_spans
from ..layers.proposer import best_spans
from ..layers.with_batches import cut_batches
from ..types import LukeStates, Question
from .encoder import get_encoder

OutT: TypeAlias = Floats2d


def with_proposals(encoder: Model, head: Model, proposer: Model, per_word: float, batch_size: int) -> Model[InT, OutT]:
    """Questions -> scores of all their slots. In training as `chain(encoder, head)`, with the proposer's score as
    one more column. In prediction the view "words" is run in two steps (`layers.encoder.predict_words`): pieces alone; of the
    spans, those that the proposer takes for the best get a slot. The rows of the others are NaN.

    per_word (float): spans that get a slot, for each word.
    batch_size (int): as of `with_batches`, counting the slots that are expected.
    """
    return Model(
        "with_proposals",
        forward,
        layers=[encoder, head, proposer],
        attrs={"per_word": per_word, "batch_size": batch_size},
    )


def forward(model: Model[InT, OutT], questions: InT, is_train: bool) -> tuple[OutT, Callable]:
    sizes = [len(q.slot_ids) for q in questions]
    offsets = numpy.cumsum([0, *sizes])
    run = _train if is_train else _predict
    batches = cut_batches([question if is_train else _expected(model, question) for question in questions], model.attrs["batch_size"])
    answers = [run(model, [questions[i] for i in batch]) for batch in batches]
    rows = [numpy.concatenate([numpy.arange(offsets[i], offsets[i + 1]) for i in batch]) for batch in batches]
    Y = model.ops.alloc2f(int(offsets[-1]), answers[0][0].shape[1] if answers else 0)
    for r, (Yb, _) in zip(rows, answers):
        Y[model.ops.asarray1i(r)] = Yb

    def backprop(dY: OutT) -> InT:
        for r, (_, backprop_batch) in zip(rows, answers):
            backprop_batch(dY[model.ops.asarray1i(r)])
        return []

    return Y, backprop


def _expected(model: Model, question: Question) -> Question:
    """As large as the question will be."""
    n = int(numpy.ceil(model.attrs["per_word"] * len(question.piece_ids)))
    return replace(question, slot_ids=question.slot_ids[:n], slot_spans=question.slot_spans[:n])


def _train(model: Model, questions: InT):
    encoder, head, proposer = model.layers
    states, backprop_states = encoder(questions, True)
    Y, backprop_head = head(states, True)
    proposals, backprop_proposals = proposer(states, True)

    def backprop(dY: OutT) -> InT:
        d_states, more = backprop_head(dY[:, :-1]), backprop_proposals(dY[:, -1:])
        return backprop_states(LukeStates(d_states.pieces + more.pieces, d_states.slots, states.slot_spans))

    return model.ops.xp.hstack([Y, proposals]), backprop


def _predict(model: Model, questions: InT):
    encoder, head, proposer = model.layers
    ops = model.ops
    pieces, ask = predict_words(get_encoder(encoder), questions)
    spans = ops.asarray2i(flat_spans(questions), dtype="int64")
    scores = ops.to_numpy(proposer.predict(LukeStates(pieces, pieces[:0], spans)))[:, 0]
    borders = numpy.cumsum([len(q.slot_ids) for q in questions])[:-1]
    chosen = [
        best_spans(part, question.slot_spans, model.attrs["per_word"])
        for part, question in zip(numpy.split(scores, borders), questions)
    ]
    asked = [replace(q, slot_ids=q.slot_ids[rows], slot_spans=q.slot_spans[rows]) for q, rows in zip(questions, chosen)]
    Y = ops.alloc2f(len(spans), head.get_dim("nO")) + numpy.nan
    if sum(map(len, chosen)):
        states = LukeStates(pieces, ask(asked), ops.asarray2i(flat_spans(asked), dtype="int64"))
        rows = numpy.concatenate([rows + offset for rows, offset in zip(chosen, [0, *borders])])
        Y[ops.asarray1i(rows)] = head.predict(states)
    return Y, None
