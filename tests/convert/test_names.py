"""The name table runs both ways and covers transformers' models."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.convert.names import HARMLESS, find_prefix, to_hf, to_ours
from spacy_luke.encoder.config import LukeConfig
from spacy_luke.encoder.encoder import LukeEncoder

from .hf import SIZES


@pytest.mark.parametrize(
    "kind, model_type",
    [
        ("LukeForMaskedLM", "luke"),
        ("BertForPreTraining", "bert"),
        ("RobertaForMaskedLM", "roberta"),
        ("XLMRobertaForMaskedLM", "xlm-roberta"),
    ],
)
def test_both_ways(kind, model_type):
    transformers = pytest.importorskip("transformers")
    config = getattr(transformers, kind.replace("ForMaskedLM", "Config").replace("ForPreTraining", "Config"))
    with torch.device("meta"):
        theirs = getattr(transformers, kind)(config(**SIZES, vocab_size=50))
    names = list(theirs.state_dict())
    assert find_prefix(names) + "embeddings.word_embeddings.weight" in names
    for name in names:
        ours = to_ours(name, model_type)
        assert to_hf(ours, model_type) == name or HARMLESS.fullmatch(ours), name


def test_every_weight_of_ours_has_a_name_of_theirs():
    transformers = pytest.importorskip("transformers")
    sizes = dict(SIZES, vocab_size=50, entity_vocab_size=4, entity_emb_size=8)
    with torch.device("meta"):
        ours = LukeEncoder(LukeConfig(**sizes)).state_dict()
        theirs = transformers.LukeForMaskedLM(transformers.LukeConfig(**sizes)).state_dict()
    assert {to_hf(name) for name in ours} <= set(theirs)
    assert {to_ours(name, "luke") for name in theirs if name.startswith("luke.")} >= set(ours)


def test_old_names_of_layer_norm():
    assert to_ours("bert.embeddings.LayerNorm.gamma", "bert") == "embeddings.LayerNorm.weight"
    assert to_ours("bert.encoder.layer.3.output.LayerNorm.beta", "bert") == "encoder.layer.3.output.LayerNorm.bias"


def test_no_word_table_no_prefix():
    assert find_prefix(["a.b", "c"]) == ""
