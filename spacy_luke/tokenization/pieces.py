"""PieceTokenizer: text -> word pieces with character offsets, on the `tokenizers` library.

Three ways to cut one text, the coarsest first:

    encode           "三浦 貴大は" -> ▁三 浦 ▁ 貴 大 は      whole text at once
    encode_words     (三浦)(貴大)(は) no piece crosses a word border; "▁" only where a space was
    encode_segments  every stretch between two borders on its own, with its own "▁", as
                     LukeTokenizer and MLukeTokenizer do around entity spans
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Sequence

import numpy
import srsly

from ..errors import Errors
from ..types import Pieces
from .plain import PlainTokenizer, cut_at, cut_words, piece_ids, trim_blanks, without_surrogates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from thinc.types import Ints1d
    from tokenizers import Tokenizer

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

    tokenizer (tokenizers.Tokenizer or str): the tokenizer, or what its `to_str` gives. Its vocabulary must
        hold the special pieces.
    names (dict): special role -> piece, as {"mask": "[MASK]"}; roles not given are looked for under
        the names of SPECIAL_NAMES.
    RAISES: LK201 if one of cls, sep, pad, mask, unk is missing. `ent` and `ent2` may be None.
    """

    def __init__(self, tokenizer: Tokenizer | str, names: dict[str, str] | None = None):
        self._json = tokenizer if isinstance(tokenizer, str) else tokenizer.to_str()
        spec = json.loads(self._json)
        vocabulary = piece_ids(spec)
        self.names = _find_names(vocabulary, names or {})
        self.vocab_size: int = max(vocabulary.values()) + 1
        # pieces that are a space and nothing else
        self._blanks = [vocabulary[blank] for blank in ("▁", "Ġ") if blank in vocabulary]
        ids = {role: vocabulary[name] for role, name in self.names.items()}
        self.cls: int = ids["cls"]
        self.sep: int = ids["sep"]
        self.pad: int = ids["pad"]
        self.mask: int = ids["mask"]
        self.unk: int = ids["unk"]
        self.ent: int | None = ids.get("ent")
        self.ent2: int | None = ids.get("ent2")

    @cached_property
    def _plain(self) -> PlainTokenizer:
        return PlainTokenizer(json.loads(self._json))

    @cached_property
    def _inside(self) -> PlainTokenizer:
        """The same without the "▁" or the space that is put in front of a text."""
        return PlainTokenizer(json.loads(self._json), prefix=False)

    @property
    def tokenizer(self) -> Tokenizer:
        """A fresh copy of the full tokenizer, special pieces and template included."""
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self._json)

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text as a whole. Offsets are characters of the text; a piece that covers blanks only
        has start == end, and blanks in front of a piece are not counted as its own."""
        texts = [without_surrogates(text) for text in texts]
        found = self._plain.encode(texts)
        return [self._trim(pieces, text) for pieces, text in zip(found, texts, strict=True)]

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
        texts = [without_surrogates(text) for text in texts]
        cuts = [
            cut_words(text, starts, ends, self._plain.has_prefix)
            for text, starts, ends in zip(texts, word_starts, word_ends, strict=True)
        ]
        found = self._inside.encode_cut([segments for segments, _ in cuts])
        return [
            self._trim(_moved(pieces, begins[words]), text)
            for text, (_, begins), (pieces, words) in zip(texts, cuts, found, strict=True)
        ]

    def encode_segments(self, text: str, borders: Sequence[int]) -> Pieces:
        """The text cut at the character `borders`, every segment tokenised on its own. One space in
        front of a border belongs to the segment after it (LukeTokenizer._create_input_sequence)."""
        text = without_surrogates(text)
        cuts = {cut_at(text, border) for border in set(borders)}
        begins = [0, *sorted(cut for cut in cuts if 0 < cut < len(text))]
        segments = [text[a:b] for a, b in zip(begins, [*begins[1:], len(text)], strict=True)]
        ((pieces, words),) = self._plain.encode_cut([segments])
        return self._trim(_moved(pieces, numpy.asarray(begins)[words]), text)

    def _trim(self, pieces: Pieces, text: str) -> Pieces:
        starts, ends = trim_blanks(text, pieces.starts, pieces.ends)
        # the "▁" put in front of a text has the offsets of the letter behind it
        for blank in self._blanks:
            ends = numpy.where(pieces.ids == blank, starts, ends)
        return Pieces(pieces.ids, starts, ends)

    def __len__(self) -> int:
        return self.vocab_size

    def __reduce__(self):
        return (_from_bytes, (self.to_bytes(),))

    def to_json(self) -> str:
        """What a tokenizer.json holds."""
        return self._json

    def to_bytes(self) -> bytes:
        return srsly.msgpack_dumps({"tokenizer": self._json, "names": self.names})

    @classmethod
    def from_bytes(cls, data: bytes) -> PieceTokenizer:
        state = srsly.msgpack_loads(data)
        return cls(state["tokenizer"], state["names"])

    @classmethod
    def from_directory(cls, path: str | Path) -> PieceTokenizer:
        """Read the tokenizer of a checkpoint directory (see loaders.load_tokenizer)."""
        from .loaders import load_tokenizer

        tokenizer, names = load_tokenizer(Path(path))
        return cls(tokenizer, names)


def _from_bytes(data: bytes) -> PieceTokenizer:
    return PieceTokenizer.from_bytes(data)


def _find_names(vocabulary: dict[str, int], given: dict[str, str]) -> dict[str, str]:
    names = {}
    for role, known in SPECIAL_NAMES.items():
        candidates = (given[role],) if given.get(role) else known
        found = [name for name in candidates if name in vocabulary]
        if found:
            names[role] = found[0]
        elif not role.startswith("ent"):
            raise ValueError(Errors.LK201.format(role=role, names=", ".join(candidates)))
    return names


def _moved(pieces: Pieces, begins: Ints1d) -> Pieces:
    """Offsets counted from the text, where each piece's segment begins at character `begins`; a space
    that was put in front of the text lies at -1, which is 0 here."""
    starts, ends = pieces.starts + begins, pieces.ends + begins
    return Pieces(pieces.ids, numpy.maximum(starts, 0), numpy.maximum(ends, 0))
