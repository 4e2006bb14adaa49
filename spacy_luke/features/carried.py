"""What was decided in earlier windows of a long Doc is carried to later ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy

from ..types import EarlierMentions, MentionWindow
from .questions import MAX_SLOTS

if TYPE_CHECKING:
    from thinc.types import Floats2d, Ints1d

MOST = 8  # entities that a window is told of
SHARE = 10  # windows of a long Doc keep a tenth free for their names: 51 pieces of 510


def carry(window: MentionWindow, shown: Ints1d, rank: Ints1d, vectors: Floats2d) -> MentionWindow:
    """The window with up to MOST entities of mentions before it, which it is not asked about.

        earlier      ... Barack Obama came to Honolulu ...        both decided
        the window   [CLS] Obama said ... [SEP]
        told         [CLS] Barack Obama [SEP] Honolulu [SEP] Obama said ... [SEP]
                           entity             entity         [MASK]

    An encoder knows entities by a slot over their name, so the name comes in front, as the mention wrote it, and
    [SEP] behind it: it is not part of the text. One that stands in the window (which was repeated, as it has more
    mentions than slots) needs no name, only a slot over its words.

    Each entity comes once. First are those of the lowest rank, of equal ones the nearest to the window; a name that has
    no room is left out. So what is decided later never displaces what was carried before.

    shown (mentions of the batch,): row of `vectors` that each mention shows, -1 = not decided, or it shows nothing.
    rank (mentions of the batch,): 0 is the first one to be carried. vectors: (vectors, emb).
    """
    earlier, most = window.earlier, min(MOST, MAX_SLOTS - len(window.mentions))
    known = () if earlier is None else numpy.flatnonzero(shown[earlier.mentions] >= 0)[::-1]
    if earlier is None or not len(known) or most < 1:
        return window
    known = known[numpy.argsort(rank[earlier.mentions[known]], kind="stable")]
    end, room = earlier.start + len(window.piece_ids) - 2, earlier.room
    names: list[int] = []
    here: list[int] = []
    entities: set[bytes] = set()
    for i in known.tolist():
        first, last = earlier.places[i].tolist()
        entity, is_here = vectors[shown[earlier.mentions[i]]].tobytes(), earlier.start <= first and last <= end
        size = 0 if is_here else last - first + 1
        if entity not in entities and size <= room and len(entities) < most:
            (here if is_here else names).append(i)
            entities.add(entity)
            room -= size
    return _told(window, earlier, names, here)


def _told(window: MentionWindow, earlier: EarlierMentions, names: list[int], here: list[int]) -> MentionWindow:
    cls, sep = window.piece_ids[:1], window.piece_ids[-1:]
    front = [piece for i in names for piece in (earlier.doc_ids[slice(*earlier.places[i])], sep)]
    lengths = earlier.places[names, 1] - earlier.places[names, 0]
    starts = 1 + numpy.cumsum(lengths + 1) - (lengths + 1)
    ids = numpy.concatenate([cls, *front, window.piece_ids[1:]])
    shift = len(ids) - len(window.piece_ids)
    spans = [
        window.spans + shift,
        numpy.stack([starts, starts + lengths], axis=1),
        earlier.places[here] - earlier.start + 1 + shift,
    ]
    rows = earlier.mentions[names + here]
    return replace(
        window,
        piece_ids=ids,
        mentions=numpy.concatenate([window.mentions, rows]),
        spans=numpy.concatenate(spans),
        is_asked=numpy.concatenate([window.is_asked, numpy.zeros(len(rows), dtype=bool)]),
    )
