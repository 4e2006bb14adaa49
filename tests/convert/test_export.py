"""What we export, transformers loads, and gives our numbers."""

from __future__ import annotations

import json

import pytest
import torch

from spacy_luke.convert.checkpoint import load_checkpoint
from spacy_luke.convert.export import export_hf
from spacy_luke.convert.save import save_checkpoint
from spacy_luke.tokenization.tasks import encode_task

from ..vocabularies import TEXTS, write_json
from .hf import assert_entities_equal, assert_words_equal, save_model

transformers = pytest.importorskip("transformers")


def round_trip(checkpoint, tmp_path, kind):
    """Saved as ours, loaded, exported, loaded by transformers."""
    save_checkpoint(checkpoint, tmp_path / "ours")
    export_hf(load_checkpoint(tmp_path / "ours"), tmp_path / "hf")
    model, info = getattr(transformers, kind).from_pretrained(tmp_path / "hf", output_loading_info=True)
    assert not info["unexpected_keys"] and not info["mismatched_keys"]
    fresh = ["pooler"] if any(map(is_entity_head, checkpoint.heads)) else ["pooler", "entity_predictions"]
    assert all(any(part in name for part in fresh) for name in info["missing_keys"])
    return model.eval()


def is_entity_head(name):
    return name.startswith("entity_predictions.")


def assert_same_pieces(checkpoint, tokenizer):
    for text, *spans in TEXTS:
        expected = tokenizer(text, entity_spans=spans)
        ids, _ = encode_task(checkpoint.tokenizer, text, spans, "entity_pair_classification")
        assert ids.tolist() == expected["input_ids"], text


def test_luke(make_directory, tmp_path):
    path = make_directory("bpe")
    theirs = save_model("LukeForMaskedLM", path, entity_vocab_size=5, entity_emb_size=16)
    checkpoint = load_checkpoint(path)
    model = round_trip(checkpoint, tmp_path, "LukeForMaskedLM")
    found, expected = model.state_dict(), theirs.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found if "pooler" not in name)
    assert json.loads((tmp_path / "hf/entity_vocab.json").read_text()) == json.loads(
        (path / "entity_vocab.json").read_text()
    )
    tokenizer = transformers.LukeTokenizer.from_pretrained(tmp_path / "hf", task="entity_pair_classification")
    assert_same_pieces(checkpoint, tokenizer)
    assert_entities_equal(load_checkpoint(tmp_path / "hf"), theirs)


def test_trained_special_rows_win(make_directory, tmp_path):
    path = make_directory("bpe")
    save_model("LukeModel", path, entity_vocab_size=5, entity_emb_size=16)
    checkpoint = load_checkpoint(path)
    checkpoint.weights["entity_embeddings.entity_embeddings.weight"][2] = 7.0
    export_hf(checkpoint, tmp_path / "hf")
    assert (load_checkpoint(tmp_path / "hf").weights["entity_embeddings.entity_embeddings.weight"][2] == 7.0).all()
    assert not (checkpoint.entity_vectors == 7.0).any()


def test_mluke(make_directory, tmp_path):
    path = make_directory("unigram")
    theirs = save_model("LukeModel", path, spare_rows=2, entity_vocab_size=6, entity_emb_size=16)
    checkpoint = load_checkpoint(path)
    model = round_trip(checkpoint, tmp_path, "LukeModel")
    assert_entities_equal(checkpoint, model)
    del theirs
    config = json.loads((tmp_path / "hf/config.json").read_text())
    assert (config["tokenizer_class"], config["entity_vocab_size"]) == ("MLukeTokenizer", 6)
    tokenizer = transformers.MLukeTokenizer.from_pretrained(tmp_path / "hf", task="entity_pair_classification")
    assert_same_pieces(checkpoint, tokenizer)
    assert tokenizer.entity_vocab == json.loads((path / "entity_vocab.json").read_text())


def test_lite(make_directory, tmp_path):
    path = make_directory("unigram")
    write_json(path / "entity_vocab.json", {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3})
    save_model("LukeModel", path, spare_rows=2, entity_vocab_size=4, entity_emb_size=16)
    checkpoint = load_checkpoint(path)
    assert_entities_equal(checkpoint, round_trip(checkpoint, tmp_path, "LukeModel"))


@pytest.mark.parametrize(
    "kind, vocabulary, tokenizer",
    [
        ("BertForMaskedLM", "wordpiece", "PreTrainedTokenizerFast"),
        ("RobertaModel", "bpe", "LukeTokenizer"),
        ("XLMRobertaForMaskedLM", "unigram", "MLukeTokenizer"),
    ],
)
def test_word_encoder_turned_into_a_luke(make_directory, tmp_path, kind, vocabulary, tokenizer):
    path = make_directory(vocabulary)
    (path / "entity_vocab.json").unlink(missing_ok=True)
    theirs = save_model(kind, path, type_vocab_size=1)
    checkpoint = load_checkpoint(path)
    model = round_trip(checkpoint, tmp_path, "LukeForMaskedLM" if "Masked" in kind else "LukeModel")
    assert_entities_equal(checkpoint, model)
    assert_words_equal(checkpoint, theirs)
    assert not load_checkpoint(tmp_path / "hf").config.entities_pretrained
    made = getattr(transformers, tokenizer).from_pretrained(tmp_path / "hf")
    assert made.mask_token_id == checkpoint.tokenizer.mask
    assert made.convert_tokens_to_ids("<ent2>") == checkpoint.tokenizer.ent2
