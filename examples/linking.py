"""Link to a knowledge base of your own, and add an entity to it that is linked to at once.

    python examples/linking.py ENCODER KB

KB is the directory that the knowledge base is written to. Nothing is trained here: what decides are the priors and how near
the vector of a mention is to those made of the entities' descriptions. configs/linker.cfg trains.
"""

from pathlib import Path

import spacy
import typer
from spacy.training import Example

from spacy_luke.kb.build import build_kb
from spacy_luke.kb.loaders import build_mmap_kb_v1
from spacy_luke.pipeline.embed_kb import embed_kb

ENTITIES = [
    {"id": "city", "labels": {"ja": "松本市"}, "aliases": ["松本"], "description": "長野県の中部にある市", "types": ["/location"], "count": 6},
    {"id": "writer", "labels": {"ja": "松本清張"}, "aliases": ["松本"], "description": "日本の小説家", "types": ["/person"], "count": 3},
    {"id": "prefecture", "labels": {"ja": "長野県"}, "aliases": ["長野"], "description": "日本の県", "types": ["/location"], "count": 5},
]
NAMES = [{"label": "NAME", "pattern": name} for name in ("松本", "松本清張", "長野", "長野県", "山田楽器")]


def main(encoder: str, kb: Path) -> None:
    about = build_kb(kb, ENTITIES)
    print(f"{about['entities']} entities, {about['aliases']} aliases")
    embed_kb(kb, encoder)

    nlp = spacy.blank("ja")
    nlp.add_pipe("entity_ruler").add_patterns(NAMES)  # any recogniser that writes doc.ents
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": {"name": encoder}}})
    gold = nlp.make_doc("松本は長野県にある。")
    gold.ents = [gold.char_span(0, 2, "NAME", kb_id="city"), gold.char_span(3, 6, "NAME", kb_id="prefecture")]
    linker.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)], nlp=nlp, kb_loader=build_mmap_kb_v1(str(kb)))

    show(nlp("松本は長野の中部にある。"))
    show(nlp("山田楽器が松本で琴を作った。"))  # it has no candidate
    linker.add_entities([{"id": "workshop", "labels": {"ja": "山田楽器"}, "description": "琴の工房", "types": ["/organization"]}])
    show(nlp("山田楽器が松本で琴を作った。"))


def show(doc) -> None:
    group = doc.spans["luke_linker"]
    for span, ids, scores, nil in zip(group, *(group.attrs[key] for key in ("candidates", "scores", "nil"))):
        shown = ", ".join(f"{id} {score:.2f}" for id, score in [*zip(ids, scores), ("NIL", nil)])
        print(f"{span.text} -> {span.kb_id_} ({shown})")


if __name__ == "__main__":
    typer.run(main)
