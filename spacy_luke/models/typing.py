"""LUKE's entity typing: one question for each mention, with markers and a [MASK] entity over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Sequence, TypeAlias

from thinc.api import Model, chain
from thinc.types import Floats2d

from ..errors import Errors
from ..features.marked import Marked, marked_questions
from ..layers.encoder import InT as QuestionsT
from ..layers.encoder import OutT as StatesT
from ..layers.slot_head import SlotHead, larger_head
from ..layers.with_batches import with_batches
from .encoder import get_shim

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
    encoder: Model[QuestionsT, StatesT], batch_size: int = 2048, nO: int | None = None
) -> Model[InT, OutT]:
    """(Docs, mentions) -> scores (mentions of all Docs, types), log-odds of each type.

    LUKE (EMNLP 2020) section 4.1, studio-ousia/luke examples/entity_typing/model.py: <ent> mention <ent>, the
    state of one [MASK] entity over it -> Linear. For encoders made from BERT-like checkpoints, whose slots start
    untrained, the head also reads the pieces under the slot (layers/slot_input.py).

    encoder: `spacy_luke.LukeEncoder.v1` or `spacy_luke.LukeListener.v1`.
    batch_size (int): pieces and slots of a padded batch; a GPU likes more.
    """
    head = SlotHead(nO, slots=1, bias=True)
    return Model(
        "luke_typing",
        forward,
        init=init,
        layers=[with_batches(chain(encoder, head), batch_size, row_of="question")],
        refs={"encoder": encoder, "output_layer": head},
        dims={"nO": nO},
        attrs={"resize_output": resize_output},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    encoder, head = model.get_ref("encoder"), model.get_ref("output_layer")
    encoder.initialize()
    head.set_dim("nI", encoder.get_dim("nO"), force=True)
    head.attrs["with_pieces"] = not get_shim(encoder).config.entities_pretrained
    if Y is not None:
        model.set_dim("nO", Y.shape[1], force=True)
    head.set_dim("nO", model.get_dim("nO"), force=True)
    head.initialize()


def forward(model: Model[InT, OutT], docs_mentions: InT, is_train: bool) -> tuple[OutT, Callable]:
    asked = ask(model, *docs_mentions)
    if not model.get_ref("output_layer").has_param("W"):
        raise ValueError(Errors.LK405)
    scores = model.ops.alloc2f(sum(map(len, docs_mentions[1])), model.get_dim("nO")) + NOT_ASKED
    if not asked.questions:
        return scores, lambda d_scores: []
    Y, backprop = model.layers[0](asked.questions, is_train)
    rows = model.ops.asarray1i(asked.rows)
    scores[rows] = Y

    def backprop_scores(d_scores: OutT) -> list:
        return backprop(d_scores[rows])

    return scores, backprop_scores


def ask(model: Model[InT, OutT], docs: Sequence[Doc], mentions: Sequence[Ints2d]) -> Marked:
    """One question for each mention that fits a window and has a piece."""
    shim = get_shim(model.get_ref("encoder"))
    return marked_questions(
        docs,
        [spans.reshape(-1, 1, 2) for spans in mentions],
        shim.tokenizer,
        slot_ids=(shim.config.other["special_entities"]["[MASK]"],),
        limit=shim.config.max_pieces,
        reads_pieces=model.get_ref("output_layer").attrs["with_pieces"],
    )


def resize_output(model: Model[InT, OutT], nO: int) -> None:
    """Make room for more types; scores of the present ones stay."""
    head = model.get_ref("output_layer")
    if head.has_param("W"):
        model.replace_node(head, larger_head(head, nO))
    model.set_dim("nO", nO, force=True)
