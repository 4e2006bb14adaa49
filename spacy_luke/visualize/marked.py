"""Styles "ent" and "types": the text with its entities marked, by displaCy's own renderer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spacy import displacy
from spacy.displacy import EntityRenderer
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ..annotations import TYPES_KEY, get_types
from .html import bar, color_of, entity_link, escape, note
from .names import names_in

_MARK = (
    '<mark class="entity" style="background: {bg}; padding: 0.45em 0.6em; margin: 0 0.25em; line-height: 1; '
    'border-radius: 0.35em">{text} <span style="font-size: 0.8em; font-weight: bold; line-height: 1; '
    'vertical-align: middle; margin-left: 0.5rem">{label} {kb_link}</span>{types}</mark>'
)
_TYPE = (
    ' <span style="display: inline-block; font-size: 0.75em; margin-left: 0.5rem; background: #fff; '
    'border-radius: 0.25em; padding: 0.1em 0.4em">{name} {bar} {score:.2f}</span>'
)


def entities(doc: Doc, options: Mapping[str, Any]) -> str:
    """doc.ents with labels and ids."""
    name = names_in(options, doc.lang_)

    def more(span: Span) -> dict[str, str]:
        return {"kb_link": entity_link(span.kb_id_, options, name(span.kb_id_)) if span.kb_id_ else "", "types": ""}

    return _marked(doc, doc.ents, more, options)


def types(doc: Doc, options: Mapping[str, Any]) -> str:
    """Mentions with their types and probabilities. Mentions that overlap come in a line each."""
    key = options.get("types_key", TYPES_KEY)
    labels = {(ent.start, ent.end): ent.label_ for ent in doc.ents}
    words = dict.fromkeys((span.start, span.end) for span in doc.spans.get(key, ()) if len(span))
    spans = [Span(doc, *place, label=labels.get(place, "")) for place in words]

    def more(span: Span) -> dict[str, str]:
        scored = get_types(span, key).items()
        shown = (_TYPE.format(name=escape(label), bar=bar(p, box="3rem"), score=p) for label, p in scored)
        return {"kb_link": "", "types": "".join(shown)}

    if not spans:
        return _marked(doc, (), more, options) + note(f'No types: doc.spans["{key}"] is empty.')
    lines = []
    while spans:
        line = filter_spans(spans)
        lines.append(_marked(doc, line, more, options))
        spans = [span for span in spans if span not in line]
    return "".join(lines)


def _marked(doc: Doc, spans: Iterable[Span], more: Callable[[Span], dict[str, str]], options: Mapping[str, Any]) -> str:
    """displaCy escapes the text and nothing else: what it takes from `params` is escaped here."""
    spans = list(spans)
    renderer = EntityRenderer({"template": _MARK, **options})
    for span in spans:
        renderer.colors.setdefault(span.label_.upper(), color_of(span.label_))
    renderer.colors = {label: escape(color) for label, color in renderer.colors.items()}
    marks = [
        {
            "start": span.start_char,
            "end": span.end_char,
            "label": span.label_,
            "params": {"label": escape(span.label_), **more(span)},
        }
        for span in spans
    ]
    text = doc.text.replace("\x00", "\ufffd")
    settings = displacy.get_doc_settings(doc)
    return renderer.render([{"text": text, "ents": marks, "title": None, "settings": settings}])
