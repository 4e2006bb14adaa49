"""The files of transformers' tokenizers, made from a PieceTokenizer."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tokenization.sentencepiece import FAIRSEQ, SentencePieceModel
from .save import special_tokens, write_json, write_tokenizer

if TYPE_CHECKING:
    from ..tokenization.pieces import PieceTokenizer


def write_hf_tokenizer(tokenizer: PieceTokenizer, directory: Path) -> str:
    """Write tokenizer.json and, where the vocabulary allows it, what LukeTokenizer or MLukeTokenizer reads.

    RETURNS: the tokenizer_class; PreTrainedTokenizerFast for WordPiece and other vocabularies, which have
        no LUKE tokenizer in transformers (pieces only, no entity spans).
    """
    write_tokenizer(tokenizer, directory)
    spec = json.loads(tokenizer.to_json())
    model = spec["model"]
    if model["type"] == "BPE" and (spec["pre_tokenizer"] or {}).get("type") == "ByteLevel":
        kind = "LukeTokenizer"
        _write_bpe(model, directory)
    elif model["type"] == "Unigram" and _is_fairseq(model["vocab"]):
        kind = "MLukeTokenizer"
        _to_sentencepiece(spec).to_file(directory / "sentencepiece.bpe.model")
    else:
        kind = "PreTrainedTokenizerFast"
    size = len(model["vocab"])
    added = {token["content"]: token["id"] for token in spec["added_tokens"] if token["id"] >= size}
    write_json(directory / "added_tokens.json", added)
    settings: dict[str, Any] = {"tokenizer_class": kind, **special_tokens(tokenizer)}
    if kind == "LukeTokenizer":
        settings["add_prefix_space"] = spec["pre_tokenizer"]["add_prefix_space"]
    write_json(directory / "tokenizer_config.json", settings)
    return kind


def _write_bpe(model: dict[str, Any], directory: Path) -> None:
    write_json(directory / "vocab.json", model["vocab"])
    # older versions of `tokenizers` wrote a merge as one text, newer ones as two
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf8")


def _is_fairseq(vocab: list[tuple[str, float]]) -> bool:
    return [piece for piece, _ in vocab[: len(FAIRSEQ)]] == FAIRSEQ and vocab[-1][0] == "<mask>"


def _to_sentencepiece(spec: dict[str, Any]) -> SentencePieceModel:
    """load_sentencepiece backwards."""
    normalizer = spec["normalizer"] or {}
    parts = normalizer.get("normalizers", [normalizer])
    charsmaps = [part["precompiled_charsmap"] for part in parts if part.get("type") == "Precompiled"]
    return SentencePieceModel(
        pieces=[("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
        + [(piece, score, 1) for piece, score in spec["model"]["vocab"][len(FAIRSEQ) : -1]],
        byte_fallback=bool(spec["model"].get("byte_fallback")),
        charsmap=base64.b64decode(charsmaps[0]) if charsmaps else b"",
        add_dummy_prefix=spec["pre_tokenizer"].get("prepend_scheme", "always") != "never",
        remove_extra_whitespaces=any(part.get("type") == "Replace" for part in parts),
    )
