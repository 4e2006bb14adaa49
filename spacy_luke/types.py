"""What passes between the floors, with a shape on every field.

Axes: *batch* windows, *pieces* word pieces of a window with its first and last special piece,
*slots* entity slots of a window, *mention* pieces under one slot, *hidden* the encoder's width,
*emb* the width of entity vectors. Arrays above the bridge (`layers/`) are NumPy or CuPy, below torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from thinc.types import Floats1d, Floats2d, Ints1d, Ints2d
    from torch import Tensor

# What an entity slot may see. "full": all pieces and all slots see each other (LUKE's attention).
# "words": pieces see pieces; a slot sees the pieces and itself, so no answer depends on the other slots.
SlotView = Literal["full", "words"]


class LukeInputs(NamedTuple):
    """A padded batch for the torch encoder. A batch without entities has None in all slot fields."""

    piece_ids: Tensor  # (batch, pieces) int64
    piece_mask: Tensor  # (batch, pieces) bool, False = padding
    piece_types: Tensor | None = None  # (batch, pieces) int64, None = all 0
    slot_ids: Tensor | None = None  # (batch, slots) int64, rows of the entity table, then of entity_vectors
    slot_mask: Tensor | None = None  # (batch, slots) bool, False = padding
    slot_positions: Tensor | None = None  # (batch, slots, mention) int64, first special piece = 0, -1 = nothing
    slot_types: Tensor | None = None  # (batch, slots) int64, None = all 0
    entity_vectors: Tensor | None = None  # (known, emb) rows that continue the entity table for this batch


class LukeOutputs(NamedTuple):
    """What the torch encoder returns; rows of padding hold harmless garbage."""

    pieces: Tensor | None  # (batch, pieces, hidden) last layer; None if nobody reads them
    slots: Tensor | None  # (batch, slots, hidden) last layer
    layers: list[tuple[Tensor, Tensor | None]] | None = None  # embeddings and each layer, if asked for


class PackedInputs(NamedTuple):
    """A batch for the fast encoder, windows one below the other, without padding."""

    piece_ids: Tensor  # (pieces of all windows,) int64
    piece_lengths: list[int]  # pieces of each window
    slot_ids: Tensor  # (slots of all windows,) int64, as in LukeInputs
    slot_lengths: list[int]  # slots of each window
    slot_spans: Tensor  # (slots of all windows, 2) int64, first piece and one past the last in its window; equal = none
    entity_vectors: Tensor | None = None  # (known, emb)


@dataclass(frozen=True)
class Pieces:
    """A text in word pieces, without special pieces."""

    ids: Ints1d  # (pieces,) int64
    starts: Ints1d  # (pieces,) int64, first character of the text under the piece
    ends: Ints1d  # (pieces,) int64, one past its last character


@dataclass(frozen=True)
class Alignment:
    """Which pieces lie under each word of a Doc. A word without a piece has first == last."""

    first: Ints1d  # (words,) int64, first piece
    last: Ints1d  # (words,) int64, one past the last piece


@dataclass(frozen=True)
class Window:
    """A stretch of one Doc that fits the encoder: [start, end) is seen, [target_start, target_end) is
    asked about. The targets of a Doc's windows do not overlap and cover it. All in words of the Doc."""

    doc: int  # which Doc of the batch
    start: int
    end: int
    target_start: int
    target_end: int


@dataclass(frozen=True)
class Question:
    """One window as the encoder sees it, special pieces included, and the slots asked in it."""

    piece_ids: Ints1d  # (pieces,) int64
    slot_ids: Ints1d  # (slots,) int64, see LukeInputs.slot_ids
    slot_spans: Ints2d  # (slots, 2) int64, first piece and one past the last, counted in piece_ids
    view: SlotView
    entity_vectors: Floats2d | None = None  # (known, emb) float32
    reads_pieces: bool = True  # False: the head reads slots only, prediction need not finish the pieces


@dataclass(frozen=True)
class LukeStates:
    """Hidden states of a batch of questions, one below the other, without padding."""

    pieces: Floats2d  # (pieces of all questions, hidden) float32; (0, hidden) if they are not read
    slots: Floats2d  # (slots of all questions, hidden) float32
    slot_spans: Ints2d  # (slots of all questions, 2) int64, first row and one past the last of `pieces`; always NumPy


@dataclass(frozen=True)
class Candidates:
    """The entities that one mention may stand for, the most probable first."""

    ids: list[str]
    priors: Floats1d  # (candidates,) float32, p(entity | alias), from the highest down


@dataclass(frozen=True)
class LinkOptions:
    """What each mention of a batch may be linked to, as numbers. Options of a mention lie side by side: its
    candidates, then NIL."""

    lengths: Ints1d  # (mentions,) int64, how many candidates
    mention: Ints1d  # (candidates,) int64, whose candidate it is
    candidate_rows: Ints1d  # (candidates,) int64, their place among all options
    nil_rows: Ints1d  # (mentions,) int64, the place of NIL among all options
    vectors: Floats2d  # (candidates, emb) float32, zeros = the entity has none
    biases: Floats1d  # (candidates,) float32
    log_priors: Floats1d  # (candidates,) float32
    label_fits: Floats1d  # (candidates,) float32, log p(label of the mention | types of the candidate) / p(label)


@dataclass(frozen=True)
class EarlierMentions:
    """What a window may be told of the mentions of its Doc that begin before its own."""

    mentions: Ints1d  # (earlier,) int64, rows among the mentions of the batch, in the order of the text
    places: Ints2d  # (earlier, 2) int64, first piece and one past the last, counted in doc_ids
    doc_ids: Ints1d  # (pieces of the Doc,) int64, without special pieces
    start: int  # the window's first piece, counted in doc_ids
    room: int  # pieces that the window has room for


@dataclass(frozen=True)
class MentionWindow:
    """A stretch of one Doc with the mentions that lie in it, to be asked about in one or more passes."""

    doc: int  # which Doc of the batch
    piece_ids: Ints1d  # (pieces,) int64, special pieces included
    mentions: Ints1d  # (slots,) int64, rows among the mentions of the batch
    spans: Ints2d  # (slots, 2) int64, first piece and one past the last, counted in piece_ids
    is_asked: Ints1d  # (slots,) bool, is this the window whose answer counts for the mention
    earlier: EarlierMentions | None = None  # None: nothing is carried into this window
