"""Scoring given candidates; the scores of all pieces and entities are in test_parity.py."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.encoder.heads import MaskedEntityHead, MaskedWordHead

from .hf import TINY


def make_head() -> MaskedEntityHead:
    config = LukeConfig.from_dict(TINY)
    head = MaskedEntityHead(config, LukeEncoder(config))
    torch.nn.init.normal_(head.bias)
    return head


def test_candidates_get_the_scores_they_have_among_all():
    head = make_head()
    states = torch.randn(2, 3, TINY["hidden_size"])
    candidates = torch.randint(0, TINY["entity_vocab_size"], (2, 3, 7))
    expected = head(states).gather(-1, candidates)
    queries, vectors = head.transform(states), head.decoder.weight[candidates]
    torch.testing.assert_close(head.score(queries, vectors, head.bias[candidates]), expected)
    torch.testing.assert_close(head.score(queries, vectors), expected - head.bias[candidates])


@pytest.mark.parametrize("assign", [False, True])
def test_tables_are_tied(assign):
    config = LukeConfig.from_dict(TINY)
    encoder = LukeEncoder(config)
    words, entities = MaskedWordHead(config, encoder), MaskedEntityHead(config, encoder)
    if assign:
        for module in (encoder, words, entities):
            weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
            module.load_state_dict(weights, assign=True)
        words.tie(encoder)
        entities.tie(encoder)
    assert words.decoder.weight is encoder.embeddings.word_embeddings.weight
    assert words.decoder.bias is words.bias
    assert entities.decoder.weight is encoder.entity_embeddings.entity_embeddings.weight
    (words(torch.randn(2, 32)).sum() + entities(torch.randn(2, 32)).sum()).backward()
    assert encoder.embeddings.word_embeddings.weight.grad.any()
    assert encoder.entity_embeddings.entity_embeddings.weight.grad.any()
