"""One pass of the encoder for pipes that ask it the same question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, NamedTuple

from thinc.api import Model
from thinc.types import Floats2d

from ..types import LukeStates, Question
from .padding import flat_spans

if TYPE_CHECKING:
    from .shim import LukeShim

# Bytes of answers that wait for a second pipe. Who never comes, as a pipe that is disabled, costs no more than this.
MAX_BYTES = 2**26


class Answer(NamedTuple):
    """Hidden states of one question."""

    pieces: Floats2d  # (pieces, hidden); (0, hidden) if they are not read
    slots: Floats2d  # (slots, hidden)


class Answers:
    """What the encoder said, until it is asked again, but for what is too much; the oldest goes first."""

    def __init__(self) -> None:
        self._kept: dict[tuple, Answer] = {}
        self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, question: Question, answer: Answer) -> None:
        self.take(question)  # two Docs with one text
        self._kept[_key(question)] = answer
        self._n_bytes += _size(answer)
        while self._n_bytes > MAX_BYTES:
            self._n_bytes -= _size(self._kept.pop(next(iter(self._kept))))

    def take(self, question: Question) -> Answer | None:
        """A question is asked twice at most, so its answer goes."""
        found = self._kept.pop(_key(question), None)
        self._n_bytes -= 0 if found is None else _size(found)
        return found


def predict_shared(
    encoder: Model[list[Question], LukeStates], questions: list[Question], *, is_last: bool
) -> LukeStates:
    """What `encoder.predict` says. Questions without known entities are those that another pipe may ask, too: the
    first who asks leaves the answer with the encoder, the second takes it. Weights that may have changed
    since are none of its business: the shim forgets the answers where it forgets the fast encoder.

    is_last (bool): nobody asks behind this pipe: it takes answers, and leaves none.
    """
    shim: LukeShim = encoder.shims[0]  # type: ignore
    given = [shim.answers.take(q) if q.entity_vectors is None else None for q in questions]
    rest = [question for question, answer in zip(questions, given) if answer is None]
    new = _answers_of(encoder.predict(rest), rest) if rest else iter(())
    found = []
    for question, answer in zip(questions, given):
        found.append(next(new) if answer is None else answer)
        if answer is None and question.entity_vectors is None and not is_last:
            shim.answers.put(question, found[-1])
    pieces, slots = (encoder.ops.xp.concatenate(parts) for parts in zip(*found))
    return LukeStates(pieces, slots, flat_spans(questions))


def _answers_of(states: LukeStates, questions: list[Question]) -> Iterator[Answer]:
    piece = slot = 0
    for question in questions:
        n_pieces = len(question.piece_ids) if len(states.pieces) else 0
        n_slots = len(question.slot_ids)
        last = piece + n_pieces if question.reads_pieces else piece
        yield Answer(states.pieces[piece:last], states.slots[slot : slot + n_slots])
        piece, slot = piece + n_pieces, slot + n_slots


def _key(question: Question) -> tuple:
    arrays = question.piece_ids, question.slot_ids, question.slot_spans
    return (*(array.tobytes() for array in arrays), question.view, question.reads_pieces)


def _size(answer: Answer) -> int:
    return answer.pieces.nbytes + answer.slots.nbytes
