"""Reading the tokenizer of a checkpoint directory into a `tokenizers.Tokenizer`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Errors
from .sentencepiece import load_sentencepiece

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Our roles and the keys under which Hugging Face's tokenizer files name the pieces.
_ROLES = {
    "cls": "cls_token",
    "sep": "sep_token",
    "pad": "pad_token",
    "mask": "mask_token",
    "unk": "unk_token",
    "ent": "entity_token_1",
    "ent2": "entity_token_2",
}

# The files a tokenizer may be kept in; a hub download needs no others.
FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
)


def load_tokenizer(path: Path) -> tuple[Tokenizer, dict[str, str]]:
    """The tokenizer of a directory and the names of its special pieces by role. In this order:

    - tokenizer.json;
    - sentencepiece.bpe.model: mLUKE, Japanese LUKE, XLM-R;
    - vocab.json and merges.txt: LUKE, RoBERTa (byte-level BPE);
    - vocab.txt: BERT (WordPiece).

    RAISES: LK202 if none is there or a file cannot be read; LK203 if the words must be found by a tool of
        their own first (BertJapaneseTokenizer); LK204, LK205 see load_sentencepiece; LK206 if added
        pieces have ids that leave a hole.
    """
    from tokenizers import Tokenizer

    settings = _read(path / "tokenizer_config.json")
    names = special_names(path)
    if (path / "tokenizer.json").is_file():
        try:
            return Tokenizer.from_file(str(path / "tokenizer.json")), names
        except Exception as error:  # `tokenizers` raises plain Exception
            raise ValueError(Errors.LK204.format(file=path / "tokenizer.json", error=error)) from error
    if (path / "sentencepiece.bpe.model").is_file():
        tokenizer = load_sentencepiece(path / "sentencepiece.bpe.model")
    elif (path / "vocab.json").is_file() and (path / "merges.txt").is_file():
        tokenizer = _load_bpe(path, settings)
    elif (path / "vocab.txt").is_file():
        tokenizer = _load_wordpiece(path, settings)
    else:
        raise ValueError(Errors.LK202.format(path=path))
    _add_pieces(tokenizer, path, settings)
    specials = [name for name in names.values() if tokenizer.token_to_id(name) is not None]
    tokenizer.add_special_tokens(specials)
    return tokenizer, names


def special_names(path: Path) -> dict[str, str]:
    """Special pieces by role as tokenizer_config.json and special_tokens_map.json name them."""
    found: dict[str, str] = {}
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        entries = _read(path / name)
        for role, key in _ROLES.items():
            value = entries.get(key)
            if isinstance(value, dict):
                value = value.get("content")
            if value:
                found[role] = value
    return found


def _read(path: Path) -> dict[str, Any]:
    # the standard library's json: srsly refuses the 1e30 that transformers writes for "no limit"
    return json.loads(path.read_text(encoding="utf8")) if path.is_file() else {}


def _load_bpe(path: Path, settings: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    try:
        model = models.BPE.from_file(str(path / "vocab.json"), str(path / "merges.txt"))
    except Exception as error:
        raise ValueError(Errors.LK204.format(file=path / "merges.txt", error=error)) from error
    tokenizer = Tokenizer(model)
    space = bool(settings.get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _load_wordpiece(path: Path, settings: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    kind = settings.get("tokenizer_class", "")
    if "Japanese" in kind or settings.get("word_tokenizer_type", "basic") != "basic":
        raise ValueError(Errors.LK203.format(path=path, kind=kind))
    model = models.WordPiece.from_file(str(path / "vocab.txt"), unk_token=settings.get("unk_token", "[UNK]"))
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _add_pieces(tokenizer: Tokenizer, path: Path, settings: dict[str, Any]) -> None:
    """The pieces of added_tokens.json and of `added_tokens_decoder`, <ent> and <ent2> among them."""
    added = {int(i): (name, True) for name, i in _read(path / "added_tokens.json").items()}
    for i, entry in settings.get("added_tokens_decoder", {}).items():
        added[int(i)] = (entry["content"], entry.get("special", True))
    for i, (name, special) in sorted(added.items()):
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([name])
        if tokenizer.token_to_id(name) != i:
            raise ValueError(Errors.LK206.format(path=path, name=name, i=i, got=tokenizer.token_to_id(name)))
