"""Annotate a text with an installed pipeline and print the entities with their scores and links.

    python scripts/annotate.py ja_luke_smoke assets/sample/ja.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

import spacy_luke
from spacy_luke.errors import Errors


def entity_scores(doc: Doc, key: str = "luke_ner") -> list[float]:
    """The probability of each entity of the Doc, from the scored spans that luke_ner leaves in doc.spans;
    0.0 for one below the pipe's min_score."""
    spans = doc.spans[key]
    scores = {(s.start, s.end, s.label): float(p) for s, p in zip(spans, spans.attrs["scores"])}
    return [scores.get((ent.start, ent.end, ent.label), 0.0) for ent in doc.ents]


def entity_links(doc: Doc, nlp: Language, name: str = "luke_linker") -> list[str]:
    """What each entity of the Doc stands for, "Q90 Paris (0.97)", by the pipe of that name; "" where there is no
    such pipe. The probability is that of the id, or of NIL: no entity of the knowledge base."""
    if name not in nlp.pipe_names:
        return [""] * len(doc.ents)
    kb, group = nlp.get_pipe(name).kb, doc.spans[name]
    found = {}
    for span, ids, scores, nil in zip(group, *(group.attrs[key] for key in ("candidates", "scores", "nil"))):
        id = span.kb_id_
        labels = kb.info(id)["labels"] if kb.contains_entity(id) else {}
        label = labels.get(nlp.lang) or next(iter(labels.values()), "")
        found[span.start, span.end] = f"{id} {label} ({dict(zip(ids, scores), NIL=nil)[id]:.2f})".replace("  ", " ")
    return [found.get((ent.start, ent.end), "") for ent in doc.ents]


def main(package: str, path: str) -> None:
    nlp = spacy.load(package)
    for module in (spacy_luke, sys.modules[package]):
        if not Path(module.__file__).is_relative_to(sys.prefix):
            sys.exit(Errors.LK767.format(name=module.__name__, found=module.__file__, env=sys.prefix))
    lines = filter(None, map(str.strip, Path(path).read_text(encoding="utf8").splitlines()))
    found = 0
    for doc in nlp.pipe(lines):
        print(doc.text)
        for ent, score, link in zip(doc.ents, entity_scores(doc), entity_links(doc, nlp)):
            print(f"    {score:.2f}  {ent.label_:<12} {ent.text}{f'  =  {link}' if link else ''}")
        found += len(doc.ents)
    if not found:
        sys.exit(Errors.LK768.format(package=package, path=path))


if __name__ == "__main__":
    main(*sys.argv[1:])
