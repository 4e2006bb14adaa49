from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder.dropout import Dropout, drop


@pytest.mark.parametrize("p", [0.1, 0.25, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rate_and_scale(p, dtype):
    found = drop(torch.full((401, 997), 2.0, dtype=dtype), p)
    n = found.numel()
    dropped = (found == 0).float().mean()
    assert abs(dropped - p) < 5 * (p * (1 - p) / n) ** 0.5 + 2**-16
    assert found.dtype == dtype
    torch.testing.assert_close(found[found != 0].float().mean(), torch.tensor(2 / (1 - p)), rtol=0.01, atol=0)


def test_elements_are_independent():
    """Four neighbours share one draw: none may follow another."""
    kept = (drop(torch.ones(200_000, 4), 0.5) != 0).float()
    correlation = torch.corrcoef(kept.T) - torch.eye(4)
    assert correlation.abs().max() < 0.015


def test_gradient_is_dropped_alike():
    x = torch.randn(50, 3, requires_grad=True)
    y = drop(x, 0.4)
    y.sum().backward()
    torch.testing.assert_close(y, x * x.grad)
    assert (x.grad == 0).any() and (x.grad > 1).any()


def test_same_seed_same_result():
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(drop(torch.ones(100), 0.5))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_only_in_training():
    x, module = torch.randn(100), Dropout(0.5)
    assert not torch.equal(module.train()(x), x)
    assert torch.equal(module.eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)
    assert drop(torch.zeros(2, 0, 3), 0.5).shape == (2, 0, 3)
