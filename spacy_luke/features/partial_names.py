"""Partial names of persons: "Smith" means the John Smith of the same Doc.

After the person coreference heuristic of global entity disambiguation (examples/entity_disambiguation of
LUKE, there after Le & Titov 2018, `with_coref`). It differs in three points: what a person is (labels and
types here, a list of titles there); names are bounded by spaCy's tokens, not by spaces, so that it works
for Japanese; and a mention that has a label, and another one than the longer name, is left alone unless
it is a person (Washington, a GPE, next to George Washington; 松本, a LOC, next to 松本清張).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from ..kb.normalise import normalise_alias
from ..types import Candidates
from .alias_lookup import average
from .honorifics import HONORIFICS

if TYPE_CHECKING:
    from spacy.tokens import Span

# What labels of mentions and types of entities say "person", in lower case: OntoNotes, CoNLL, HIPE, GUM,
# Japanese sets, and the Wikidata classes human and person.
PERSONS = frozenset({"person", "per", "pers", "人名", "人物", "人", "human", "q5", "q215627"})


def partial_name_candidates(
    mentions: Sequence[Span],
    candidates: Sequence[Candidates],
    *,
    top_k: int,
    types: Callable[[str], Collection[str]],
    honorifics: bool = False,
) -> list[Candidates]:
    """For each mention of one Doc its candidates, or, if it is part of longer names of persons in the
    same Doc, the union of their candidates with averaged priors, the best `top_k`.

    A longer name is a mention that has candidates, whose tokens hold all tokens of the shorter one side by
    side, and more; tokens are compared in their normal form, those without one (・) do not count. It is a
    person if its label or a type of its first candidate is in PERSONS. All mentions are compared as they
    were given, so their order changes nothing. A mention that is counted twice in the Doc weighs twice.

    Borders are those of tokens, also where there are no spaces: 漱石 is part of 夏目|漱石 if the tokenizer
    splits there, and 田中 is not part of the one token 田中町.

    types: entity id -> the types the knowledge base knows of it.
    honorifics (bool): a last token that is one (さん, 氏) does not count.
    """
    names = [_tokens(mention, honorifics) for mention in mentions]
    holders: dict[tuple[str, ...], list[int]] = {name: [] for name in names if name}
    lengths = {len(name) for name in holders}
    for row, name in enumerate(names):
        if candidates[row].ids:
            for part in _parts(name, lengths):
                if part in holders:
                    holders[part].append(row)
    found = []
    for row, name in enumerate(names):
        persons = [r for r in holders.get(name, ()) if _is_person(mentions[r], candidates[r], types)]
        persons = [r for r in persons if _may_be_person(mentions[row], mentions[r])]
        found.append(average([candidates[r] for r in persons], top_k) if persons else candidates[row])
    return found


def _tokens(mention: Span, honorifics: bool) -> tuple[str, ...]:
    texts = [token.text for token in mention]
    while honorifics and len(texts) > 1 and texts[-1] in HONORIFICS:
        texts.pop()
    return tuple(filter(None, map(normalise_alias, texts)))


def _parts(name: tuple[str, ...], lengths: Collection[int]) -> set[tuple[str, ...]]:
    """The stretches of tokens that are shorter than the name and have one of the lengths."""
    n = len(name)
    return {name[i : i + length] for length in lengths if length < n for i in range(n - length + 1)}


def _is_person(mention: Span, candidates: Candidates, types: Callable[[str], Collection[str]]) -> bool:
    if mention.label_.lower() in PERSONS:
        return True
    return any(kind.lower() in PERSONS for kind in types(candidates.ids[0]))


def _may_be_person(part: Span, whole: Span) -> bool:
    """A recogniser that calls the part something else has seen that it is something else, also where the whole
    has no label and is a person by the type of its first candidate."""
    label = part.label_
    return not label or label == whole.label_ or label.lower() in PERSONS
