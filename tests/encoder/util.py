"""Tiny random encoders and their gradients."""

from __future__ import annotations

import torch

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.types import LukeInputs

from .hf import TINY

VIEWS = ["full", "words"]


def make_encoder(seed: int = 0, **changes) -> LukeEncoder:
    """A tiny encoder in eval mode; every parameter is random."""
    torch.manual_seed(seed)
    encoder = LukeEncoder(LukeConfig.from_dict({**TINY, **changes})).eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return encoder


def gradients(encoder: LukeEncoder, inputs: LukeInputs, view: str, **options) -> dict[str, torch.Tensor | None]:
    """Gradients of a loss over all real rows."""
    encoder.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=options.get("bf16", False)):
        outputs = encoder(inputs, view)
    loss = outputs.pieces[inputs.piece_mask].float().pow(3).mean()
    if outputs.slots is not None:
        loss = loss + outputs.slots[inputs.slot_mask].float().pow(3).mean()
    loss.backward()
    return {name: p.grad if p.grad is None else p.grad.clone() for name, p in encoder.named_parameters()}


def assert_same(a: dict, b: dict, tolerance: float = 1e-6) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert (a[name] is None) == (b[name] is None), name
        if a[name] is not None:
            torch.testing.assert_close(a[name], b[name], rtol=0, atol=tolerance, msg=name)
