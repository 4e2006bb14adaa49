"""What is carried into a window: the first decided, each once, as many as there is room for, nothing else changed."""

from __future__ import annotations

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_luke.features.carried import MOST, carry
from spacy_luke.features.mentions import mention_windows
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.types import EarlierMentions, MentionWindow

from ..vocabularies import write_bpe

NLP = spacy.blank("xx")
CLS, SEP = 100, 101
TEXT = numpy.arange(60)
VECTORS = numpy.eye(20, dtype="f")


def window(places, start, room, own=(40, 41), n_own=1) -> MentionWindow:
    """The pieces 30 to 59 of TEXT, one mention at `own`, and mentions before it at `places`."""
    earlier = EarlierMentions(numpy.arange(len(places)), numpy.asarray(places).reshape(-1, 2), TEXT, start, room)
    ids = numpy.asarray([CLS, *TEXT[start:], SEP])
    spans = numpy.asarray([own] * n_own) - start + 1
    return MentionWindow(0, ids, numpy.arange(n_own) + len(places), spans, numpy.ones(n_own, dtype=bool), earlier)


def told(places, entities, rank=None, start=30, room=99, **more):
    """RETURNS: what stands in front, and the carried mentions, each with the pieces under its slot."""
    shown = numpy.asarray([*entities, *[-1] * 200])
    asked = window(places, start, room, **more)
    n = len(asked.mentions)
    found = carry(asked, shown, numpy.asarray(rank or [0] * len(shown)), VECTORS)
    shift = len(found.piece_ids) - len(asked.piece_ids)
    assert found.piece_ids[shift + 1 :].tolist() == asked.piece_ids[1:].tolist() and found.piece_ids[0] == CLS
    assert (found.spans[:n] == asked.spans + shift).all() and found.mentions[:n].tolist() == asked.mentions.tolist()
    assert found.is_asked.tolist() == [True] * n + [False] * (len(found.mentions) - n)
    under = [found.piece_ids[a:b].tolist() for a, b in found.spans[n:].tolist()]
    return found.piece_ids[1 : shift + 1].tolist(), dict(zip(found.mentions[n:].tolist(), under, strict=True))


PLACES = [(2, 4), (7, 8), (10, 13), (20, 21)]


def test_names_stand_in_front_the_first_decided_first():
    front, carried = told(PLACES, [4, 3, 2, 1], rank=[2, 0, 3, 1])
    assert front == [7, SEP, 20, SEP, 2, 3, SEP, 10, 11, 12, SEP]
    assert carried == {1: [7], 3: [20], 0: [2, 3], 2: [10, 11, 12]}


def test_of_those_decided_together_the_nearest():
    assert list(told(PLACES, [4, 3, 2, 1])[1]) == [3, 2, 1, 0]


def test_what_is_not_decided_is_not_carried():
    assert list(told(PLACES, [4, -1, 2, -1])[1]) == [2, 0]
    assert told(PLACES, [-1] * 4) == ([], {})
    assert told([], []) == ([], {})


def test_an_entity_comes_once():
    assert list(told(PLACES, [4, 2, 2, 4], rank=[0, 1, 2, 3])[1]) == [0, 1]


@pytest.mark.parametrize(
    "room, carried", [(99, [0, 1, 2, 3]), (8, [0, 1, 3]), (6, [0, 1]), (4, [0]), (3, [0]), (2, [1]), (1, [])]
)
def test_a_name_without_room_is_left_out(room, carried):
    front, found = told(PLACES, [4, 3, 2, 1], rank=[0, 1, 2, 3], room=room)
    assert list(found) == carried and len(front) <= room


def test_at_most_eight_and_never_more_slots_than_128():
    places = [(i, i + 1) for i in range(20)]
    assert list(told(places, range(20), rank=[*range(20)] + [99] * 200)[1]) == list(range(MOST)) == list(range(8))
    assert len(told(places, range(20), n_own=125)[1]) == 3
    assert told(places, range(20), n_own=128) == ([], {})


def test_one_in_the_window_gets_a_slot_where_it_is():
    """Of a window that is repeated, as it has more mentions than slots. One over its edge is outside."""
    front, carried = told([(2, 4), (29, 31), (31, 33)], [4, 3, 2])
    assert front == [29, 30, SEP, 2, 3, SEP]
    assert carried == {2: [31, 32], 1: [29, 30], 0: [2, 3]}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return PieceTokenizer.from_directory(write_bpe(tmp_path_factory.mktemp("vocabulary")))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_windows_with_what_is_carried(tokenizer, data):
    """Each stays within the limit, and what is decided later only adds to what was carried."""
    rng = numpy.random.default_rng(data.draw(st.integers(0, 99)))
    doc = Doc(NLP.vocab, rng.choice(["Tokyo", "is", "capital", "of", "Kyoto's", "Japan"], 120).tolist())
    starts = numpy.sort(rng.choice(116, 30, replace=False))
    spans = numpy.stack([starts, starts + rng.integers(1, 4, 30)], axis=1)
    limit, max_slots = data.draw(st.integers(20, 70)), data.draw(st.integers(3, 40))
    windows = mention_windows([doc], [spans], tokenizer, limit=limit, max_slots=max_slots)
    rank, entity = rng.permutation(30), rng.integers(0, 20, 30)
    last = {}
    for done in (0, 5, 15, 30):
        shown = numpy.where(rank < done, entity, -1)
        for number, each in enumerate(windows):
            found = carry(each, shown, rank, VECTORS)
            carried = found.mentions[len(each.mentions) :].tolist()
            assert len(found.piece_ids) <= limit and not set(carried) & set(each.mentions.tolist())
            assert (starts[carried] <= starts[each.mentions].min()).all()
            assert len(set(entity[carried])) == len(carried) <= 8
            assert set(last.get(number, ())) <= set(carried)
            last[number] = carried
    assert any(last.values())


def test_nothing_is_carried_into_a_doc_that_fits(tokenizer):
    doc = Doc(NLP.vocab, ["Tokyo", "is", "in", "Japan"] * 4)
    spans = numpy.asarray([(i, i + 1) for i in range(0, 16, 3)])
    [window] = mention_windows([doc], [spans], tokenizer, limit=40)
    shown = numpy.zeros(len(spans), dtype="int64")
    assert window.earlier is None and carry(window, shown, shown, VECTORS) is window
