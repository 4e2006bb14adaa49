"""Entity slots for the most promising spans only: the words are computed once, then slots over them."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, TypeAlias

import numpy
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, Ints1d, Ints2d

from ..layers.encoder import InT, predict_words
from ..layers.padding import flat_spans
from ..layers.proposer import best_spans
from ..layers.with_batches import cut
from ..types import LukeStates, Question
from .encoder import get_encoder

OutT: TypeAlias = Floats2d


def with_proposals(encoder: Model, head: Model, proposer: Model, per_word: float, batch_size: int | None) -> Model[InT, OutT]:
    """Questions -> scores of all their slots. In training as `chain(encoder, head)`, with the proposer's score as
    one more column. In prediction the view "words" is run in two steps (`layers.encoder.predict_words`): pieces alone; of the
    spans, those that the proposer takes for the best get a slot. The rows of the others are NaN.

    per_word (float): spans that get a slot, for each word. attrs["threshold"], once `set_threshold` was called,
        says instead which score a span must have.
    batch_size (int): as of `with_batches`, counting the slots that are expected.
    """
    return Model(
        "with_proposals",
        forward,
        layers=[encoder, head, proposer],
        attrs={"per_word": per_word, "batch_size": batch_size, "threshold": None},
    )


def forward(model: Model[InT, OutT], questions: InT, is_train: bool) -> tuple[OutT, Callable]:
    sizes = [len(q.slot_ids) for q in questions]
    offsets = numpy.cumsum([0, *sizes])
    run = _train if is_train else _predict
    batches = _cut(model, questions, is_train)
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


def _cut(model: Model, questions: InT, is_train: bool) -> list[list[int]]:
    sized = questions if is_train else [_expected(model, question) for question in questions]
    return cut(model.layers[0], sized, is_train, model.attrs["batch_size"])


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
    ops, head = model.ops, model.layers[1]
    pieces, ask, scores = _look_at_words(model, questions)
    borders = numpy.cumsum([len(q.slot_ids) for q in questions])[:-1]
    parts = zip(numpy.split(scores, borders), questions)
    chosen = [_choose(model, part, question.slot_spans) for part, question in parts]
    asked = [replace(q, slot_ids=q.slot_ids[rows], slot_spans=q.slot_spans[rows]) for q, rows in zip(questions, chosen)]
    Y = ops.alloc2f(len(scores), head.get_dim("nO")) + numpy.nan
    if sum(map(len, chosen)):
        states = LukeStates(pieces, ask(asked), flat_spans(asked))
        rows = numpy.concatenate([rows + offset for rows, offset in zip(chosen, [0, *borders])])
        Y[ops.asarray1i(rows)] = head.predict(states)
    return Y, None


def _look_at_words(model: Model, questions: InT):
    """States of pieces, the function that asks slots over them, and the proposer's score of each slot (slots,)."""
    encoder, _, proposer = model.layers
    pieces, ask = predict_words(get_encoder(encoder), questions)
    spans = flat_spans(questions)
    return pieces, ask, model.ops.to_numpy(proposer.predict(LukeStates(pieces, pieces[:0], spans)))[:, 0]


def _choose(model: Model, scores: Floats1d, spans: Ints2d) -> Ints1d:
    """Rows of the spans of a question that get a slot."""
    threshold = model.attrs["threshold"]
    if threshold is None:
        return best_spans(scores, spans, model.attrs["per_word"])
    return numpy.flatnonzero(scores >= threshold)


def proposal_scores(model: Model, questions: InT) -> Floats1d:
    """How good each slot's span looks, (slots of all questions,), on the CPU. Asks no slot."""
    offsets = numpy.cumsum([0, *(len(q.slot_ids) for q in questions)])
    scores = numpy.zeros(int(offsets[-1]), dtype="float32")
    for batch in _cut(model, questions, is_train=False):
        rows = numpy.concatenate([numpy.arange(offsets[i], offsets[i + 1]) for i in batch])
        scores[rows] = _look_at_words(model, [questions[i] for i in batch])[2]
    return scores


def set_threshold(model: Model, threshold: float, per_word: float) -> None:
    """From now on a span gets a slot if it looks at least that good; per_word: how many slots that is about, for
    the size of batches. Saved with the model."""
    model.attrs["threshold"], model.attrs["per_word"] = float(threshold), float(per_word)
