"""Making a tokenizer that sees nothing but text, and offsets that cover nothing but letters."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SURROGATES = re.compile("[\ud800-\udfff]")
# the code points for which str.isspace() is true
_BLANKS = numpy.asarray([ord(c) for c in map(chr, range(0x3001)) if c.isspace()], dtype="uint32")


def plain_tokenizer(definition: str, *, prefix: bool = True) -> Tokenizer:
    """The tokenizer of a tokenizer.json without special pieces, template, cutting and padding.

    Without its added tokens the text "<mask>" is five ordinary pieces. A Unigram model finds its
    control pieces in texts as well (SentencePiece does not): they are renamed to something with a
    space inside, which no text has once spaces have become "▁".

    prefix: False takes away the "▁" or the space that is put in front of a text.
    """
    from tokenizers import Tokenizer

    spec = json.loads(definition)
    special = {token["id"] for token in spec["added_tokens"] if token["special"]}
    spec["added_tokens"] = [t for t in spec["added_tokens"] if t["id"] not in special]
    spec["truncation"] = spec["padding"] = spec["post_processor"] = None
    model = spec["model"]
    if model["type"] == "Unigram":
        for i in special & set(range(len(model["vocab"]))):
            piece, score = model["vocab"][i]
            model["vocab"][i] = [f" {piece}", score]
    if not prefix:
        for part in _parts(spec["pre_tokenizer"], "pretokenizers"):
            if part["type"] == "Metaspace":
                part["prepend_scheme"] = "never"
            elif part["type"] == "ByteLevel":
                part["add_prefix_space"] = False
    return Tokenizer.from_str(json.dumps(spec))


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
    """Move starts right and ends left over blanks; a piece over blanks only gets start == end.

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
    trimmed = numpy.minimum(following[starts], ends)
    return trimmed, numpy.maximum(before[ends], trimmed)
