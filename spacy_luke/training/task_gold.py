"""What each pipe learns from in a gold Doc, and Docs that have it for some pipes only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, NamedTuple

from spacy.tokens import Doc, Span, SpanGroup

from ..annotations import RELATIONS_KEY, TYPES_KEY
from ..scorers import MENTIONS_KEY, gold_mentions

if TYPE_CHECKING:
    from spacy.language import Language

TASKS = ("ner", "linker", "relations", "typing")


class GoldKeys(NamedTuple):
    """The span groups with gold, as the pipes of a pipeline name them."""

    linker: frozenset[str]
    relations: frozenset[str]
    typing: frozenset[str]


def gold_keys(nlp: Language) -> GoldKeys:
    return GoldKeys(
        _keys(nlp, "luke_linker", "spans_key") | {MENTIONS_KEY},
        _keys(nlp, "luke_relations", "spans_key") | {RELATIONS_KEY},
        _keys(nlp, "luke_typing", "types_key") | {TYPES_KEY},
    )


def _keys(nlp: Language, factory: str, setting: str) -> frozenset[str]:
    pipes = [pipe for name, pipe in nlp.components if nlp.get_pipe_meta(name).factory == factory]
    return frozenset(pipe.cfg[setting] for pipe in pipes if pipe.cfg[setting] is not None)  # type: ignore


def has_gold(doc: Doc, task: str, keys: GoldKeys) -> bool:
    """Did somebody say what the entities, links, relations or types of this Doc are; there may be none."""
    if task == "ner":
        return doc.has_annotation("ENT_IOB")
    if task == "linker":
        spans = [*gold_mentions(doc), *(span for key in keys.linker for span in doc.spans.get(key, ()))]
        return any(span.kb_id for span in spans)
    return any(key in doc.spans for key in getattr(keys, task))


def keep_gold(doc: Doc, tasks: Collection[str], keys: GoldKeys) -> Doc:
    """A copy of a gold Doc that trains these tasks only.

    Not "ner": no word has annotation (ent_iob 0). Links that stay are those of the mentions in
        doc.spans["nel_mentions"]. Not "linker": no kb_id. Not "relations", "typing": no such group.
    """
    kept = doc.copy()
    mentions = [_copy(kept, span) for span in gold_mentions(doc)]
    for key in [key for task in ("relations", "typing") if task not in tasks for key in getattr(keys, task)]:
        kept.spans.pop(key, None)
    if "linker" not in tasks:
        kept.spans.pop(MENTIONS_KEY, None)
        for token in kept:
            token.ent_kb_id = 0
        for key in keys.linker & kept.spans.keys():
            group = kept.spans[key]
            spans = [_copy(kept, span, kb_id=0) for span in group]
            kept.spans[key] = SpanGroup(kept, name=group.name, attrs=group.attrs, spans=spans)
    elif "ner" not in tasks:
        kept.spans[MENTIONS_KEY] = mentions
    if "ner" not in tasks:
        kept.set_ents([], default="missing")
    return kept


def _copy(doc: Doc, span: Span, **changed) -> Span:
    """The same words of another Doc."""
    return Span(doc, span.start, span.end, **{"label": span.label, "kb_id": span.kb_id, "span_id": span.id, **changed})
