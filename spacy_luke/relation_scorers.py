"""Scores of relations: micro and macro, and KBP37's, which knows of the direction in a label."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from spacy.scorer import PRFScore

from .annotations import RELATIONS_KEY, get_relations, has_relations

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example

# "per:spouse(e2,e1)": the relation, and which of the two entities of the text comes first in it
_DIRECTION = re.compile(r"\((e1,e2|e2,e1)\)$")

# characters of the head, characters of the tail
Pair = tuple[int, int, int, int]


def build_relation_scorer_v1(spans_key: str = RELATIONS_KEY) -> Callable[..., dict[str, Any]]:
    """The scorer of luke_relations, see `score_relations`; it scores any pipe that writes relations with
    `set_relations`. spans_key (str): their span group."""
    return partial(score_relations, spans_key=spans_key)


def score_relations(examples: Iterable[Example], *, spans_key: str, **_: Any) -> dict[str, Any]:
    """Relations against gold relations: the same characters of head and tail, the same label. There is no
    class "none" in them. A gold relation whose pair was never asked about counts as missed, whatever the
    reason: not proposed by the pair getter, cut by a window, an entity that the recogniser did not find. A
    Doc without the gold group is left out.

    RETURNS (dict): shares from 0 to 1; None where there is no gold relation.
        rel_micro_p, rel_micro_r, rel_micro_f: over all relations.
        rel_macro_p, rel_macro_r, rel_macro_f: means over the labels that gold has.
        rel_per_type: label -> {"p", "r", "f"}.
        rel_directed_macro_p, ..._r, ..._f: the official scores of KBP37 and RELX (boun-tabi/RELX finetune.py, as
            SemEval-2010 task 8 with direction), where labels end in (e1,e2) or (e2,e1): both directions of a
            relation are counted together, right is the right direction, then the means over relations.
            None for other labels.
    """
    scores: dict[str, PRFScore] = defaultdict(PRFScore)
    for example in examples:
        if not has_relations(example.reference, spans_key):
            continue
        gold, found = relations_by_pair(example.reference, spans_key), relations_by_pair(example.predicted, spans_key)
        for pair in gold.keys() | found.keys():
            right, guessed = gold.get(pair, set()), found.get(pair, set())
            for label in right | guessed:
                scores[label].tp += label in right and label in guessed
                scores[label].fp += label not in right
                scores[label].fn += label not in guessed
    directed: dict[str, PRFScore] = defaultdict(PRFScore)
    for label, score in scores.items():
        if _DIRECTION.search(label):
            directed[_DIRECTION.sub("", label)] += score
    has_gold = any(_n_gold(score) for score in scores.values())
    per_type = {label: scores[label].to_dict() for label in sorted(scores)}
    return {
        **_prf("rel_micro", [sum(scores.values(), PRFScore())]),
        **_prf("rel_macro", scores.values()),
        "rel_per_type": per_type if has_gold else None,
        **_prf("rel_directed_macro", directed.values()),
    }


def relations_by_pair(doc: Doc, key: str) -> dict[Pair, set[str]]:
    """Pair -> its labels, of the span group `key`."""
    found: dict[Pair, set[str]] = {}
    for head, tail, label, _ in get_relations(doc, key):
        pair = head.start_char, head.end_char, tail.start_char, tail.end_char
        found.setdefault(pair, set()).add(label)
    return found


def _n_gold(score: PRFScore) -> int:
    return score.tp + score.fn


def _prf(name: str, scores: Iterable[PRFScore]) -> dict[str, float | None]:
    """Means over those that have gold."""
    kept = [score for score in scores if _n_gold(score)]
    if not kept:
        return {f"{name}_p": None, f"{name}_r": None, f"{name}_f": None}
    means = {"p": "precision", "r": "recall", "f": "fscore"}
    return {f"{name}_{short}": sum(getattr(s, long) for s in kept) / len(kept) for short, long in means.items()}
