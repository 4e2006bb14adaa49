"""Annotate a text with an installed pipeline and print the entities with their scores.

    python scripts/annotate.py ja_luke_smoke assets/sample/ja.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

import spacy
from spacy.tokens import Doc

import spacy_luke
from spacy_luke.errors import Errors


def entity_scores(doc: Doc, key: str = "luke_ner") -> list[float]:
    """The probability of each entity of the Doc, from the scored spans that luke_ner leaves in doc.spans;
    0.0 for one below the pipe's min_score."""
    spans = doc.spans[key]
    scores = {(s.start, s.end, s.label): float(p) for s, p in zip(spans, spans.attrs["scores"])}
    return [scores.get((ent.start, ent.end, ent.label), 0.0) for ent in doc.ents]


def main(package: str, path: str) -> None:
    nlp = spacy.load(package)
    for module in (spacy_luke, sys.modules[package]):
        if not Path(module.__file__).is_relative_to(sys.prefix):
            sys.exit(Errors.LK767.format(name=module.__name__, found=module.__file__, env=sys.prefix))
    lines = filter(None, map(str.strip, Path(path).read_text(encoding="utf8").splitlines()))
    found = 0
    for doc in nlp.pipe(lines):
        print(doc.text)
        for ent, score in zip(doc.ents, entity_scores(doc)):
            print(f"    {score:.2f}  {ent.label_:<12} {ent.text}")
        found += len(doc.ents)
    if not found:
        sys.exit(Errors.LK768.format(package=package, path=path))


if __name__ == "__main__":
    main(*sys.argv[1:])
