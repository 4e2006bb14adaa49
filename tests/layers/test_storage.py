"""Weights in full and in half precision."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.layers.storage import pack_weights, unpack_weights


@pytest.fixture
def weights():
    return {"table": torch.randn(50, 8), "layer.bias": torch.tensor([0.0, 1.0, -65504.0, 1e-3, 0.1])}


def test_float32_is_exact(weights):
    again = unpack_weights(pack_weights(weights, "float32"))
    assert again.keys() == weights.keys()
    assert all(torch.equal(again[name], value) for name, value in weights.items())


def test_float16_takes_half_and_rounds_to_eleven_bits(weights):
    weights["table"] = torch.randn(5000, 8)
    data = pack_weights(weights, "float16")
    assert len(data) < 0.51 * len(pack_weights(weights, "float32"))
    again = unpack_weights(data)
    for name, value in weights.items():
        assert again[name].dtype == torch.float32
        torch.testing.assert_close(again[name], value, rtol=2**-11, atol=2**-25)  # 2**-24: the least above 0
    assert not torch.equal(again["table"], weights["table"])
    assert pack_weights(again, "float16") == data  # rounded once


def test_a_weight_out_of_reach_is_named(weights):
    weights["table"][3, 3] = -70000.0
    with pytest.raises(ValueError, match=r"LK407.*table reaches 70000"):
        pack_weights(weights, "float16")


def test_no_other_storage(weights):
    with pytest.raises(ValueError, match="LK404.*float32, float16"):
        pack_weights(weights, "int8")
