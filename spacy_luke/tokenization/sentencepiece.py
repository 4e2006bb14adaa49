"""sentencepiece.bpe.model -> a fast Unigram tokenizer with XLM-R's ids.

A SentencePiece model is a protobuf message of which six fields are needed; they are read here, so
mLUKE and XLM-R checkpoints load without the packages sentencepiece and protobuf.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

from ..errors import Errors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# sentencepiece_model.proto: types of a piece, types of a model
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED = 1, 2, 3, 4, 5
_UNIGRAM = 1

# What fairseq put before the pieces of a model, whose own first three are <unk>, <s>, </s>.
FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>"]


@dataclass
class SentencePieceModel:
    """The part of a ModelProto that decides how a text is cut."""

    pieces: list[tuple[str, float, int]] = field(default_factory=list)  # piece, log probability, type
    model_type: int = _UNIGRAM
    byte_fallback: bool = False
    charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True

    @classmethod
    def from_file(cls, path: Path) -> SentencePieceModel:
        """RAISES: LK204 if the file is not a whole SentencePiece model."""
        model = cls()
        try:
            value: Any  # bytes, or the int of a varint: which, the number says
            for number, value in _fields(path.read_bytes()):
                if number == 1:
                    piece: dict[int, Any] = dict(_fields(value))
                    score = struct.unpack("<f", piece.get(2, b"\0\0\0\0"))[0]
                    model.pieces.append((piece[1].decode("utf-8"), score, piece.get(3, _NORMAL)))
                elif number == 2:
                    trainer: dict[int, Any] = dict(_fields(value))
                    model.model_type = trainer.get(3, _UNIGRAM)
                    model.byte_fallback = bool(trainer.get(35, 0))
                elif number == 3:
                    normalizer: dict[int, Any] = dict(_fields(value))
                    model.charsmap = normalizer.get(2, b"")
                    model.add_dummy_prefix = bool(normalizer.get(3, 1))
                    model.remove_extra_whitespaces = bool(normalizer.get(4, 1))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error) as error:
            raise ValueError(Errors.LK204.format(file=path, error=error)) from error
        return model

    def to_file(self, path: Path) -> None:
        """Write a model that SentencePiece reads."""
        data = bytearray()
        for piece, score, kind in self.pieces:
            entry = _bytes_field(1, piece.encode("utf-8")) + b"\x15" + struct.pack("<f", score)
            data += _bytes_field(1, entry + _int_field(3, kind))
        trainer = _int_field(3, self.model_type) + _int_field(35, self.byte_fallback)
        data += _bytes_field(2, trainer)
        normalizer = _bytes_field(2, self.charsmap) + _int_field(3, self.add_dummy_prefix)
        data += _bytes_field(3, normalizer + _int_field(4, self.remove_extra_whitespaces))
        path.write_bytes(data)


def load_sentencepiece(path: Path) -> Tokenizer:
    """The fast tokenizer that cuts as the model does, with the ids of XLM-R: <s> 0, <pad> 1, </s> 2,
    <unk> 3, every further piece one above its id in the model, <mask> behind the last.
    (transformers: XLMRobertaTokenizer, MLukeTokenizer.)

    RAISES: LK204 for a damaged file, LK205 for a model of another kind than XLM-R's.
    """
    from tokenizers import Tokenizer

    model = SentencePieceModel.from_file(path)
    names = [piece for piece, _, _ in model.pieces[:3]]
    others = [piece for piece, _, kind in model.pieces[3:] if kind not in (_NORMAL, _UNUSED)]
    if model.model_type != _UNIGRAM or names != ["<unk>", "<s>", "</s>"] or others:
        found = f"model type {model.model_type}, first pieces {names}, special pieces {others[:5]}"
        raise ValueError(Errors.LK205.format(file=path, found=found))
    vocab = [(piece, 0.0) for piece in FAIRSEQ]
    vocab += [(piece, score) for piece, score, _ in model.pieces[3:]]
    vocab.append(("<mask>", 0.0))
    metaspace = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "always" if model.add_dummy_prefix else "never",
        "split": True,
    }
    spec = {
        "version": "1.0",
        "added_tokens": [_special(i, vocab[i][0]) for i in (0, 1, 2, 3, len(vocab) - 1)],
        "normalizer": {"type": "Sequence", "normalizers": _normalizers(model)},
        "pre_tokenizer": metaspace,
        "post_processor": _template(),
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": model.byte_fallback},
    }
    return Tokenizer.from_str(json.dumps(spec))


def _normalizers(model: SentencePieceModel) -> list[dict]:
    parts: list[dict] = []
    if model.charsmap:
        charsmap = base64.b64encode(model.charsmap).decode("ascii")
        parts.append({"type": "Precompiled", "precompiled_charsmap": charsmap})
    if model.remove_extra_whitespaces:
        parts.append({"type": "Strip", "strip_left": False, "strip_right": True})
        parts.append({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})
    return parts


def _special(i: int, piece: str) -> dict:
    flags = {"single_word": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": i, "content": piece, "lstrip": piece == "<mask>", **flags}


def _template() -> dict:
    cls, sep = ({"SpecialToken": {"id": name, "type_id": 0}} for name in ("<s>", "</s>"))
    a, b = ({"Sequence": {"id": name, "type_id": 0}} for name in ("A", "B"))
    return {
        "type": "TemplateProcessing",
        "single": [cls, a, sep],
        "pair": [cls, a, sep, sep, b, sep],
        "special_tokens": {
            name: {"id": name, "ids": [i], "tokens": [name]} for name, i in (("<s>", 0), ("</s>", 2))
        },
    }


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protobuf message; 4- and 8-byte values as bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        else:
            size = {1: 8, 5: 4}[wire]
        if at + size > len(data):
            raise ValueError(f"field {key >> 3} ends {at + size - len(data)} bytes behind the file")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _to_varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _int_field(number: int, value: int) -> bytes:
    return _to_varint(number << 3) + _to_varint(int(value))


def _bytes_field(number: int, value: bytes) -> bytes:
    return _to_varint(number << 3 | 2) + _to_varint(len(value)) + value
