"""nlp.pipe on a GPU: the CPU makes a batch ready while the GPU computes the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, TypeVar

from spacy import util

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from .base import LukePipe

T = TypeVar("T")


def pipe_ahead(pipe: LukePipe, stream: Iterable[Doc], batch_size: int) -> Iterator[Doc]:
    """What TrainablePipe.pipe does, in this order:

        CPU   begin A   begin B   read A, write it   begin C   read B, write it ...
        GPU             A.....................|B.....................|C........

    A batch that fails goes to the error handler in its turn, and takes no other with it.
    """
    handle_error = pipe.get_error_handler()
    begun = ((docs, _begin(pipe, docs)) for docs in util.minibatch(stream, size=batch_size))
    for docs, read in one_ahead(begun):
        try:
            pipe.set_annotations(docs, read())
            yield from docs
        except Exception as error:
            handle_error(pipe.name, pipe, docs, error)


def _begin(pipe: LukePipe, docs: list[Doc]) -> Callable[[], Any]:
    """What `begin` gives, or what raises its error."""
    try:
        return pipe.begin(docs)
    except Exception as error:
        failed = error

    def read() -> Any:
        raise failed

    return read


def one_ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items, each given out when the next one is there. What is there comes before an error in what is not."""
    waiting: list[T] = []
    try:
        for item in items:
            waiting.append(item)
            if len(waiting) > 1:
                yield waiting.pop(0)
    except Exception:
        yield from waiting
        raise
    yield from waiting
