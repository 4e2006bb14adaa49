"""Which words of the predicted Doc lie under a gold span."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Span
    from spacy.training import Example


def predicted_words(example: Example, span: Span) -> tuple[int, int] | None:
    """First word of example.predicted and one past the last, None if the span does not begin and end with words
    there. Goes by aligned words: characters differ where the two Docs have other blanks between the same words.

    span: of example.reference, or of example.predicted, which has its own words.
    """
    if span.doc is example.predicted:
        return span.start, span.end
    words = example.alignment.y2x[span.start : span.end]
    if not len(words):
        return None
    start, end = int(words[0]), int(words[-1]) + 1
    back = example.alignment.x2y[start:end]
    return (start, end) if len(back) and (back[0], back[-1] + 1) == (span.start, span.end) else None
