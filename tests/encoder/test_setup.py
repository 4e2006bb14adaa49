"""Fresh and loaded weights, and batches that make no sense."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder, empty_encoder

from .hf import TINY, make_inputs
from .util import make_encoder


def test_weights_can_be_put_into_an_empty_encoder():
    """How checkpoints are loaded: nothing random is drawn first, nothing is left on "meta"."""
    full, inputs = make_encoder(), make_inputs(TINY)
    empty = empty_encoder(full.config)
    assert all(parameter.is_meta for parameter in empty.parameters())
    empty.load_state_dict(full.state_dict(), assign=True)
    assert torch.equal(empty.eval()(inputs).slots, full(inputs).slots)


def test_fresh_weights():
    """As BERT starts: normal with the config's deviation, no biases, LayerNorm the identity."""
    config = LukeConfig.from_dict({**TINY, "hidden_size": 128, "initializer_range": 0.05})
    encoder = LukeEncoder(config, add_pooler=True)
    for name, parameter in encoder.named_parameters():
        if "LayerNorm.weight" in name:
            assert (parameter == 1).all(), name
        elif "bias" in name:
            assert not parameter.any(), name
        else:
            assert 0.04 < parameter.std() < 0.06, name
    pieces = encoder.embeddings
    assert not pieces.word_embeddings.weight[1].any() and not pieces.position_embeddings.weight[1].any()


@pytest.mark.parametrize("change, code, number", [
    ({"piece_ids": torch.full((3, 39), 5), "piece_mask": torch.ones(3, 39, dtype=torch.bool)}, "LK111", "39"),
    ({"slot_mask": None}, "LK114", "slot_mask is None"),
    ({"piece_mask": torch.ones(3, 12, dtype=torch.int64)}, "LK114", "piece_mask is torch.int64"),
    ({"piece_mask": torch.ones(3, 11, dtype=torch.bool)}, "LK114", r"\(3, 11\)"),
    ({"slot_positions": None}, "LK112", "None"),
    ({"slot_positions": torch.zeros(3, 6, 2, dtype=torch.int64)}, "LK112", r"\(3, 6, 2\)"),
    ({"entity_vectors": torch.zeros(2, 8)}, "LK113", "8 wide"),
])  # fmt: skip
def test_bad_batches(change, code, number):
    with pytest.raises(ValueError, match=rf"{code}.*{number}"):
        make_encoder()(make_inputs(TINY)._replace(**change))


def test_unknown_view():
    with pytest.raises(ValueError, match="LK110.*'slots'"):
        make_encoder()(make_inputs(TINY), view="slots")


def test_the_longest_window_fits():
    encoder = make_encoder()
    assert encoder.config.max_pieces == TINY["max_position_embeddings"] - 2
    inputs = make_inputs(TINY, pieces=encoder.config.max_pieces)
    assert encoder(inputs).pieces.shape[1] == encoder.config.max_pieces


def test_an_empty_encoder_needs_no_compiler():
    """In a process of its own: torch imports its compiler to draw numbers for tensors without memory."""
    code = (
        "import sys; from spacy_luke.encoder.config import LukeConfig; from spacy_luke.encoder.encoder import empty_encoder;"
        f"before = 'torch._dynamo' in sys.modules; empty_encoder(LukeConfig.from_dict({TINY!r}));"
        "print(before, 'torch._dynamo' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
