"""Checkpoints in Hugging Face's layout, loaded by us and by transformers: the same numbers."""

from __future__ import annotations

import json

import numpy
import pytest
import torch

from spacy_luke.convert.checkpoint import load_checkpoint

from ..vocabularies import write_json
from .hf import assert_entities_equal, assert_words_equal, encoder_of, save_model

transformers = pytest.importorskip("transformers")

LAYOUTS = [{}, {"max_shard_size": "40KB"}, {"safe_serialization": False}]
LITE = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_luke(make_directory, layout):
    path = make_directory("bpe")
    theirs = save_model("LukeForMaskedLM", path, entity_vocab_size=5, entity_emb_size=16)
    (path / "model.safetensors").unlink()
    theirs.save_pretrained(path, **layout)
    checkpoint = load_checkpoint(path)
    assert_entities_equal(checkpoint, theirs)
    assert checkpoint.config.entities_pretrained
    assert checkpoint.config.entity_vocab_size == 4
    table = theirs.luke.entity_embeddings.entity_embeddings.weight.detach().numpy()
    assert numpy.array_equal(checkpoint.entity_vectors, table)
    assert numpy.array_equal(checkpoint.entity_bias, theirs.entity_predictions.bias.detach().numpy())
    assert checkpoint.entity_vocab().lookup("Tokyo") == 3
    bias = checkpoint.heads["entity_predictions.bias"]
    assert torch.equal(bias, theirs.entity_predictions.bias[[0, 1, 2, 4]])
    expected = theirs.entity_predictions.transform.dense.weight
    assert torch.equal(checkpoint.heads["entity_predictions.transform.dense.weight"], expected)


@pytest.mark.parametrize("aware", [True, False])
def test_mluke_lite(make_directory, aware):
    path = make_directory("unigram")
    write_json(path / "entity_vocab.json", LITE)
    theirs = save_model(
        "LukeModel", path, spare_rows=2, entity_vocab_size=4, entity_emb_size=32, use_entity_aware_attention=aware
    )
    checkpoint = load_checkpoint(path)
    assert_entities_equal(_in_their_order(checkpoint), theirs)
    assert checkpoint.entity_vectors is None
    assert checkpoint.entity_vocab() is None
    # <ent> and <ent2> have their rows already, behind the last piece
    tokenizer = checkpoint.tokenizer
    assert (tokenizer.ent, tokenizer.ent2) == (theirs.config.vocab_size - 2, theirs.config.vocab_size - 1)
    words = theirs.embeddings.word_embeddings.weight
    assert torch.equal(checkpoint.weights["embeddings.word_embeddings.weight"], words)


def _in_their_order(checkpoint):
    """Their ids for our names, which a lite checkpoint forgets."""
    checkpoint.special_ids = dict(LITE)
    return checkpoint


def test_full_mluke(make_directory):
    path = make_directory("unigram")
    theirs = save_model("LukeModel", path, spare_rows=2, entity_vocab_size=6, entity_emb_size=16)
    checkpoint = load_checkpoint(path)
    assert checkpoint.special_ids == LITE
    assert_entities_equal(checkpoint, theirs)
    assert checkpoint.entity_vocab().lookup("東京", "ja") == 4


def test_missing_queries_are_copied(make_directory):
    path = make_directory("unigram")
    plain = save_model(
        "LukeModel", path, spare_rows=2, entity_vocab_size=6, entity_emb_size=16, use_entity_aware_attention=False
    )
    config = json.loads((path / "config.json").read_text())
    write_json(path / "config.json", config | {"use_entity_aware_attention": True})
    checkpoint = load_checkpoint(path)
    assert "encoder.layer.1.attention.self.w2e_query.bias" in checkpoint.weights
    assert_entities_equal(checkpoint, plain)


def test_missing_mask2_is_mask(make_directory):
    path = make_directory("unigram")
    write_json(path / "entity_vocab.json", {"[MASK]": 2, "[UNK]": 1, "[PAD]": 0, "en:a \"[MASK]\": 7 b": 3})
    save_model("LukeModel", path, spare_rows=2, entity_vocab_size=4, entity_emb_size=16)
    table = load_checkpoint(path).weights["entity_embeddings.entity_embeddings.weight"]
    assert torch.equal(table[2], table[3])


@pytest.mark.parametrize(
    "kind, vocabulary",
    [
        ("BertModel", "wordpiece"),
        ("BertForMaskedLM", "wordpiece"),
        ("BertModel", "unigram"),  # as multilingual-e5: BERT with XLM-R's pieces
        ("RobertaModel", "bpe"),
        ("RobertaForMaskedLM", "bpe"),
        ("XLMRobertaModel", "unigram"),
        ("XLMRobertaForMaskedLM", "unigram"),
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_word_encoders(make_directory, kind, vocabulary, layout):
    path = make_directory(vocabulary)
    wrong_pad = {"pad_token_id": 0} if (kind, vocabulary) == ("BertModel", "unigram") else {}
    theirs = save_model(kind, path, type_vocab_size=2 if kind.startswith("Bert") else 1, **wrong_pad)
    (path / "model.safetensors").unlink()
    theirs.save_pretrained(path, **layout)
    checkpoint = load_checkpoint(path)
    assert_words_equal(checkpoint, theirs)
    assert not checkpoint.config.entities_pretrained
    assert checkpoint.config.use_entity_aware_attention
    assert checkpoint.config.pad_token_id == checkpoint.tokenizer.pad
    assert checkpoint.config.max_pieces == (40 if kind.startswith("Bert") else 38)


def test_half_precision_and_another_prefix(make_directory):
    path = make_directory("unigram")
    theirs = save_model("XLMRobertaModel", path, type_vocab_size=1).half()
    weights = {f"model.encoder.{name}": tensor.contiguous() for name, tensor in theirs.state_dict().items()}
    from safetensors.torch import save_file

    save_file(weights, path / "model.safetensors")
    checkpoint = load_checkpoint(path)
    assert all(tensor.dtype == torch.float32 for tensor in checkpoint.weights.values())
    assert_words_equal(checkpoint, theirs.float())


def test_entity_side_starts_from_the_mask_piece(make_directory):
    path = make_directory("wordpiece")
    theirs = save_model("BertModel", path)
    checkpoint = load_checkpoint(path)
    weights, tokenizer = checkpoint.weights, checkpoint.tokenizer
    words = theirs.embeddings.word_embeddings.weight
    table = weights["entity_embeddings.entity_embeddings.weight"]
    assert torch.equal(table[2], words[tokenizer.mask])
    assert torch.equal(table[3], words[tokenizer.mask])
    assert not table[0].any()
    # a slot over one piece is embedded as the mask piece would be there
    encoder = encoder_of(checkpoint)
    slot = encoder.entity_embeddings(torch.tensor([[2]]), torch.tensor([[[5, -1]]]), None, None)
    masked = theirs.embeddings(torch.full((1, 6), tokenizer.mask))[:, 5:]
    torch.testing.assert_close(slot, masked)
    # markers
    pieces = tokenizer.tokenizer
    word_table = weights["embeddings.word_embeddings.weight"]
    assert torch.equal(word_table[tokenizer.ent], words[pieces.token_to_id("@")])
    assert torch.equal(word_table[tokenizer.ent2], words[pieces.token_to_id("#")])
    assert len(word_table) == len(words) + 2 == checkpoint.config.vocab_size


def test_random_entity_side(make_directory):
    path = make_directory("wordpiece")
    save_model("BertModel", path, initializer_range=0.02)
    weights = load_checkpoint(path, entity_init="random").weights
    positions = weights["entity_embeddings.position_embeddings.weight"]
    assert 0.015 < positions.std() < 0.025
    assert not weights["entity_embeddings.entity_embeddings.weight"][0].any()
    assert weights["entity_embeddings.LayerNorm.weight"].eq(1).all()


def test_spare_rows_are_used_for_the_markers(make_directory):
    path = make_directory("unigram")
    theirs = save_model("XLMRobertaModel", path, spare_rows=5, type_vocab_size=1)
    checkpoint = load_checkpoint(path)
    assert checkpoint.config.vocab_size == theirs.config.vocab_size
    table = checkpoint.weights["embeddings.word_embeddings.weight"]
    start = checkpoint.tokenizer.tokenizer.token_to_id("@")
    assert torch.equal(table[checkpoint.tokenizer.ent], table[start])
    assert checkpoint.tokenizer.ent == theirs.config.vocab_size - 5


@pytest.mark.shared
def test_real_encoder(shared):
    path = shared / "models/multilingual-e5-small-cjk-latin"
    theirs = transformers.AutoModel.from_pretrained(path, torch_dtype=torch.float32, add_pooling_layer=False).eval()
    checkpoint = load_checkpoint(path)
    assert_words_equal(checkpoint, theirs)
    assert checkpoint.config.pad_token_id == 1
    assert checkpoint.config.max_pieces == 512
