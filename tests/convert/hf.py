"""Tiny models of transformers with random weights, saved as their checkpoints are, and the comparison."""

from __future__ import annotations

from pathlib import Path

import numpy
import torch

from spacy_luke.convert.checkpoint import Checkpoint
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.encoder.heads import MaskedWordHead
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.types import LukeInputs

SIZES = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=40,
    max_position_embeddings=40,
    initializer_range=0.3,  # far from 0, so that no mistake hides
)


def save_model(kind: str, path: Path, spare_rows: int = 0, **kwargs) -> torch.nn.Module:
    """A random model of that class in `path`, which holds its tokenizer already; kwargs for the config."""
    import transformers

    tokenizer = PieceTokenizer.from_directory(path)
    settings = dict(SIZES, vocab_size=tokenizer.vocab_size + spare_rows, pad_token_id=tokenizer.pad)
    config = getattr(transformers, kind).config_class(**(settings | kwargs))
    model = getattr(transformers, kind)(config).eval()
    for parameter in model.parameters():  # biases and LayerNorms as well
        parameter.data.normal_(0.0, 0.3)
    model.save_pretrained(path)
    return model


def encoder_of(checkpoint: Checkpoint) -> LukeEncoder:
    encoder = LukeEncoder(checkpoint.config).eval()
    encoder.load_state_dict(checkpoint.weights)
    return encoder


def pieces_of(checkpoint: Checkpoint, length: int = 12) -> torch.Tensor:
    """(2, length) ids that are no padding."""
    ids = torch.randint(4, checkpoint.config.vocab_size, (2, length))
    return torch.where(ids == checkpoint.tokenizer.pad, checkpoint.tokenizer.unk, ids)


@torch.no_grad()
def assert_words_equal(checkpoint: Checkpoint, theirs: torch.nn.Module) -> None:
    """Without slots our encoder (and word head, where there is one) is their model."""
    ids = pieces_of(checkpoint)
    ids = torch.where(ids < theirs.config.vocab_size, ids, checkpoint.tokenizer.unk)
    expected = theirs(ids, output_hidden_states=True)
    encoder = encoder_of(checkpoint)
    pieces = encoder(LukeInputs(ids, torch.ones_like(ids, dtype=torch.bool))).pieces
    torch.testing.assert_close(pieces, expected.hidden_states[-1], atol=1e-5, rtol=0)
    if "logits" in expected:
        head = MaskedWordHead(checkpoint.config, encoder)
        assert set(checkpoint.heads) >= {"lm_head.bias", "lm_head.dense.weight"}
        state = {k.removeprefix("lm_head."): v for k, v in checkpoint.heads.items() if k.startswith("lm_head.")}
        head.load_state_dict(state, strict=False)
        logits = head(pieces)[..., : theirs.config.vocab_size]
        torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=0)


@torch.no_grad()
def assert_entities_equal(checkpoint: Checkpoint, theirs: torch.nn.Module) -> None:
    """Special entities and, of a full LUKE, known ones give the hidden states of their LukeModel."""
    base = getattr(theirs, "luke", theirs)
    ids = pieces_of(checkpoint)
    ours = torch.tensor([[2, 3, 1], [2, 2, 0]])  # [MASK] [MASK2] [UNK], [MASK] [MASK] padding
    names = list(checkpoint.config.other["special_entities"])
    entity_ids = torch.tensor([[checkpoint.special_ids[names[i]] for i in row] for row in ours.tolist()])
    vectors = None
    if checkpoint.entity_vectors is not None:
        rows = numpy.asarray([3, 0])
        vectors = torch.tensor(checkpoint.entity_vectors[rows], dtype=torch.float32)
        entity_ids[1, 1], ours[1, 1] = 3, len(names)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    positions = torch.tensor([[[1, 2, -1], [3, -1, -1], [5, 6, 7]], [[0, 1, -1], [4, 9, -1], [-1, -1, -1]]])
    expected = base(
        ids, entity_ids=entity_ids, entity_attention_mask=mask, entity_position_ids=positions, return_dict=True
    )
    inputs = LukeInputs(
        ids,
        torch.ones_like(ids, dtype=torch.bool),
        slot_ids=ours,
        slot_mask=mask.bool(),
        slot_positions=positions,
        entity_vectors=vectors,
    )
    found = encoder_of(checkpoint)(inputs)
    torch.testing.assert_close(found.pieces, expected.last_hidden_state, atol=1e-5, rtol=0)
    real = mask.bool()
    torch.testing.assert_close(found.slots[real], expected.entity_last_hidden_state[real], atol=1e-5, rtol=0)
