from __future__ import annotations

import multiprocessing
import os

import pytest
import spacy
import torch

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
