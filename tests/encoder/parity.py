"""How far our numbers are from those of transformers: one function per class of transformers.

Each builds the class with random weights, gives both sides the same batch and the same loss, and
returns the largest absolute differences of states, logits and gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spacy_luke.types import LukeInputs, LukeOutputs

from .hf import Ours, entity_feature, hf_inputs, hf_model, pair_feature, span_ends, span_feature


class Differences(NamedTuple):
    """Largest absolute differences, and the largest gradient to compare with."""

    states: float
    logits: float
    gradients: float
    largest_gradient: float


def differences(name: str, inputs: LukeInputs, seed: int = 0, noise: float = 0.1, **settings) -> Differences:
    """Compare one class of transformers with ours.

    name: LukeModel, LukeForMaskedLM, LukeForEntityClassification, LukeForEntityPairClassification or
        LukeForEntitySpanClassification.
    """
    theirs = hf_model(name, seed=seed, noise=noise, **settings)
    ours = Ours(theirs)
    expected = theirs(**hf_inputs(inputs), **_more_inputs(name, inputs), output_hidden_states=True)
    found = ours.luke(inputs, output_layers=True)
    pairs = zip(found.layers, expected.hidden_states, strict=True)
    states = [largest(pieces, other) for (pieces, _), other in pairs]
    if inputs.slot_ids is not None:
        pairs = zip(found.layers, expected.entity_hidden_states, strict=True)
        states += [largest(slots, other) for (_, slots), other in pairs]
    logits, their_logits = HEADS[name](ours, found, inputs), _their_logits(name, expected)
    g = torch.Generator().manual_seed(seed)
    sum(_loss(x, mask, g) for x, mask in zip(logits, _masks(name, inputs))).backward()
    g.manual_seed(seed)
    sum(_loss(x, mask, g) for x, mask in zip(their_logits, _masks(name, inputs))).backward()
    bare = ours.luke if name == "LukeModel" else ours
    gradients, largest_gradient = gradient_differences(bare, theirs)
    heads = max(largest(a, b) for a, b in zip(logits, their_logits, strict=True))
    return Differences(max(states), heads, gradients, largest_gradient)


def gradient_differences(ours: nn.Module, theirs: nn.Module) -> tuple[float, float]:
    """Largest absolute difference of the gradients of all parameters, and the largest gradient.
    A parameter without a gradient must be without one on both sides."""
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert set(mine) == set(other)
    assert {n for n, p in mine.items() if p.grad is None} == {n for n, p in other.items() if p.grad is None}
    names = [n for n, p in mine.items() if p.grad is not None]
    difference = max(largest(mine[n].grad, other[n].grad) for n in names)
    return difference, max(float(mine[n].grad.abs().max()) for n in names)


def largest(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference; shapes must agree."""
    assert a.shape == b.shape
    return float((a - b).detach().abs().max())


def _states(ours: Ours, outputs: LukeOutputs, inputs: LukeInputs) -> list[Tensor]:
    return [states for states in outputs[:2] if states is not None]


def _masked_words_and_entities(ours: Ours, outputs: LukeOutputs, inputs: LukeInputs) -> list[Tensor]:
    logits = [ours.lm_head(outputs.pieces)]
    return logits if outputs.slots is None else [*logits, ours.entity_predictions(outputs.slots)]


def _entity(ours: Ours, outputs: LukeOutputs, inputs: LukeInputs) -> list[Tensor]:
    return [ours.classifier(entity_feature(outputs))]


def _pair(ours: Ours, outputs: LukeOutputs, inputs: LukeInputs) -> list[Tensor]:
    return [ours.classifier(pair_feature(outputs))]


def _span(ours: Ours, outputs: LukeOutputs, inputs: LukeInputs) -> list[Tensor]:
    return [ours.classifier(span_feature(outputs, *span_ends(inputs)))]


HEADS: dict[str, Callable[[Ours, LukeOutputs, LukeInputs], list[Tensor]]] = {
    "LukeModel": _states,
    "LukeForMaskedLM": _masked_words_and_entities,
    "LukeForEntityClassification": _entity,
    "LukeForEntityPairClassification": _pair,
    "LukeForEntitySpanClassification": _span,
}


def _their_logits(name: str, outputs) -> list[Tensor]:
    fields = ["logits", "entity_logits"]
    if name == "LukeModel":
        fields = ["last_hidden_state", "entity_last_hidden_state"]
    return [outputs[field] for field in fields if outputs.get(field) is not None]


def _more_inputs(name: str, inputs: LukeInputs) -> dict:
    if name != "LukeForEntitySpanClassification":
        return {}
    return dict(zip(["entity_start_positions", "entity_end_positions"], span_ends(inputs)))


def _masks(name: str, inputs: LukeInputs) -> list[Tensor | None]:
    """Which rows count in the loss: padding does not."""
    if name in ("LukeModel", "LukeForMaskedLM"):
        return [inputs.piece_mask, inputs.slot_mask]
    return [inputs.slot_mask if name == "LukeForEntitySpanClassification" else None]


def _loss(logits: Tensor, mask: Tensor | None, g: torch.Generator) -> Tensor:
    """Cross-entropy against random classes, on the rows that count."""
    rows = logits if mask is None else logits[mask]
    return F.cross_entropy(rows, torch.randint(0, rows.shape[-1], rows.shape[:1], generator=g))
