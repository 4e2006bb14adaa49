"""The same random weights in transformers and here, and what the heads of transformers do on top.

Used by the parity tests of this room and by the tests of the rooms above it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.encoder.heads import MaskedEntityHead, MaskedWordHead
from spacy_luke.types import LukeInputs, LukeOutputs

TINY = dict(
    vocab_size=60,
    entity_vocab_size=20,
    hidden_size=32,
    entity_emb_size=16,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=40,
    type_vocab_size=2,
    layer_norm_eps=1e-5,
    pad_token_id=1,
    num_labels=5,
)
BASE = dict(vocab_size=1000, entity_vocab_size=200, max_position_embeddings=130, layer_norm_eps=1e-5, num_labels=5)


def hf_model(name: str, seed: int = 0, noise: float = 0.1, **settings):
    """A transformers model by class name, in eval mode, every parameter moved away from its start.

    Biases, LayerNorms and all four queries get values of their own: were they left as they start
    (zeros, ones, equal), a wrong name or a forgotten addition would not show.
    """
    import transformers

    torch.manual_seed(seed)
    config = transformers.LukeConfig(**settings, attn_implementation="eager")
    model = getattr(transformers, name)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * noise)
    return model


class Ours(nn.Module):
    """Our encoder under the module names of a transformers model, with its config and its weights,
    in eval mode. The task classes' classifier is one Linear; the masked-LM heads are ours."""

    def __init__(self, theirs) -> None:
        super().__init__()
        config = LukeConfig.from_dict(theirs.config.to_dict())
        bare = not hasattr(theirs, "luke")
        pooler = (theirs if bare else theirs.luke).pooler is not None
        self.luke = LukeEncoder(config, add_pooler=pooler)
        if hasattr(theirs, "lm_head"):
            self.lm_head = MaskedWordHead(config, self.luke)
            self.entity_predictions = MaskedEntityHead(config, self.luke)
        if hasattr(theirs, "classifier"):
            linear = theirs.classifier
            self.classifier = nn.Linear(linear.in_features, linear.out_features, linear.bias is not None)
        (self.luke if bare else self).load_state_dict(theirs.state_dict())  # strict: same names on both sides
        self.eval()


def our_encoder(theirs) -> LukeEncoder:
    """Our encoder with the config and the weights of a transformers model, in eval mode."""
    return Ours(theirs).luke


def entity_feature(outputs: LukeOutputs) -> Tensor:
    """What LukeForEntityClassification classifies: the first slot. (batch, hidden)"""
    return outputs.slots[:, 0]


def pair_feature(outputs: LukeOutputs) -> Tensor:
    """What LukeForEntityPairClassification classifies: first and second slot. (batch, 2 hidden)"""
    return torch.cat([outputs.slots[:, 0], outputs.slots[:, 1]], dim=-1)


def span_feature(outputs: LukeOutputs, starts: Tensor, ends: Tensor) -> Tensor:
    """What LukeForEntitySpanClassification classifies: the first piece, the last piece and the slot.
    starts, ends: (batch, slots) int64, rows of the pieces. RETURNS: (batch, slots, 3 hidden)."""
    rows = torch.arange(starts.shape[0])[:, None]
    return torch.cat([outputs.pieces[rows, starts], outputs.pieces[rows, ends], outputs.slots], dim=-1)


def span_ends(inputs: LukeInputs) -> tuple[Tensor, Tensor]:
    """First and last piece under each slot, 0 for padded slots: two of (batch, slots)."""
    positions = inputs.slot_positions
    first = positions.masked_fill(positions < 0, 10**6).amin(-1)
    return first.masked_fill(~inputs.slot_mask, 0), positions.amax(-1).clamp(min=0)


def make_inputs(
    settings: dict,
    seed: int = 0,
    batch: int = 3,
    pieces: int = 12,
    slots: int = 5,
    mention: int = 4,
    padded: bool = True,
    types: bool = False,
) -> LukeInputs:
    """A random batch, padded at the right (one window is full, one has all slots) or without any
    padding. Every window has at least 2 slots; slots = 0 gives a batch without entities."""
    g = torch.Generator().manual_seed(seed)
    pad = settings.get("pad_token_id", 1)
    ids = torch.randint(pad + 1, settings["vocab_size"], (batch, pieces), generator=g)
    lengths = torch.full((batch,), pieces)
    if padded:
        lengths[:-1] = torch.randint(pieces // 2, pieces, (batch - 1,), generator=g)
    piece_mask = torch.arange(pieces)[None] < lengths[:, None]
    ids = ids.masked_fill(~piece_mask, pad)
    piece_types = torch.randint(0, 2, (batch, pieces), generator=g) if types else None
    if not slots:
        return LukeInputs(ids, piece_mask, piece_types)
    counts = torch.full((batch,), slots)
    if padded:
        counts[1:] = torch.randint(2, slots, (batch - 1,), generator=g)
    slot_mask = torch.arange(slots)[None] < counts[:, None]
    slot_ids = torch.randint(1, settings["entity_vocab_size"], (batch, slots), generator=g)
    slot_ids = slot_ids.masked_fill(~slot_mask, 0)
    first = (torch.rand(batch, slots, generator=g) * (lengths[:, None] - mention)).long()
    length = torch.randint(1, mention + 1, (batch, slots), generator=g)
    positions = first[:, :, None] + torch.arange(mention)
    positions = positions.masked_fill(torch.arange(mention) >= length[:, :, None], -1)
    positions = positions.masked_fill(~slot_mask[:, :, None], -1)
    slot_types = torch.randint(0, 2, (batch, slots), generator=g) if types else None
    return LukeInputs(ids, piece_mask, piece_types, slot_ids, slot_mask, positions, slot_types)


def hf_inputs(inputs: LukeInputs) -> dict:
    """The same batch as keyword arguments of a transformers model."""
    values = dict(
        input_ids=inputs.piece_ids, attention_mask=inputs.piece_mask.long(), token_type_ids=inputs.piece_types
    )
    if inputs.slot_ids is not None:
        values.update(
            entity_ids=inputs.slot_ids,
            entity_attention_mask=inputs.slot_mask.long(),
            entity_position_ids=inputs.slot_positions,
            entity_token_type_ids=inputs.slot_types,
        )
    return values
