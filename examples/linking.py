"""Link to a knowledge base of your own, and add an entity to it that is linked to at once.

    python examples/linking.py ENCODER KB

KB is the directory that the knowledge base is written to. It is trained on a few sentences; without any training, and with so few
entities, the vectors of an encoder that was not pretrained with entities say next to nothing.
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
# text, mentions and what they mean; NIL: a 松本 that the knowledge base does not have
TRAIN = [
    ("松本は長野県にある。", {"松本": "city", "長野県": "prefecture"}),
    ("松本の小説を読んだ。", {"松本": "writer"}),
    ("松本へは長野から電車で行く。", {"松本": "city", "長野": "prefecture"}),
    ("松本は推理小説を書いた。", {"松本": "writer"}),
    ("隣の松本さんが長野に引っ越す。", {"松本": "NIL", "長野": "prefecture"}),
    ("松本清張は作家である。", {"松本清張": "writer"}),
]
NAMES = [{"label": "NAME", "pattern": name} for name in ("松本", "松本清張", "長野", "長野県", "山田楽器")]


def to_example(nlp, text: str, links: dict) -> Example:
    doc = nlp.make_doc(text)
    places = {name: (text.index(name), text.index(name) + len(name)) for name in links}
    doc.ents = [doc.char_span(*places[name], "NAME", kb_id=id) for name, id in links.items()]
    return Example(nlp.make_doc(text), doc)


def main(encoder: str, kb: Path, steps: int = 20) -> None:
    about = build_kb(kb, ENTITIES)
    print(f"{about['entities']} entities, {about['aliases']} aliases")
    embed_kb(kb, encoder)

    nlp = spacy.blank("ja", config={"training": {"optimizer": {"@optimizers": "spacy_luke.AdamW.v1", "warmup_steps": 5}}})
    ruler = nlp.add_pipe("entity_ruler")  # any recogniser that writes doc.ents
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": {"name": encoder, "freeze_embeddings": True}}})
    linker.set_kb(build_mmap_kb_v1(str(kb)))
    examples = [to_example(nlp, *row) for row in TRAIN]
    optimizer = nlp.initialize(lambda: examples)
    ruler.add_patterns(NAMES)  # not before: spaCy's rulers forget them when they are initialised
    for step in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        optimizer.step_schedules()
        if step % 5 == 0 or step == steps - 1:
            print(f"step {step}: loss {losses['luke_linker']:.3f}")

    show(nlp("松本は長野の中部にある。"))
    show(nlp("松本の短い小説が好きだ。"))
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
