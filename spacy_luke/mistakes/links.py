"""Links that are wrong, and what would have to change for them to be right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..annotations import NIL
from ..kb.normalise import normalise_alias
from ..scorers import candidates_of, gold_mentions, not_annotated
from .mistake import NOTHING, Mistakes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Span
    from spacy.training import Example

GROUPS = {
    "missed mention": "the recogniser did not find the mention, or it was not linked",
    "partial name": "the mention is part of a longer name of the same entity in the text",
    "missing candidate": "the right entity is not among the candidates: add aliases, or raise top_k",
    "NIL": "NIL was said of an entity that is among the candidates, or an entity of what is NIL",
    "wrong entity": "another candidate was taken",
    "spurious": "linked, where there is no gold mention",
}
# Confusion: gold and found are these, ids would be too many.
ENTITY, WRONG = "entity", "wrong entity"


def link_mistakes(
    examples: Iterable[Example], *, spans_key: str = "luke_linker", alternatives_key: str = "nel_alternatives"
) -> Mistakes:
    """Links of predicted.ents against gold links, as `score_linker` counts them for nel_micro, and gold NIL where an
    entity was said of it. A mistake that several groups fit is in the first of them."""
    found = Mistakes(GROUPS)
    for number, eg in enumerate(examples):
        gold = {(e.start_char, e.end_char): e for e in gold_mentions(eg.reference)}
        if gold and not any(mention.kb_id_ for mention in gold.values()):
            continue
        linked = {(e.start_char, e.end_char): e.kb_id_ for e in eg.predicted.ents}
        candidates = candidates_of(eg.predicted, spans_key)
        longer = _longer_names(list(gold.values()))
        for place, mention in sorted(gold.items()):
            right, said = mention.kb_id_, linked.get(place, NOTHING)
            if not right:
                continue
            found.confusion[_kind(right, said)] += 1
            if said == right:
                found.right += 1
            elif right != NIL or said not in (NIL, NOTHING):
                group = _group(right, said, candidates.get(place), longer.get(place))
                note = longer.get(place, "") if group == "partial name" else ""
                found.add(group, number, place, right, said, note)
        ignored = not_annotated(eg.reference, alternatives_key)
        for place, said in sorted(linked.items()):
            if said not in (NIL, NOTHING) and place not in gold and not ignored(place):
                found.confusion[NOTHING, WRONG] += 1
                found.add("spurious", number, place, NOTHING, said)
    return found


def _group(right: str, said: str, candidates: list[str] | None, longer: str | None) -> str:
    if said == NOTHING:
        return "missed mention"
    if longer is not None:
        return "partial name"
    if right != NIL and candidates is not None and right not in candidates:
        return "missing candidate"
    return "NIL" if NIL in (right, said) else "wrong entity"


def _kind(right: str, said: str) -> tuple[str, str]:
    gold = NIL if right == NIL else ENTITY
    if said in (NIL, NOTHING):
        return gold, said
    return gold, ENTITY if said == right else WRONG


def _longer_names(mentions: Sequence[Span]) -> dict[tuple[int, int], str]:
    """Place of a mention -> a longer mention of the same entity that its words are part of, side by side."""
    words = {m: tuple(filter(None, (normalise_alias(token.text) for token in m))) for m in mentions}
    found: dict[tuple[int, int], str] = {}
    for part in mentions:
        for whole in mentions:
            if part.kb_id_ == whole.kb_id_ != NIL and _is_part(words[part], words[whole]):
                found.setdefault((part.start_char, part.end_char), whole.text)
    return found


def _is_part(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    n = len(part)
    return 0 < n < len(whole) and any(whole[i : i + n] == part for i in range(len(whole) - n + 1))
