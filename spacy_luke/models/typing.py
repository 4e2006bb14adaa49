"""LUKE's entity typing: one question for each mention, with markers and a [MASK] entity over it; or without markers,
one for all mentions of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Sequence, TypeAlias

import numpy
from thinc.api import Model, chain
from thinc.types import Floats2d

from ..errors import Errors
from ..features.marked import marked_questions
from ..features.mentions import ask_all_masked
from ..features.questions import AskedSpans
from ..layers.encoder import InT as QuestionsT
from ..layers.encoder import OutT as StatesT
from ..layers.slot_head import SlotHead
from ..layers.with_batches import with_batches
from .encoder import get_shim, share_mentions
from .labels import init_output, resize_output

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Ints2d

# Docs; for each of them its mentions (mentions, 2), word offsets.
InT: TypeAlias = tuple[list["Doc"], "Sequence[Ints2d]"]
OutT: TypeAlias = Floats2d

# The score of all types where a mention could not be asked: no probability at all.
NOT_ASKED = -1e4


def was_asked(scores: Floats2d):
    """Which rows of the model's scores (mentions, types) are answers of the encoder, (mentions,) bool."""
    return scores.max(axis=1) > NOT_ASKED


def build_luke_typing_v1(
    encoder: Model[QuestionsT, StatesT], markers: bool = True, batch_size: int | None = None, nO: int | None = None
) -> Model[InT, OutT]:
    """(Docs, mentions) -> scores (mentions of all Docs, types), log-odds of each type.

    LUKE (EMNLP 2020) section 4.1, studio-ousia/luke examples/entity_typing/model.py: <ent> mention <ent>, the
    state of one [MASK] entity over it -> Linear. For encoders made from BERT-like checkpoints, whose slots start
    untrained, the head also reads the pieces under the slot (layers/slot_input.py).

    encoder: `spacy_luke.LukeEncoder.v1` or `spacy_luke.LukeListener.v1`.
    markers (bool): a pass for each mention, marked, as in the paper. False: all mentions of a window are [MASK]
        entities of one pass, which see each other, as in LUKE's entity disambiguation: faster where texts have many
        mentions. It is what luke_linker asks first: behind one `luke` the second of the two takes the first's answer.
    batch_size (int): pieces and slots of a batch; null takes as many as are fastest and fit in the free memory.
    """
    if not markers:
        share_mentions(encoder)
    head = SlotHead(nO, slots=1, bias=True)
    return Model(
        "luke_typing",
        forward,
        init=init_output,
        layers=[with_batches(chain(encoder, head), batch_size)],
        refs={"encoder": encoder, "output_layer": head},
        dims={"nO": nO},
        attrs={"resize_output": resize_output, "markers": markers},
    )


def forward(model: Model[InT, OutT], docs_mentions: InT, is_train: bool) -> tuple[OutT, Callable]:
    asked = ask(model, *docs_mentions)
    if not model.get_ref("output_layer").has_param("W"):
        raise ValueError(Errors.LK405)
    scores = model.ops.alloc2f(asked.n_spans, model.get_dim("nO")) + NOT_ASKED
    if not asked.questions:
        return scores, lambda d_scores: []
    Y, backprop = model.layers[0](asked.questions, is_train)
    slots = model.ops.asarray1i(numpy.flatnonzero(asked.rows >= 0))
    rows = model.ops.asarray1i(asked.rows[asked.rows >= 0])
    scores[rows] = Y[slots]

    def backprop_scores(d_scores: OutT) -> list:
        dY = model.ops.alloc2f(*Y.shape)
        dY[slots] = d_scores[rows]
        return backprop(dY)

    return scores, backprop_scores


def ask(model: Model[InT, OutT], docs: Sequence[Doc], mentions: Sequence[Ints2d]) -> AskedSpans:
    """The questions about all mentions that fit a window and have a piece."""
    shim = get_shim(model.get_ref("encoder"))
    mask, limit = shim.config.other["special_entities"]["[MASK]"], shim.config.max_pieces
    reads_pieces = model.get_ref("output_layer").attrs["with_pieces"]
    if not model.attrs["markers"]:
        return ask_all_masked(docs, mentions, shim.tokenizer, mask=mask, limit=limit, reads_pieces=reads_pieces)
    alone = [spans.reshape(-1, 1, 2) for spans in mentions]
    marked = marked_questions(docs, alone, shim.tokenizer, slot_ids=(mask,), limit=limit, reads_pieces=reads_pieces)
    return AskedSpans(marked.questions, marked.rows, sum(map(len, mentions)))
