"""Scores of entity typing: strict, loose macro and loose micro F1, as in Open Entity and FIGER."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from spacy.scorer import PRFScore

from .annotations import TYPES_KEY
from .scorers import Offsets
from .training.type_targets import with_parents

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.training import Example


def build_typing_scorer_v1(types_key: str = TYPES_KEY, hierarchy: str | None = None) -> Callable[..., dict[str, Any]]:
    """The scorer of luke_typing, see `score_types`; it scores any pipe that writes labelled spans. In a
    luke_typing, the pipe's own types_key and hierarchy are taken.

    types_key (str): the span group with types, of gold and of predicted Docs.
    hierarchy (str): what separates the parts of a type, if types imply their parents.
    """
    return partial(score_types, types_key=types_key, hierarchy=hierarchy)


def score_types(
    examples: Iterable[Example], *, types_key: str, hierarchy: str | None = None, **_: Any
) -> dict[str, Any]:
    """Types of mentions against gold types, after Ling & Weld 2012, section 4 (Open Entity's scorer,
    github.com/uwnlp/open_type eval_metric.py, gives the same macro and micro).

    T are the mentions with a gold type, P those with a predicted one; a mention is known by its characters.
        strict  precision, recall = mentions whose types are all right and complete / |P|, |T|
        macro   precision = mean over P of the share of its predicted types that are gold,
                recall    = mean over T of the share of its gold types that are predicted
        micro   precision, recall = predicted types that are gold / all predicted types, all gold types

    A gold mention that is not predicted counts as missed. A predicted mention that is not in the gold group
    counts as wrong where the gold Doc says what its entities are and this is none of them; it is not judged
    where it is a gold entity without types, or touches a word without annotation (ent_iob 0). A Doc
    without the gold group is left out. A gold span with an empty label says: a mention of no type.

    RETURNS (dict): shares from 0 to 1; None where there is no gold type.
        types_micro_p, types_micro_r, types_micro_f, types_macro_..., types_strict_...
        types_per_type: type -> {"p", "r", "f"}.
    """
    pairs: list[tuple[set[str], set[str]]] = []
    for example in examples:
        if types_key in example.reference.spans:
            gold, found = (types_of(doc, types_key, hierarchy) for doc in (example.reference, example.predicted))
            is_invented = invented_in(example.reference)
            pairs += [(types, found.get(offsets, set())) for offsets, types in gold.items()]
            invented = (offsets for offsets in found if offsets not in gold and is_invented(offsets))
            pairs += [(set(), found[offsets]) for offsets in invented]
    per_type: dict[str, PRFScore] = defaultdict(PRFScore)
    for gold_types, found_types in pairs:
        for label in gold_types | found_types:
            per_type[label].tp += label in gold_types and label in found_types
            per_type[label].fp += label not in gold_types
            per_type[label].fn += label not in found_types
    named = {label: score.to_dict() for label, score in sorted(per_type.items())}
    has_gold = any(gold_types for gold_types, _ in pairs)
    return {
        **(_micro(pairs) if has_gold else _nothing("micro")),
        **(_macro(pairs) if has_gold else _nothing("macro")),
        **(_strict(pairs) if has_gold else _nothing("strict")),
        "types_per_type": named if has_gold else None,
    }


def types_of(doc: Doc, key: str, hierarchy: str | None) -> dict[Offsets, set[str]]:
    """Mention -> its types; an empty label adds the mention and no type."""
    found: dict[Offsets, set[str]] = {}
    for span in doc.spans.get(key, ()):
        types = found.setdefault((span.start_char, span.end_char), set())
        types.update(with_parents([span.label_], hierarchy) if span.label_ else ())
    return found


def invented_in(doc: Doc) -> Callable[[Offsets], bool]:
    """Says of a mention without gold types whether the gold Doc knows that there is none."""
    ents = {(ent.start_char, ent.end_char) for ent in doc.ents}
    unknown = bytearray(len(doc.text))
    for token in doc:
        if token.ent_iob == 0:
            unknown[token.idx : token.idx + len(token)] = b"\1" * len(token)
    return lambda offsets: offsets not in ents and not any(unknown[slice(*offsets)])


def _strict(pairs: list[tuple[set[str], set[str]]]) -> dict[str, float]:
    right = sum(1 for gold, found in pairs if gold and gold == found)
    return _prf("strict", right, sum(1 for _, found in pairs if found), right, sum(1 for gold, _ in pairs if gold))


def _macro(pairs: list[tuple[set[str], set[str]]]) -> dict[str, float]:
    precisions = [len(gold & found) / len(found) for gold, found in pairs if found]
    recalls = [len(gold & found) / len(gold) for gold, found in pairs if gold]
    return _prf("macro", sum(precisions), len(precisions), sum(recalls), len(recalls))


def _micro(pairs: list[tuple[set[str], set[str]]]) -> dict[str, float]:
    right = sum(len(gold & found) for gold, found in pairs)
    return _prf("micro", right, sum(len(found) for _, found in pairs), right, sum(len(gold) for gold, _ in pairs))


def _prf(name: str, right_p: float, n_p: int, right_r: float, n_r: int) -> dict[str, float]:
    p, r = right_p / max(n_p, 1), right_r / max(n_r, 1)
    return {f"types_{name}_p": p, f"types_{name}_r": r, f"types_{name}_f": 2 * p * r / (p + r) if p + r else 0.0}


def _nothing(name: str) -> dict[str, None]:
    return {f"types_{name}_p": None, f"types_{name}_r": None, f"types_{name}_f": None}
