"""Which pieces lie under which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from ..types import Alignment, Pieces

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from spacy.tokens import Doc
    from thinc.types import Ints1d


def align(pieces: Pieces, word_starts: ArrayLike, word_ends: ArrayLike) -> Alignment:
    """The run of pieces that share a character with each word:

        words    New York   's        [0, 8) [8, 10)
        pieces   New York' s          [0, 3) [4, 9) [9, 10)
        first    0          1         a piece over two words belongs to both
        last     2          3

    A word without a piece (blanks, or letters the normaliser drops) has first == last, and a piece
    over blanks only belongs to no word, unless it stands between two pieces of one word.

    word_starts, word_ends: (words,) int, characters, in order.
    """
    word_starts = numpy.asarray(word_starts, dtype="int64")
    word_ends = numpy.asarray(word_ends, dtype="int64")
    solid = numpy.flatnonzero(pieces.starts < pieces.ends)
    first = numpy.searchsorted(pieces.ends[solid], word_starts, side="right")
    last = numpy.searchsorted(pieces.starts[solid], word_ends, side="left")
    found = (first < last) & (word_starts < word_ends)
    rows = numpy.append(solid, len(pieces.ids))
    return Alignment(
        first=rows[first],
        last=numpy.where(found, rows[last - 1] + 1, rows[first]),
    )


def word_offsets(doc: Doc) -> tuple[Ints1d, Ints1d]:
    """The characters [start, end) of each word of a Doc, both (words,) int64."""
    from spacy.attrs import IDX, LENGTH

    table = doc.to_array([IDX, LENGTH]).astype("int64")
    return table[:, 0], table[:, 0] + table[:, 1]
