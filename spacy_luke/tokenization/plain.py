"""Making a tokenizer that sees nothing but text, and offsets that cover nothing but letters."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Sequence

import numpy

from ..types import Pieces
from .charsmap import CharsMap, Mapped, chars_map

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from thinc.types import Ints1d
    from tokenizers import Encoding

_SURROGATES = re.compile("[\ud800-\udfff]")
# code point -> is it a blank; the last blank is U+3000
_IS_BLANK = numpy.asarray([chr(point).isspace() for point in range(0x3002)])

# Segments of up to so many characters are remembered, and so many of them: 20 MB or less.
_SHORT, _MOST_KNOWN = 24, 50_000

# Ids, starts and ends of the pieces of a segment.
_Lists = tuple[Sequence[int], Sequence[int], Sequence[int]]


class PlainTokenizer:
    """The tokenizer of a tokenizer.json without special pieces, template, cutting and padding.

    Without its added tokens the text "<mask>" is five ordinary pieces. A Unigram model finds its
    control pieces in texts as well (SentencePiece does not): they are renamed to something with a
    space inside, which no text has once spaces have become "▁". SentencePiece's character map is
    applied here, see charsmap.py.

    spec: the parsed tokenizer.json, which is changed here.
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
        self._charsmap: CharsMap | None = None
        for first in _parts(spec["normalizer"], "normalizers")[:1]:
            if first["type"] == "Precompiled":
                self._charsmap = chars_map(base64.b64decode(first["precompiled_charsmap"]))
                first.clear()
                first.update(type="Sequence", normalizers=[])  # does nothing
        self.has_prefix = False  # whether a text is tokenised as if a space stood in front of it
        for part in _parts(spec["pre_tokenizer"], "pretokenizers"):
            if part["type"] == "Metaspace":
                self.has_prefix |= part["prepend_scheme"] != "never"
                part["prepend_scheme"] = part["prepend_scheme"] if prefix else "never"
            elif part["type"] == "ByteLevel":
                self.has_prefix |= part["add_prefix_space"]
                part["add_prefix_space"] &= prefix
        self._tokenizer = Tokenizer.from_str(json.dumps(spec))
        self._known: dict[str, _Lists] = {}

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text as a whole; offsets as `tokenizers` gives them, spaces in front included."""
        mapped = [self._map(text) for text in texts]
        encodings = self._tokenizer.encode_batch([m.text for m in mapped], add_special_tokens=False)
        return [
            _pieces(encoding, None if m.starts is None else [m], 0)
            for encoding, m in zip(encodings, mapped, strict=True)
        ]

    def encode_cut(self, rows: Sequence[Sequence[str]]) -> list[tuple[Pieces, Ints1d]]:
        """Each row of segments, every segment on its own; offsets are those inside the segment, given
        with the number of the segment, (pieces,) int64. Short segments are remembered: words come again."""
        known = {segment: self._known.get(segment) for row in rows for segment in row}
        missing = [segment for segment, lists in known.items() if lists is None]
        if missing:
            new = dict(zip(missing, self._encode_segments(missing)))
            known.update(new)
            if len(self._known) > _MOST_KNOWN:
                self._known = {}
            self._known.update((segment, lists) for segment, lists in new.items() if len(segment) <= _SHORT)
        return [_join([known[segment] for segment in row]) for row in rows]  # type: ignore[misc]

    def _encode_segments(self, segments: list[str]) -> list[_Lists]:
        """Ids, starts and ends of each segment."""
        mapped = [self._map_row([segment]) for segment in segments]
        texts = [[segment] if m is None else [m[0].text] for segment, m in zip(segments, mapped)]
        encodings = self._tokenizer.encode_batch(texts, is_pretokenized=True, add_special_tokens=False)
        found: list[_Lists] = []
        for encoding, m in zip(encodings, mapped):
            if m is None:
                starts, ends = zip(*encoding.offsets) if encoding.ids else ((), ())
                found.append((encoding.ids, starts, ends))
            else:
                pieces = _pieces(encoding, m, 0)
                found.append((pieces.ids.tolist(), pieces.starts.tolist(), pieces.ends.tolist()))
        return found

    def _map(self, text: str) -> Mapped:
        return Mapped(text) if self._charsmap is None else self._charsmap.apply(text)

    def _map_row(self, row: Sequence[str]) -> list[Mapped] | None:
        """None if nothing changes, as in most rows: one look is faster than one for each segment."""
        charsmap = self._charsmap
        if charsmap is None:
            return None
        if len(charsmap.suspicious("".join(row))) or any(segment.endswith(" ") for segment in row):
            return [charsmap.apply(segment) for segment in row]
        return None


def _pieces(encoding: Encoding, segments: Sequence[Mapped] | None, which: Ints1d | int) -> Pieces:
    """The pieces with their offsets in the original of the segment they are in, `which` (pieces,).
    segments: None if the originals were not changed."""
    ids = numpy.asarray(encoding.ids, dtype="int64")
    starts, ends = numpy.asarray(encoding.offsets, dtype="int64").reshape(-1, 2).T
    if segments is not None and len(ids):
        same = [numpy.arange(len(m.text)) for m in segments]
        olds = [s if m.starts is None else m.starts for s, m in zip(same, segments, strict=True)]
        old_ends = [s + 1 if m.ends is None else m.ends for s, m in zip(same, segments, strict=True)]
        begins = numpy.cumsum([0, *map(len, olds)])[which]  # of the segment of each piece
        # a piece of no character (the "▁" of a text of nothing else) may stand at the end
        new = numpy.minimum(begins + starts, sum(map(len, olds)) - 1)
        solid = starts < ends
        starts = numpy.where(solid, numpy.concatenate(olds)[new], 0)
        ends = numpy.where(solid, numpy.concatenate(old_ends)[begins + ends - 1], 0)
    return Pieces(ids, starts, ends)


def _join(segments: list[_Lists]) -> tuple[Pieces, Ints1d]:
    """The pieces of a row, and the segment of each."""
    columns: tuple[list[int], list[int], list[int]] = ([], [], [])
    for lists in segments:
        for column, values in zip(columns, lists):
            column += values
    ids, starts, ends = (numpy.asarray(column, dtype="int64") for column in columns)
    which = numpy.repeat(numpy.arange(len(segments)), [len(ids) for ids, _, _ in segments])
    return Pieces(ids, starts, ends), which


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
    blank = _IS_BLANK[numpy.minimum(points, len(_IS_BLANK) - 1)]
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


def cuts_at(text: str, borders: ArrayLike) -> numpy.ndarray:
    """`cut_at` of an array of borders."""
    borders = numpy.asarray(borders, dtype="int64")
    is_blank = numpy.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="uint32") == ord(" ")
    return borders - numpy.append(False, is_blank)[borders]
