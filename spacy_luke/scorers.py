"""Scores of entity linking, end to end and on gold mentions, with NIL and without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy
from spacy.scorer import PRFScore

from .annotations import NIL

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span
    from spacy.training import Example

# Gold mentions of a Doc whose entities are not annotated: it trains and scores linking, not recognising.
MENTIONS_KEY = "nel_mentions"

Offsets = tuple[int, int]  # first character and one past the last


def build_linker_scorer_v1(
    spans_key: str = "luke_linker", alternatives_key: str = "nel_alternatives"
) -> Callable[..., dict[str, Any]]:
    """The scorer of luke_linker, see `score_linker`; it scores any pipe that sets token.ent_kb_id_.

    spans_key (str): the predicted Doc's span group with attrs["candidates"].
    alternatives_key (str): the gold Doc's span group of gold mentions that lie in or across others.
    """
    return partial(score_linker, spans_key=spans_key, alternatives_key=alternatives_key)


def score_linker(
    examples: Iterable[Example], *, spans_key: str, alternatives_key: str, **_: Any
) -> dict[str, Any]:
    """Links of doc.ents against gold links, by strong matching: the same characters and the same id.

    Gold, in reference.ents, or in reference.spans["nel_mentions"] if it is there: kb_id_ is an id, "NIL" (looked
    up, not in the knowledge base) or "" (not annotated). Predicted, in predicted.ents: an id, "NIL", or ""
    (not linked).

    A gold mention that the recogniser missed counts as missed, one that it invented as wrong. Not counted at
    all are predictions that touch a word without annotation (part of a "" mention, or without ent_iob) and
    those on exactly an alternative of a gold mention. A Doc with entities but without one link is taken
    to be not annotated, and left out.

    RETURNS (dict): shares from 0 to 1; None where there is no such gold.
        nel_micro_p, nel_micro_r, nel_micro_f: gold NIL is ignored (InKB): no gold link, nor is what was
            predicted there; "NIL" is no prediction.
        nel_with_nil_p, nel_with_nil_r, nel_with_nil_f: gold NIL must be predicted as "NIL".
        nel_nil_p, nel_nil_r, nel_nil_f: "NIL" alone.
        nel_per_type, nel_with_nil_per_type: label -> {"p", "r", "f"}, the label of the gold mention, of the
            predicted one where there is no gold mention.
        nel_accuracy, nel_with_nil_accuracy: of the gold mentions that are predicted mentions too, those
            with the right id: how good linking is, whatever the recogniser missed.
        nel_candidate_recall: of the gold mentions with an id that are in the span group, those whose id is
            among the candidates: no linker that chooses from them has a higher nel_accuracy.
        nel_ambiguous_accuracy, nel_ambiguous_prior: of these that have other candidates, too, those that have the right
            id, and those whose first candidate, the one of the highest prior, is right: does context help.
    """
    counts = _Counts()
    for example in examples:
        gold = {(e.start_char, e.end_char): e for e in gold_mentions(example.reference)}
        if gold and not any(ent.kb_id_ for ent in gold.values()):
            continue
        predicted = {(e.start_char, e.end_char): e for e in example.predicted.ents}
        candidates = candidates_of(example.predicted, spans_key)
        ignored = not_annotated(example.reference, alternatives_key)
        for offsets, ent in gold.items():
            if ent.kb_id_:
                found = predicted[offsets].kb_id_ if offsets in predicted else None
                counts.add_gold(ent.label_, ent.kb_id_, found, candidates.get(offsets))
        for offsets, ent in predicted.items():
            if ent.kb_id_ and offsets not in gold and not ignored(offsets):
                counts.add_invented(ent.label_, ent.kb_id_)
    return {
        **_scores("nel_micro", sum(counts.in_kb.values(), PRFScore())),
        "nel_per_type": _per_type(counts.in_kb),
        **_scores("nel_with_nil", sum(counts.with_nil.values(), PRFScore())),
        "nel_with_nil_per_type": _per_type(counts.with_nil),
        **_scores("nel_nil", counts.nil),
        "nel_accuracy": counts.linked.share,
        "nel_with_nil_accuracy": counts.linked_or_nil.share,
        "nel_candidate_recall": counts.reached.share,
        "nel_ambiguous_accuracy": counts.ambiguous.share,
        "nel_ambiguous_prior": counts.ambiguous_first.share,
    }


def gold_mentions(doc: Doc) -> Sequence[Span]:
    """The mentions of a gold Doc: its entities, or those that are noted apart from them."""
    if MENTIONS_KEY not in doc.spans:
        return doc.ents
    return [span for span in doc.spans[MENTIONS_KEY] if len(span)]


class _Counts:
    """What was right, wrong and missed, mention by mention."""

    def __init__(self) -> None:
        self.in_kb: dict[str, PRFScore] = defaultdict(PRFScore)
        self.with_nil: dict[str, PRFScore] = defaultdict(PRFScore)
        self.nil = PRFScore()
        self.linked, self.linked_or_nil, self.reached = _Share(), _Share(), _Share()
        self.ambiguous, self.ambiguous_first = _Share(), _Share()

    def add_gold(self, label: str, gold: str, found: str | None, candidates: list[str] | None) -> None:
        """found: the predicted id of this mention, "" if it was not linked, None if it is no predicted mention."""
        _count(self.with_nil[label], gold, found)
        _count(self.nil, gold if gold == NIL else None, found if found == NIL else None)
        if found is not None:
            self.linked_or_nil.add(found == gold)
        if gold == NIL:
            return
        _count(self.in_kb[label], gold, found if found != NIL else None)
        if found is not None:
            self.linked.add(found == gold)
        if candidates is not None:
            self.reached.add(gold in candidates)
            if gold in candidates and len(candidates) > 1:
                self.ambiguous.add(found == gold)
                self.ambiguous_first.add(candidates[0] == gold)

    def add_invented(self, label: str, found: str) -> None:
        """A prediction where there is no gold mention."""
        self.with_nil[label].fp += 1
        if found == NIL:
            self.nil.fp += 1
        else:
            self.in_kb[label].fp += 1


class _Share:
    def __init__(self) -> None:
        self.right = self.all = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.all += 1

    @property
    def share(self) -> float | None:
        return self.right / self.all if self.all else None


def _count(score: PRFScore, gold: str | None, found: str | None) -> None:
    """One mention; "" or None: nothing is there. A wrong id is a wrong link, and the right one is missed."""
    if gold and gold == found:
        score.tp += 1
    else:
        score.fn += bool(gold)
        score.fp += bool(found)


def not_annotated(doc: Doc, alternatives_key: str) -> Callable[[Offsets], bool]:
    """Says of a stretch of characters whether a prediction there can be judged."""
    unknown = numpy.zeros(len(doc.text), dtype=bool)
    for token in doc:
        if token.ent_iob == 0 or token.ent_type and not token.ent_kb_id:
            unknown[token.idx : token.idx + len(token)] = True
    alternatives = {(span.start_char, span.end_char) for span in doc.spans.get(alternatives_key, ())}
    return lambda offsets: offsets in alternatives or bool(unknown[slice(*offsets)].any())


def candidates_of(doc: Doc, spans_key: str) -> dict[Offsets, list[str]]:
    """Mention -> the ids of its candidates."""
    spans = doc.spans.get(spans_key)
    found = [] if spans is None else spans.attrs.get("candidates", [])
    return {(span.start_char, span.end_char): ids for span, ids in zip(spans or (), found)}


def _scores(name: str, score: PRFScore) -> dict[str, float | None]:
    if score.tp + score.fn == 0:
        return {f"{name}_p": None, f"{name}_r": None, f"{name}_f": None}
    return {f"{name}_p": score.precision, f"{name}_r": score.recall, f"{name}_f": score.fscore}


def _per_type(scores: dict[str, PRFScore]) -> dict[str, dict[str, float]] | None:
    if not any(score.tp + score.fn for score in scores.values()):
        return None
    return {label: score.to_dict() for label, score in scores.items() if len(score)}
