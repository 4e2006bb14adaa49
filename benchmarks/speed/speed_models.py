"""The same random weights in transformers and here, and batches for both."""

from __future__ import annotations

from dataclasses import replace

import numpy
import torch
from thinc.api import chain

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.layers.encoder import luke_encoder
from spacy_luke.layers.proposer import Proposer
from spacy_luke.layers.shim import EncoderSettings
from spacy_luke.layers.slot_head import SlotHead
from spacy_luke.layers.span_head import SpanHead
from spacy_luke.layers.with_batches import with_batches
from spacy_luke.models.proposals import with_proposals
from spacy_luke.types import Question


class Pieces:
    """All that the encoder asks of a tokenizer here."""

    pad = 1


def theirs(name: str, labels: int = 5, **shape):
    """A model of transformers by class name, every weight random."""
    import transformers

    torch.manual_seed(0)
    model = getattr(transformers, name)(transformers.LukeConfig(**shape, num_labels=labels)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    return model


def our_encoder(model, **settings):
    """Our encoder with the weights of `model.luke`."""
    config = LukeConfig.from_dict({**model.config.to_dict(), "special_entities": {"[MASK]": 2}})
    weights = {k: v.detach().clone() for k, v in model.luke.state_dict().items() if not k.startswith("pooler")}
    encoder = luke_encoder(EncoderSettings(**settings), init=lambda *args: None)
    encoder.shims[0].load(config, weights, Pieces(), {})
    encoder.set_dim("nO", config.hidden_size)
    return encoder


def our_head(model, slots: int | None = None):
    """A span head, or with `slots` a head over so many, with the weights of `model.classifier`."""
    W = model.classifier.weight.detach().numpy().copy()
    hidden = model.config.hidden_size
    if slots is None:
        head = SpanHead(len(W), hidden)
        W = W.reshape(len(W), 3, hidden)
    else:
        head = SlotHead(len(W), hidden, slots=slots, bias=model.classifier.bias is not None)
    head.initialize()
    head.set_param("W", W)
    if "b" in head.param_names:
        head.set_param("b", model.classifier.bias.detach().numpy().copy())
    return head


def ours(model, slots: int | None = None, proposals: float | None = None, batch_size: int = 2048, **settings):
    """Questions -> scores."""
    encoder, head = our_encoder(model, **settings), our_head(model, slots)
    if proposals is None:
        return with_batches(chain(encoder, head), batch_size, row_of="slot" if slots is None else "question")
    proposer = Proposer(model.config.hidden_size)
    proposer.initialize()
    return with_proposals(encoder, head, proposer, proposals, batch_size)


def with_view(questions: list[Question], view: str) -> list[Question]:
    return [replace(q, view=view) for q in questions]


def padded(questions: list[Question]) -> dict[str, torch.Tensor]:
    """What a tokenizer of transformers gives for a batch, with first and last pieces of spans."""
    n, pieces, slots = len(questions), max(len(q.piece_ids) for q in questions), max(len(q.slot_ids) for q in questions)
    ids, entities = numpy.full((n, pieces), 1), numpy.zeros((n, slots), dtype="int64")
    positions, ends = numpy.full((n, slots, 30), -1), numpy.zeros((n, slots, 2), dtype="int64")
    for i, q in enumerate(questions):
        ids[i, : len(q.piece_ids)] = q.piece_ids
        entities[i, : len(q.slot_ids)] = q.slot_ids
        columns = q.slot_spans[:, :1] + numpy.arange(30)
        positions[i, : len(q.slot_ids)] = numpy.where(columns < q.slot_spans[:, 1:], columns, -1)
        ends[i, : len(q.slot_ids)] = q.slot_spans - [0, 1]
    masks = [[[1] * k + [0] * (width - k) for k in lengths] for lengths, width in (
        ([len(q.piece_ids) for q in questions], pieces), ([len(q.slot_ids) for q in questions], slots)
    )]
    arrays = {
        "input_ids": ids, "attention_mask": masks[0], "entity_ids": entities, "entity_attention_mask": masks[1],
        "entity_position_ids": positions, "entity_start_positions": ends[..., 0], "entity_end_positions": ends[..., 1],
    }
    return {name: torch.as_tensor(array) for name, array in arrays.items()}


def batches_of(questions: list[Question], size: int, is_sorted: bool = False) -> list[list[Question]]:
    if is_sorted:
        questions = sorted(questions, key=lambda q: len(q.piece_ids) + len(q.slot_ids))
    return [questions[i : i + size] for i in range(0, len(questions), size)]
