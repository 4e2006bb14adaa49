"""Counts of a document's mentions, and shares of them with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from spacy.tokens import Doc

from spacy_luke.annotations import NIL

# Of each document: gold mentions with an id, the right ones of them, those that were given an id, gold NIL,
# predicted NIL, right NIL, gold mentions whose id is a candidate, those of them with several candidates and right ones.
COLUMNS = ("gold", "right", "given", "nil", "nil_given", "nil_right", "reached", "hard", "hard_right")


def count_doc(gold: Doc, found: Doc, candidates: Sequence[Sequence[str]]) -> list[int]:
    """All gold mentions are predicted mentions. candidates: ids, of each mention."""
    row = dict.fromkeys(COLUMNS, 0)
    for ent, mine, ids in zip(gold.ents, found.ents, candidates, strict=True):
        id = mine.kb_id_ or NIL
        row["nil_given"] += id == NIL
        if ent.kb_id_ == NIL:
            row["nil"] += 1
            row["nil_right"] += id == NIL
            continue
        row["gold"] += 1
        row["right"] += id == ent.kb_id_
        row["given"] += id != NIL
        if ent.kb_id_ in ids:
            row["reached"] += 1
            row["hard"] += len(ids) > 1
            row["hard_right"] += len(ids) > 1 and id == ent.kb_id_
    return list(row.values())


def scores(counts: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """(..., columns) -> (...) percentages: accuracy (of gold mentions with an id), F1 of them (InKB), of all mentions
    with NIL (precision and recall are the same: its accuracy), and of NIL alone; accuracy of the mentions that have
    several candidates, the gold among them; recall of candidates."""
    c = dict(zip(COLUMNS, numpy.moveaxis(numpy.asarray(counts, dtype=float), -1, 0)))
    found = {
        "accuracy": (c["right"], c["gold"]),
        "in_kb_f": (2 * c["right"], c["gold"] + c["given"]),
        "with_nil_f": (c["right"] + c["nil_right"], c["gold"] + c["nil"]),
        "nil_f": (2 * c["nil_right"], c["nil"] + c["nil_given"]),
        "hard_accuracy": (c["hard_right"], c["hard"]),
        "candidate_recall": (c["reached"], c["gold"]),
    }
    return {name: 100 * part / numpy.maximum(whole, 1) for name, (part, whole) in found.items()}


def intervals(counts: Sequence[Sequence[int]], samples: int = 1000) -> dict[str, list[float]]:
    """95 % bootstrap intervals over documents."""
    sums = resampled(numpy.asarray(counts), samples)
    return {name: numpy.percentile(x, [2.5, 97.5]).round(1).tolist() for name, x in scores(sums).items()}


def resampled(counts: numpy.ndarray, samples: int = 1000) -> numpy.ndarray:
    """(docs, columns) -> (samples, columns) sums of as many documents, drawn with a fixed seed: those of two
    systems on the same documents are pairs."""
    drawn = numpy.random.default_rng(0).integers(len(counts), size=(samples, len(counts)))
    return counts[drawn].sum(axis=1)
