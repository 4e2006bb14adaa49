from __future__ import annotations

import gc
import multiprocessing
import os

import pytest
import spacy
import torch

from spacy_luke.training.optimizer import AdamW

from ..tiny import encoder_config


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_fork_has_one_thread(xlmr):
    """Those of its parent did not come with it: the first large product would wait for them."""
    spacy.registry.resolve({"model": encoder_config(xlmr)})["model"].initialize()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply(torch.get_num_threads) == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_training_steps_leave_nothing_behind(xlmr):
    """Weights that went through NumPy and back at every step would keep all their earlier views alive."""
    model = spacy.registry.resolve({"model": encoder_config(xlmr)})["model"]
    model.initialize()
    (shim,) = (shim for node in model.walk() for shim in node.shims)
    optimizer = AdamW((1e-3, 1e-3), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)
    places, counts = [], []
    for _ in range(4):
        before = [parameter.detach().clone() for parameter in shim.encoder.parameters()]
        for parameter in shim.encoder.parameters():
            parameter.grad = torch.ones_like(parameter)
        shim.finish_update(optimizer)
        after = list(shim.encoder.parameters())
        assert all(not torch.equal(a, b) for a, b in zip(before, after) if a.numel())
        places.append([parameter.data_ptr() for parameter in after])
        del before, after
        gc.collect()
        counts.append(sum(issubclass(type(found), torch.Tensor) for found in gc.get_objects()))
    assert places[0] == places[-1]
    assert counts[0] == counts[-1]
