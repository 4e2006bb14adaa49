"""PieceTokenizer: text -> word pieces with character offsets, on the `tokenizers` library.

Three ways to cut one text, the coarsest first:

    encode           "三浦 貴大は" -> ▁三 浦 ▁ 貴 大 は      whole text at once
    encode_words     (三浦)(貴大)(は) no piece crosses a word border; "▁" only where a space was
    encode_segments  every stretch between two borders on its own, with its own "▁", as
                     LukeTokenizer and MLukeTokenizer do around entity spans
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Sequence

import numpy
import srsly

from ..errors import Errors
from ..types import Pieces
from .plain import plain_tokenizer, trim_blanks, without_surrogates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from tokenizers import Encoding, Tokenizer

# Names under which the special pieces of the checkpoints we read are known, the likeliest first.
SPECIAL_NAMES = {
    "cls": ("<s>", "[CLS]"),
    "sep": ("</s>", "[SEP]"),
    "pad": ("<pad>", "[PAD]"),
    "mask": ("<mask>", "[MASK]"),
    "unk": ("<unk>", "[UNK]"),
    "ent": ("<ent>",),
    "ent2": ("<ent2>",),
}


class PieceTokenizer:
    """Word pieces of texts, never with special pieces, never cut or padded.

    The text of a special piece ("<mask>", "<ent>") in a user's text is ordinary text here: special
    pieces are put in by id (`cls`, `sep`, `pad`, `mask`, `unk`, `ent`, `ent2`), by us only.

    tokenizer (tokenizers.Tokenizer): its vocabulary must hold the special pieces.
    names (dict): special role -> piece, as {"mask": "[MASK]"}; roles not given are looked for under
        the names of SPECIAL_NAMES.
    RAISES: LK201 if one of cls, sep, pad, mask, unk is missing. `ent` and `ent2` may be None.
    """

    def __init__(self, tokenizer: Tokenizer, names: dict[str, str] | None = None):
        self.names = _find_names(tokenizer, names or {})
        self._json = tokenizer.to_str()
        self._whole = plain_tokenizer(self._json)
        self._inside: Tokenizer | None = None  # as _whole, without the "▁" or space put in front
        self.vocab_size: int = tokenizer.get_vocab_size(with_added_tokens=True)
        ids = {role: tokenizer.token_to_id(name) for role, name in self.names.items()}
        blanks = [tokenizer.token_to_id(name) for name in ("▁", "Ġ")]
        self._blanks = [i for i in blanks if i is not None]  # pieces that are a space and nothing else
        self.cls: int = ids["cls"]
        self.sep: int = ids["sep"]
        self.pad: int = ids["pad"]
        self.mask: int = ids["mask"]
        self.unk: int = ids["unk"]
        self.ent: int | None = ids.get("ent")
        self.ent2: int | None = ids.get("ent2")

    @property
    def tokenizer(self) -> Tokenizer:
        """A fresh copy of the full tokenizer, special pieces and template included."""
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self._json)

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text as a whole. Offsets are characters of the text; a piece that covers blanks only
        has start == end, and blanks in front of a piece are not counted as its own."""
        texts = [without_surrogates(text) for text in texts]
        return [
            self._pieces(encoding, text)
            for encoding, text in zip(self._encode(self._whole, texts), texts, strict=True)
        ]

    def encode_words(
        self,
        texts: Sequence[str],
        word_starts: Sequence[ArrayLike],
        word_ends: Sequence[ArrayLike],
    ) -> list[Pieces]:
        """Each text cut at its word borders, so no piece lies over two words. Characters between
        words are blanks and get no piece. A word in front of which there is no blank gets no "▁"
        (SentencePiece) and no space (byte-level BPE); a WordPiece word always starts afresh.

        word_starts, word_ends: for each text (words,) int, character borders in order.
        """
        if self._inside is None:
            self._inside = plain_tokenizer(self._json, prefix=False)
        texts = [without_surrogates(text) for text in texts]
        rows, offsets = [], []
        for text, starts, ends in zip(texts, word_starts, word_ends, strict=True):
            segments, begins = _cut_words(text, starts, ends, self._has_prefix)
            rows.append(segments)
            offsets.append(begins)
        encodings = self._encode(self._inside, rows, is_pretokenized=True)
        return [
            self._pieces(encoding, text, begins)
            for encoding, text, begins in zip(encodings, texts, offsets, strict=True)
        ]

    def encode_segments(self, text: str, borders: Sequence[int]) -> Pieces:
        """The text cut at the character `borders`, every segment tokenised on its own. One space in
        front of a border belongs to the segment after it (LukeTokenizer._create_input_sequence)."""
        if not text:
            return self.encode([text])[0]
        text = without_surrogates(text)
        cuts = {border - (border > 0 and text[border - 1] == " ") for border in borders}
        begins = sorted(cut for cut in cuts | {0} if cut < len(text))
        segments = [text[a:b] for a, b in zip(begins, [*begins[1:], len(text)], strict=True)]
        parts = [
            self._pieces(encoding, segment)
            for encoding, segment in zip(self._encode(self._whole, segments), segments, strict=True)
        ]
        return Pieces(
            ids=numpy.concatenate([part.ids for part in parts]),
            starts=numpy.concatenate([p.starts + b for p, b in zip(parts, begins, strict=True)]),
            ends=numpy.concatenate([p.ends + b for p, b in zip(parts, begins, strict=True)]),
        )

    def _encode(self, tokenizer: Tokenizer, texts: list, **kwargs) -> list[Encoding]:
        return tokenizer.encode_batch(texts, add_special_tokens=False, **kwargs)

    def _pieces(self, encoding: Encoding, text: str, begins: numpy.ndarray | None = None) -> Pieces:
        """begins: (segments,) character at which each segment of a pre-cut text begins."""
        ids = numpy.asarray(encoding.ids, dtype="int64")
        offsets = numpy.asarray(encoding.offsets, dtype="int64").reshape(-1, 2)
        if begins is not None and len(ids):
            offsets += begins[numpy.asarray(encoding.word_ids, dtype="int64")][:, None]
            numpy.maximum(offsets, 0, out=offsets)
        starts, ends = trim_blanks(text, offsets[:, 0], offsets[:, 1])
        # the "▁" put in front of a text has the offsets of the letter behind it
        return Pieces(ids, starts, numpy.where(numpy.isin(ids, self._blanks), starts, ends))

    @property
    def _has_prefix(self) -> bool:
        """Whether a text is tokenised as if a space stood in front of it."""
        return '"prepend_scheme":"always"' in self._json or '"add_prefix_space":true' in self._json

    def __len__(self) -> int:
        return self.vocab_size

    def __reduce__(self):
        return (_from_bytes, (self.to_bytes(),))

    def to_bytes(self) -> bytes:
        return srsly.msgpack_dumps({"tokenizer": self._json, "names": self.names})

    @classmethod
    def from_bytes(cls, data: bytes) -> PieceTokenizer:
        from tokenizers import Tokenizer

        state = srsly.msgpack_loads(data)
        return cls(Tokenizer.from_str(state["tokenizer"]), state["names"])

    @classmethod
    def from_directory(cls, path: str | Path) -> PieceTokenizer:
        """Read the tokenizer of a checkpoint directory (see loaders.load_tokenizer)."""
        from .loaders import load_tokenizer

        tokenizer, names = load_tokenizer(Path(path))
        return cls(tokenizer, names)


def _from_bytes(data: bytes) -> PieceTokenizer:
    return PieceTokenizer.from_bytes(data)


def _find_names(tokenizer: Tokenizer, given: dict[str, str]) -> dict[str, str]:
    names = {}
    for role, known in SPECIAL_NAMES.items():
        candidates = (given[role],) if given.get(role) else known
        found = [name for name in candidates if tokenizer.token_to_id(name) is not None]
        if found:
            names[role] = found[0]
        elif not role.startswith("ent"):
            raise ValueError(Errors.LK201.format(role=role, names=", ".join(candidates)))
    return names


def _cut_words(
    text: str, starts: ArrayLike, ends: ArrayLike, prefix: bool
) -> tuple[list[str], numpy.ndarray]:
    """The words that have letters, each with one space in front if the text has a blank there, and
    the character of the text at which each begins, the space counted (-1 for one before the text)."""
    segments, begins = [], []
    for start, end in zip(numpy.asarray(starts).tolist(), numpy.asarray(ends).tolist(), strict=True):
        word = text[start:end]
        if not word or word.isspace():
            continue
        blank = text[start - 1].isspace() if start > 0 else prefix
        segments.append(" " + word if blank else word)
        begins.append(start - blank)
    return segments, numpy.asarray(begins, dtype="int64")
