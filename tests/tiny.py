"""Tiny random encoders in Hugging Face layout, and pipelines around them."""

from __future__ import annotations

from pathlib import Path

from . import vocabularies

SIZES = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=48,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=0.2,
)


def write_xlmr(path: Path, max_pieces: int = 512, seed: int = 0) -> Path:
    """An XLM-R with a SentencePiece vocabulary: what luke_ner turns into a LUKE."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaModel

    from spacy_luke.tokenization.pieces import PieceTokenizer

    vocabularies.write_sentencepiece(path)
    (path / "entity_vocab.json").unlink()
    vocabularies.write_json(path / "tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizer"})
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=len(PieceTokenizer.from_directory(path)),
        max_position_embeddings=max_pieces + 2,
        type_vocab_size=1,
        **SIZES,
    )
    XLMRobertaModel(config).save_pretrained(path)
    return path


def encoder_config(path: Path | str, **settings) -> dict:
    return {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(path), **settings}


def ner_config(path: Path | str, *, negatives=None, model=(), **settings) -> dict:
    """Config of a `luke_ner` with a private encoder."""
    model = {"@architectures": "spacy_luke.LukeNER.v1", "encoder": encoder_config(path), **dict(model)}
    return {"model": model, "negatives": negatives, **settings}
