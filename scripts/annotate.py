"""Annotate a text with an installed pipeline and print entities with scores, links and types, and relations.

    python scripts/annotate.py xx_luke_smoke_sm assets/sample/ja.txt
"""

from __future__ import annotations

import argparse
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
        # a multilingual pipeline: the label that looks most like the mention
        like = max(labels.values(), key=lambda label, text=span.text: len({*label} & {*text}), default="")
        label = labels.get(nlp.lang) or like
        found[span.start, span.end] = f"{id} {label} ({dict(zip(ids, scores), NIL=nil)[id]:.2f})".replace("  ", " ")
    return [found.get((ent.start, ent.end), "") for ent in doc.ents]


def entity_types(doc: Doc) -> list[str]:
    """The types of each entity, those that another one implies (/person beside /person/author) left out."""
    found = [ent._.luke_types for ent in doc.ents]
    return [", ".join(t for t in types if not any(u.startswith(f"{t}/") for u in types)) for types in found]


def relations(doc: Doc) -> list[str]:
    """The relations between entities of the Doc, "0.87  Ford  founded_by  Henry Ford"."""
    return [f"{r.score:.2f}  {r.head.text}  {r.label}  {r.tail.text}" for r in doc._.relations]


def show(doc: Doc, nlp: Language) -> None:
    print(doc.text)
    for ent, score, link, types in zip(doc.ents, entity_scores(doc), entity_links(doc, nlp), entity_types(doc)):
        more = [f"  =  {link}" if link else "", f"  :  {types}" if types else ""]
        print(f"    {score:.2f}  {ent.label_:<12} {ent.text}{''.join(more)}")
    for relation in relations(doc):
        print(f"      {relation}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", help="name of the installed pipeline")
    parser.add_argument("text", type=Path, help="UTF-8 file; each line is a text")
    parser.add_argument("--each-pipe", action="store_true", help="fail if a pipe finds nothing, not luke_ner only")
    args = parser.parse_args()
    nlp = spacy.load(args.package)
    for module in (spacy_luke, sys.modules[args.package]):
        if not Path(module.__file__).is_relative_to(sys.prefix):
            sys.exit(Errors.LK767.format(name=module.__name__, found=module.__file__, env=sys.prefix))
    lines = filter(None, map(str.strip, args.text.read_text(encoding="utf8").splitlines()))
    found = {"luke_ner": 0, "luke_linker": 0, "luke_relations": 0, "luke_typing": 0}
    for doc in nlp.pipe(lines):
        show(doc, nlp)
        found["luke_ner"] += len(doc.ents)
        found["luke_linker"] += sum(ent.kb_id_ not in ("", "NIL") for ent in doc.ents)
        found["luke_relations"] += len(doc._.relations)
        found["luke_typing"] += sum(len(ent._.luke_types) for ent in doc.ents)
    missing = [name for name in nlp.pipe_names if found.get(name) == 0]
    if missing if args.each_pipe else "luke_ner" in missing:
        sys.exit(Errors.LK768.format(package=args.package, path=args.text, pipes=", ".join(missing)))


if __name__ == "__main__":
    main()
