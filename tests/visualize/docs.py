"""Docs with everything that is drawn, and with everything that must not run."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_luke.annotations import set_relations, set_types

# Each would set window.ran in a browser, wherever it is not escaped.
SCRIPT = "<script>window.ran=1</script>"
IMAGE = '"><img src=x onerror="window.ran=1">'
QUOTE = "' onmouseover='window.ran=1' x='"
LINK = "javascript:window.ran=1"


def choices(doc: Doc, rows, key: str = "luke_linker") -> None:
    """rows: (span, chosen, candidates, scores, nil, step), as luke_linker writes them."""
    group = SpanGroup(doc, name=key)
    for span, chosen, *_ in rows:
        group.append(Span(doc, span.start, span.end, label=span.label, kb_id=chosen))
    for place, name in enumerate(("candidates", "scores", "nil", "steps"), 2):
        group.attrs[name] = [row[place] for row in rows]
    doc.spans[key] = group


def drawn_doc(lang: str = "en") -> Doc:
    """Ada founded Acme in Kyoto, with links, types, relations and candidates."""
    doc = Doc(spacy.blank(lang).vocab, ["Ada", "founded", "Acme", "in", "Kyoto"])
    ada, acme, kyoto = (
        Span(doc, i, i + 1, label, kb_id=id)
        for i, label, id in ((0, "PERSON", "Q7259"), (2, "ORG", "NIL"), (4, "GPE", "ja:京都市"))
    )
    doc.ents = [ada, acme, kyoto]
    set_relations(doc, [(ada, acme, "founded", 0.98), (acme, kyoto, "based_in", 1.0)])
    set_types(doc, [(ada, {"person": 0.9, "artist": 0.25}), (kyoto, {"city": 1.0}), (acme, {})])
    rows = [
        (ada, "Q7259", ["Q7259", "Q1"], [0.75, 0.2], 0.05, 1),
        (acme, "NIL", [], [], 1.0, -1),
        (kyoto, "ja:京都市", ["Q2", "ja:京都市"], [0.1, 0.8], 0.1, 0),
    ]
    choices(doc, rows)
    return doc


def hostile_doc() -> Doc:
    """Text, labels, ids, types and relations that would run or break out where they are not escaped."""
    words = [SCRIPT, "met", IMAGE, "and", QUOTE, "on", "the", "</svg></title></style></textarea>", "\x00<b>"]
    doc = Doc(spacy.blank("en").vocab, words)
    names = [SCRIPT, IMAGE, QUOTE]
    spans = [
        Span(doc, 2 * i, 2 * i + 1, label=name, kb_id=id)
        for i, (name, id) in enumerate(zip(names, [IMAGE, LINK, f"en:{QUOTE}"]))
    ]
    doc.ents = spans
    set_relations(doc, [(spans[0], spans[1], SCRIPT), (spans[2], spans[0], IMAGE, 0.5), (spans[1], spans[1], QUOTE)])
    set_types(doc, [(span, {name: 0.5 for name in names}) for span in spans])
    choices(doc, [(span, span.kb_id_, [span.kb_id_, SCRIPT, LINK], [0.5, 0.2, 0.1], 0.2, 0) for span in spans])
    doc.user_data["title"] = SCRIPT
    return doc
