"""Making a tokenizer that sees nothing but text, and offsets that cover nothing but letters."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Sequence

import numpy

from ..types import Pieces
from .charsmap import Mapped, chars_map

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from thinc.types import Ints1d
    from tokenizers import Encoding

_SURROGATES = re.compile("[\ud800-\udfff]")
# the code points for which str.isspace() is true
_BLANKS = numpy.asarray([ord(c) for c in map(chr, range(0x3001)) if c.isspace()], dtype="uint32")


class PlainTokenizer:
    """The tokenizer of a parsed tokenizer.json (which is changed here) without special pieces, template, cutting and padding.

    Without its added tokens the text "<mask>" is five ordinary pieces. A Unigram model finds its
    control pieces in texts as well (SentencePiece does not): they are renamed to something with a
    space inside, which no text has once spaces have become "▁". SentencePiece's character map is
    applied here, see charsmap.py.

    prefix: False takes away the "▁" or the space that is put in front of a text.
    """

    def __init__(self, spec: dict[str, Any], *, prefix: bool = True):
        from tokenizers import Tokenizer

        special = {token["id"] for token in spec["added_tokens"] if token["special"]}
        spec["added_tokens"] = [t for t in spec["added_tokens"] if t["id"] not in special]
        spec["truncation"] = spec["padding"] = spec["post_processor"] = None
        model = spec["model"]
        if model["type"] == "Unigram":
            for i in special & set(range(len(model["vocab"]))):
                piece, score = model["vocab"][i]
                model["vocab"][i] = [f" {piece}", score]
        self._maps = []
        for part in _parts(spec["normalizer"], "normalizers"):
            if part["type"] == "Precompiled":
                self._maps.append(chars_map(base64.b64decode(part["precompiled_charsmap"])))
                part.clear()
                part.update(type="Sequence", normalizers=[])  # does nothing
        self.has_prefix = False  # whether a text is tokenised as if a space stood in front of it
        for part in _parts(spec["pre_tokenizer"], "pretokenizers"):
            if part["type"] == "Metaspace":
                self.has_prefix |= part["prepend_scheme"] != "never"
                part["prepend_scheme"] = part["prepend_scheme"] if prefix else "never"
            elif part["type"] == "ByteLevel":
                self.has_prefix |= part["add_prefix_space"]
                part["add_prefix_space"] &= prefix
        self._tokenizer = Tokenizer.from_str(json.dumps(spec))

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text as a whole; offsets as `tokenizers` gives them, spaces in front included."""
        mapped = [self._map(text) for text in texts]
        encodings = self._tokenizer.encode_batch([m.text for m in mapped], add_special_tokens=False)
        return [_pieces(encoding, [m]) for encoding, m in zip(encodings, mapped, strict=True)]

    def encode_cut(self, rows: Sequence[Sequence[str]]) -> list[tuple[Pieces, Ints1d]]:
        """Each row of segments, every segment on its own; offsets are those inside the segment, given
        with the number of the segment, (pieces,) int64."""
        mapped = [self._map_row(row) for row in rows]
        encodings = self._tokenizer.encode_batch(
            [[m.text for m in row] for row in mapped], is_pretokenized=True, add_special_tokens=False
        )
        return [
            (_pieces(encoding, row, words), words)
            for encoding, row in zip(encodings, mapped, strict=True)
            for words in [numpy.asarray(encoding.word_ids, dtype="int64")]
        ]

    def _map(self, text: str) -> Mapped:
        return self._maps[0].apply(text) if self._maps else Mapped(text)

    def _map_row(self, row: Sequence[str]) -> list[Mapped]:
        if self._maps and self._maps[0].may_change.search("".join(row)):
            return [self._map(segment) for segment in row]
        return [Mapped(segment.rstrip(" ") if self._maps else segment) for segment in row]


def _pieces(encoding: Encoding, segments: Sequence[Mapped], words: Ints1d | int = 0) -> Pieces:
    """The pieces with their offsets in the original of the segment they are in, `words` (pieces,)."""
    ids = numpy.asarray(encoding.ids, dtype="int64")
    starts, ends = numpy.asarray(encoding.offsets, dtype="int64").reshape(-1, 2).T
    if any(segment.starts is not None for segment in segments):
        lengths = [len(m.text if m.starts is None else m.starts) for m in segments]
        begins = (numpy.cumsum([0, *lengths]))[words]  # of the segment of each piece
        same = [numpy.arange(length) for length in lengths]
        olds = numpy.concatenate([s if m.starts is None else m.starts for s, m in zip(same, segments)])
        oldz = numpy.concatenate([s + 1 if m.ends is None else m.ends for s, m in zip(same, segments)])
        solid = starts < ends
        starts = numpy.where(solid, olds[numpy.minimum(begins + starts, len(olds) - 1)], 0)
        ends = numpy.where(solid, oldz[begins + ends - 1], 0)
    return Pieces(ids, starts, ends)


def piece_ids(spec: dict[str, Any]) -> dict[str, int]:
    """Piece -> id of a parsed tokenizer.json, added pieces included."""
    vocabulary = spec["model"]["vocab"]
    if isinstance(vocabulary, list):  # Unigram: [piece, score] in the order of ids
        vocabulary = {piece: i for i, (piece, _) in enumerate(vocabulary)}
    return {**vocabulary, **{token["content"]: token["id"] for token in spec["added_tokens"]}}


def _parts(spec: dict | None, key: str) -> list[dict]:
    if spec is None:
        return []
    if spec["type"] == "Sequence":
        return [part for inner in spec[key] for part in _parts(inner, key)]
    return [spec]


def without_surrogates(text: str) -> str:
    """Half characters cannot be encoded as UTF-8; each becomes U+FFFD, so offsets stay."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text


def trim_blanks(
    text: str, starts: numpy.ndarray, ends: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Move starts right and ends left over blanks; a piece over blanks only gets end = start.

    starts, ends: (pieces,) characters of `text`
    """
    points = numpy.frombuffer(text.encode("utf-32-le"), dtype="uint32")
    blank = numpy.isin(points, _BLANKS)
    if not blank.any():
        return starts, ends
    positions = numpy.arange(len(points) + 1)
    letter = numpy.append(~blank, True)  # one past the end stops every search
    following = numpy.where(letter, positions, len(points))
    following = numpy.minimum.accumulate(following[::-1])[::-1]  # next letter at or after
    before = numpy.where(numpy.append(True, ~blank), positions, 0)
    before = numpy.maximum.accumulate(before)  # one past the last letter before
    solid = following[starts] < ends
    return numpy.where(solid, following[starts], starts), numpy.where(solid, before[ends], starts)


def cut_words(
    text: str, starts: ArrayLike, ends: ArrayLike, prefix: bool
) -> tuple[list[str], Ints1d]:
    """The words that have letters, each with one space in front if the text has a blank there, and the
    character at which each begins, the space counted: (segments,) int64, -1 for a space before the text.

    prefix: whether the first word gets a space too.
    """
    segments, begins = [], []
    for start, end in zip(numpy.asarray(starts).tolist(), numpy.asarray(ends).tolist(), strict=True):
        word = text[start:end]
        if not word or word.isspace():
            continue
        blank = text[start - 1].isspace() if start > 0 else prefix
        segments.append(" " + word if blank else word)
        begins.append(start - blank)
    return segments, numpy.asarray(begins, dtype="int64")


def cut_at(text: str, border: int) -> int:
    """Where LukeTokenizer cuts for the border of a mention: one space in front of it belongs to the
    segment after it."""
    return border - (border > 0 and text[border - 1] == " ")
