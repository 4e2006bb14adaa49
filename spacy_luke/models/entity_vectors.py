"""Vectors for entities that the entity table lacks, from their descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import numpy
from thinc.api import Model

from ..tokenization.tasks import encode_task
from ..types import Question
from .encoder import get_shim

if TYPE_CHECKING:
    from thinc.types import Floats2d

    from ..kb.descriptions import Passage


def embed_passages(model: Model, passages: Sequence[Passage]) -> Floats2d:
    """What the masked-entity head predicts for the name of an entity in a text about it: the name enters as a
    [MASK] entity, as in training, so the vector lies where the head looks for entities. "Entity Embedding
    Completion for Wide-Coverage Entity Disambiguation" (EMNLP Findings 2022) fits such vectors to those of
    the table; here the head, trained against that table, gives them directly.

    model: of a luke_linker. passages: longer ones are cut around the name.
    RETURNS: (passages, emb) float32, on the CPU; zeros for a name that the tokenizer has no piece for.
    """
    vectors = numpy.zeros((len(passages), model.get_ref("head").get_dim("nO")), dtype="float32")
    questions = [_question(model, passage) for passage in passages]
    asked = [i for i, question in enumerate(questions) if question.slot_spans[0, 0] < question.slot_spans[0, 1]]
    if asked:
        vectors[asked] = model.ops.to_numpy(model.layers[0].predict([questions[i] for i in asked]))
    return vectors


def _question(model: Model, passage: Passage) -> Question:
    shim = get_shim(model.get_ref("encoder"))
    ids, spans = encode_task(shim.tokenizer, passage.text, [(passage.start, passage.end)])
    ids, spans = _fit(ids, spans, shim.config.max_pieces)
    mask = shim.config.other["special_entities"]["[MASK]"]
    return Question(ids, numpy.asarray([mask]), spans, "full", reads_pieces=model.get_ref("head").attrs["with_pieces"])


def _fit(ids, spans, limit: int):
    """A window of `limit` pieces around the mention, special pieces kept."""
    if len(ids) <= limit:
        return ids, spans
    start, end = (int(x) for x in spans[0])
    end = min(end, start + limit - 2)
    lo = min(max(1, (start + end - limit) // 2 + 1), len(ids) - limit + 1)
    hi = lo + limit - 2
    return numpy.concatenate([ids[:1], ids[lo:hi], ids[-1:]]), numpy.asarray([[start, end]]) - lo + 1


def standardise(vectors: Floats2d) -> tuple[Floats2d, Floats2d, Floats2d]:
    """(rows, emb) -> mean 0 and variance 1 in each component, and the (emb,) mean and deviation. Rows of zeros,
    which are no vectors, stay so.

    States of encoders without entity pretraining nearly point in one direction, whatever the text;
    without this every entity would look like every other."""
    given = vectors.any(axis=1)
    mean, deviation = vectors[given].mean(axis=0), vectors[given].std(axis=0) + 1e-6
    return numpy.where(given[:, None], (vectors - mean) / deviation, 0.0).astype("float32"), mean, deviation


def bring_to(vectors: Floats2d, found: Floats2d, expected: Floats2d) -> Floats2d:
    """(rows, emb) -> the same on another scale: the one that, in each component, gives `found` (references, emb) the
    mean and deviation of `expected` (references, emb). Rows of zeros stay so."""
    given = vectors.any(axis=1)
    scale = expected.std(axis=0) / (found.std(axis=0) + 1e-6)
    moved = (vectors - found.mean(axis=0)) * scale + expected.mean(axis=0)
    return numpy.where(given[:, None], moved, 0.0).astype("float32")
