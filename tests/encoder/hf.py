"""The same random weights in transformers and here, and what the heads of transformers do on top.

Used by the parity tests of this room and by the tests of the rooms above it.
"""

from __future__ import annotations

import torch
from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.types import LukeInputs

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


def hf_model(name: str, seed: int = 0, **settings):
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
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def our_encoder(hf) -> LukeEncoder:
    """Our encoder with the config and the weights of a transformers model, in eval mode."""
    luke = getattr(hf, "luke", hf)
    encoder = LukeEncoder(LukeConfig.from_dict(hf.config.to_dict()), add_pooler=luke.pooler is not None)
    encoder.load_state_dict(luke.state_dict())
    return encoder.eval()


def make_inputs(
    settings: dict, seed: int = 0, batch: int = 3, pieces: int = 12, slots: int = 5, mention: int = 4,
    padded: bool = True, types: bool = False, spans: bool = False,
) -> LukeInputs:
    """A random batch. Padded at the right (the last window is full), or without any padding.
    slots = 0 gives a batch without entities."""
    g = torch.Generator().manual_seed(seed)
    pad = settings["pad_token_id"] if "pad_token_id" in settings else 1
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
    values = dict(input_ids=inputs.piece_ids, attention_mask=inputs.piece_mask.long(), token_type_ids=inputs.piece_types)
    if inputs.slot_ids is not None:
        values.update(
            entity_ids=inputs.slot_ids,
            entity_attention_mask=inputs.slot_mask.long(),
            entity_position_ids=inputs.slot_positions,
            entity_token_type_ids=inputs.slot_types,
        )
    return values
