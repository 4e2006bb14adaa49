"""LUKE's relation classification: a [MASK] entity over the head, a [MASK2] over the tail, both with markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Sequence, TypeAlias

from thinc.api import Model, chain
from thinc.types import Floats2d

from ..errors import Errors
from ..features.marked import Marked, marked_questions
from ..layers.encoder import InT as QuestionsT
from ..layers.encoder import OutT as StatesT
from ..layers.slot_head import SlotHead
from ..layers.with_batches import with_batches
from ..types import Question
from .encoder import get_shim
from .labels import init_output, resize_output

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.types import Ints2d

InT = list[Question]
OutT: TypeAlias = Floats2d

# The special pieces, four markers, and two entities of a piece.
LEAST_PIECES = 8


def build_luke_relations_v1(
    encoder: Model[QuestionsT, StatesT],
    batch_size: int | None = None,
    max_pieces: int | None = None,
    nO: int | None = None,
) -> Model[InT, OutT]:
    """Questions about pairs, as `ask` makes them -> scores (questions, nO), not normalised.

    LUKE (EMNLP 2020) section 4.2, studio-ousia/luke examples/relation_classification/model.py:
    [head; tail] -> Linear without bias. For encoders made from BERT-like checkpoints, whose slots start untrained,
    the head also reads the pieces under the slots (layers/slot_input.py).

    encoder: `spacy_luke.LukeEncoder.v1` or `spacy_luke.LukeListener.v1`.
    batch_size (int): pieces and slots of a batch; null takes as many as are fastest and fit in the free memory. The pipe
        trains batch by batch, so this bounds the memory of training, too.
    max_pieces (int): most pieces of a question; None = as many as the encoder takes. Each pair is a pass over
        its window, so long Docs with many entities take much less time with 128, and pairs see less around them.
    RAISES ValueError LK408: max_pieces has no room for two entities.
    """
    if max_pieces is not None and max_pieces < LEAST_PIECES:
        raise ValueError(Errors.LK408.format(value=max_pieces, least=LEAST_PIECES))
    head = SlotHead(nO, slots=2, bias=False)
    return Model(
        "luke_relations",
        forward,
        init=init_output,
        layers=[with_batches(chain(encoder, head), batch_size, row_of="question")],
        refs={"encoder": encoder, "output_layer": head},
        dims={"nO": nO},
        attrs={"resize_output": resize_output, "batch_size": batch_size, "max_pieces": max_pieces},
    )


def forward(model: Model[InT, OutT], questions: InT, is_train: bool) -> tuple[OutT, Callable]:
    if not model.get_ref("output_layer").has_param("W"):
        raise ValueError(Errors.LK405)
    if not questions:
        return model.ops.alloc2f(0, model.get_dim("nO")), lambda d_scores: []
    return model.layers[0](questions, is_train)


def ask(model: Model[InT, OutT], docs: Sequence[Doc], pairs: Sequence[Ints2d]) -> Marked:
    """One question for each pair that fits a window and whose two spans have a piece.

    pairs: for each Doc (pairs, head and tail, first word and one past the last).
    """
    shim = get_shim(model.get_ref("encoder"))
    special = shim.config.other["special_entities"]
    slot_ids = special["[MASK]"], special["[MASK2]"]
    limit = min(shim.config.max_pieces, model.attrs["max_pieces"] or shim.config.max_pieces)
    reads_pieces = model.get_ref("output_layer").attrs["with_pieces"]
    return marked_questions(docs, pairs, shim.tokenizer, slot_ids=slot_ids, limit=limit, reads_pieces=reads_pieces)
