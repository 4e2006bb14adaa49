from __future__ import annotations

import json

import pytest

from spacy_luke.encoder.config import LukeConfig

# Every field that transformers 4.53 and the authors' conversion scripts write, with the sizes of the
# released models (LUKE.md 1 and 13).
LUKE_LARGE = {
    "_name_or_path": "luke-large",
    "architectures": ["LukeForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "bert_model_name": "roberta-large",
    "bos_token_id": 0,
    "classifier_dropout": None,
    "entity_emb_size": 256,
    "entity_vocab_size": 500000,
    "eos_token_id": 2,
    "gradient_checkpointing": False,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 1024,
    "initializer_range": 0.02,
    "intermediate_size": 4096,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 514,
    "model_type": "luke",
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "output_past": True,
    "pad_token_id": 1,
    "torch_dtype": "float32",
    "transformers_version": "4.53.2",
    "type_vocab_size": 1,
    "use_entity_aware_attention": True,
    "vocab_size": 50267,
}
MLUKE_BASE = {
    **LUKE_LARGE,
    "bert_model_name": "xlm-roberta-base",
    "cls_entity_prediction": False,
    "entity_vocab_size": 1200001,
    "hidden_size": 768,
    "id2label": {"0": "人名", "1": "地名"},
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "tokenizer_class": "MLukeTokenizer",
    "use_entity_aware_attention": False,
    "vocab_size": 250004,
}


@pytest.mark.parametrize("values", [LUKE_LARGE, MLUKE_BASE])
def test_reads_and_writes_back(values, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf8")
    config = LukeConfig.from_file(path)
    for name in ("vocab_size", "hidden_size", "entity_vocab_size", "use_entity_aware_attention", "layer_norm_eps"):
        assert getattr(config, name) == values[name]
    assert config.max_pieces == 512 and config.entities_pretrained
    assert config.to_dict() == {**values, "entities_pretrained": True}
    assert LukeConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_other_is_a_copy():
    values = json.loads(json.dumps(MLUKE_BASE))
    LukeConfig.from_dict(values).to_dict()["id2label"].clear()
    assert values == MLUKE_BASE


def test_own_field_survives():
    config = LukeConfig.from_dict({**MLUKE_BASE, "entities_pretrained": False})
    assert not config.entities_pretrained
    assert not LukeConfig.from_dict(config.to_dict()).entities_pretrained


def test_defaults_and_written_files_are_those_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.LukeConfig()
    ours = LukeConfig.from_dict({})
    for name, value in vars(ours).items():
        if name not in ("other", "entities_pretrained"):
            assert getattr(theirs, name) == value, name
    config = LukeConfig.from_dict(MLUKE_BASE)
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    read = transformers.AutoConfig.from_pretrained(tmp_path)
    assert type(read) is transformers.LukeConfig
    assert (read.hidden_size, read.use_entity_aware_attention) == (768, False)
    theirs.save_pretrained(tmp_path)
    assert LukeConfig.from_file(tmp_path / "config.json").vocab_size == theirs.vocab_size


@pytest.mark.parametrize("pad, pieces", [(1, 512), (0, 513)])
def test_max_pieces(pad, pieces):
    assert LukeConfig(max_position_embeddings=514, pad_token_id=pad).max_pieces == pieces


@pytest.mark.parametrize("change, message", [
    ({"hidden_size": 0}, "LK101.*hidden_size = 0"),
    ({"vocab_size": "many"}, "LK101.*vocab_size = 'many'"),
    ({"num_attention_heads": 7}, "LK102.*768.*7"),
    ({"hidden_act": "swish"}, "LK103.*'swish'.*gelu_new"),
    ({"max_position_embeddings": 2}, "LK104.*2.*pad_token_id = 1"),
    ({"pad_token_id": None}, "LK109.*None.*250003"),
    ({"pad_token_id": 250004}, "LK109.*250004"),
    ({"model_type": "bert"}, "LK105.*'bert'.*convert"),
    ({"hidden_dropout_prob": 1.0}, "LK108.*hidden_dropout_prob = 1.0"),
])  # fmt: skip
def test_bad_values(change, message):
    with pytest.raises(ValueError, match=message):
        LukeConfig.from_dict({**MLUKE_BASE, **change})


def test_bad_files(tmp_path):
    path = tmp_path / "config.json"
    with pytest.raises(ValueError, match="LK106.*config.json"):
        LukeConfig.from_file(path)
    for text in ('{"hidden_size": 76', "[1]"):
        path.write_text(text)
        with pytest.raises(ValueError, match="LK107"):
            LukeConfig.from_file(path)
