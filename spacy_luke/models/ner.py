"""LUKE's NER: every suggested span is a [MASK] entity, and gets a score for each label."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Callable, TypeAlias

import numpy
from thinc.api import Model, chain
from thinc.types import Floats1d, Floats2d, Ragged

from ..errors import Errors
from ..features.questions import AskedSpans, ask_spans
from ..features.windows import SpanGetter
from ..layers.encoder import InT as QuestionsT
from ..layers.encoder import OutT as StatesT
from ..layers.proposer import Proposer
from ..layers.span_head import SpanHead
from ..layers.with_batches import with_batches
from ..types import SlotView
from .encoder import get_shim
from .labels import init_output, resize_output
from .proposals import proposal_scores, with_proposals

if TYPE_CHECKING:
    from spacy.tokens import Doc

InT = tuple[list["Doc"], Ragged]
OutT: TypeAlias = Floats2d

# The class of spans that are no entity, and the score of the others where a span could not be asked.
NONE_CLASS = 0
NOT_ASKED = -1e4


def was_asked(scores: Floats2d):
    """Which rows of the model's scores (spans, 1 + labels), without the proposer's, are answers of the encoder, (spans,) bool."""
    return scores[:, NONE_CLASS + 1 :].max(axis=1) > NOT_ASKED


def build_luke_ner_v1(
    encoder: Model[QuestionsT, StatesT],
    view: SlotView | None = None,
    get_spans: SpanGetter | None = None,
    proposals: float | None = None,
    batch_size: int | None = None,
    nO: int | None = None,
) -> Model[InT, OutT]:
    """(Docs, suggested spans) -> scores (spans, 1 + labels), not normalised; column 0 is "no entity".

    LUKE (EMNLP 2020) section 4.3, studio-ousia/luke examples/ner/model.py: [first piece; last piece;
    entity slot] -> Linear.

    encoder: `spacy_luke.LukeEncoder.v1` or `spacy_luke.LukeListener.v1`.
    view (str): what a slot sees: "full", LUKE's attention; "words", pieces and itself only, which is
        faster and independent of the other spans. None: "full" for LUKE checkpoints, "words" for
        encoders made from BERT-like ones, which have not learnt from other entities.
    get_spans: a span getter of spacy-transformers that cuts Docs into windows. None: LUKE's rule, up
        to the encoder's length with context on both sides.
    proposals (float): predict with a slot for that many spans for each word only, those that look best from
        the states of their first and last word; several times faster. `LukeNER.tune_proposals` or the callback
        `spacy_luke.tune_proposals.v1` put a threshold from dev data in its place. None asks all that are suggested,
        as the paper does. For the view "words", in which the words need no second pass. With it, the scores have one
        more column in training: how good the span looked.
    batch_size (int): pieces and slots of a batch; null takes as many as are fastest and fit in the free memory. Bounds the memory
        of prediction; training keeps all batches of an update until the backward pass.
    """
    if view not in (None, "full", "words"):
        raise ValueError(Errors.LK404.format(value=view, name="view", options="full, words, null"))
    if proposals is not None and (proposals <= 0 or view == "full"):
        raise ValueError(Errors.LK406.format(value=proposals, view=view))
    head, proposer = SpanHead(nO), None if proposals is None else Proposer()
    refs: dict[str, Model | None] = {"encoder": encoder, "output_layer": head}
    if proposer is None or proposals is None:
        batches = with_batches(chain(encoder, head), batch_size)
    else:
        batches, refs["proposer"] = with_proposals(encoder, head, proposer, proposals, batch_size), proposer
    return Model(
        "luke_ner",
        forward,
        init=init,
        layers=[batches],
        refs=refs,
        dims={"nO": nO},
        attrs={"resize_output": resize_output, "ask": partial(ask, view=view, get_spans=get_spans)},
    )


def has_proposer(model: Model[InT, OutT]) -> bool:
    """Does the model predict with proposals, and so give one more column of scores in training?"""
    return model.has_ref("proposer") is True


def score_proposals(model: Model[InT, OutT], docs_spans: InT) -> Floats1d:
    """How good each suggested span looks to the proposer, (spans,), on the CPU; NaN = it could not be asked."""
    asked = model.attrs["ask"](model, *docs_spans)
    scores = numpy.full(asked.n_spans, numpy.nan, dtype="float32")
    scores[asked.rows] = proposal_scores(model.layers[0], asked.questions)
    return scores


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    init_output(model, X, Y)
    if has_proposer(model):
        encoder = model.get_ref("encoder")
        shim = get_shim(encoder)
        if shim.config.entities_pretrained and model.attrs["ask"].keywords["view"] is None:
            raise ValueError(Errors.LK406.format(value=model.layers[0].attrs["per_word"], view="full"))
        proposer = model.get_ref("proposer")
        proposer.set_dim("nI", encoder.get_dim("nO"), force=True)
        proposer.initialize()


def forward(model: Model[InT, OutT], docs_spans: InT, is_train: bool) -> tuple[OutT, Callable]:
    asked = model.attrs["ask"](model, *docs_spans)
    if not model.get_ref("output_layer").has_param("W"):
        raise ValueError(Errors.LK405)
    columns = model.get_dim("nO") + (is_train and has_proposer(model))
    scores = model.ops.alloc2f(asked.n_spans, columns) + NOT_ASKED
    scores[:, NONE_CLASS] = 0.0
    if not asked.questions:
        return scores, lambda d_scores: []
    Y, backprop = model.layers[0](asked.questions, is_train)
    rows = asked.rows
    if has_proposer(model) and not is_train:
        found = ~model.ops.to_numpy(model.ops.xp.isnan(Y[:, NONE_CLASS]))
        rows, Y = rows[found], Y[model.ops.asarray1i(numpy.flatnonzero(found))]
    rows = model.ops.asarray1i(rows)
    scores[rows] = Y

    def backprop_scores(d_scores: OutT) -> list:
        return backprop(d_scores[rows])

    return scores, backprop_scores


def ask(model: Model[InT, OutT], docs, spans: Ragged, *, view: SlotView | None, get_spans) -> AskedSpans:
    """The questions of a batch of Docs, in the view that suits the encoder. The model has it, with view and
    get_spans, as attribute "ask"."""
    shim = get_shim(model.get_ref("encoder"))
    return ask_spans(
        docs,
        model.ops.to_numpy(spans.dataXd).reshape(-1, 2),
        model.ops.to_numpy(spans.lengths),
        shim.tokenizer,
        slot_id=shim.config.other["special_entities"]["[MASK]"],
        view=view or ("full" if shim.config.entities_pretrained else "words"),
        limit=shim.config.max_pieces,
        get_spans=get_spans,
    )
