"""One encoder, four pipes: entities, their links, relations and types in one pipeline, trained together.

    python examples/joint.py ENCODER

configs/ja.cfg does the same with `spacy train`.
"""

import spacy
import typer
from spacy.training import Example

from spacy_luke.annotations import set_relations, set_types
from spacy_luke.kb import MMapKB

# text, entities as name -> (label, id, types), relations as (head, label, tail)
TRAIN = [
    (
        "東京は日本の首都です。",
        {"東京": ("LOC", "tokyo", ["city"]), "日本": ("LOC", "japan", ["country"])},
        [("東京", "capital_of", "日本")],
    ),
    (
        "パリはフランスの首都です。",
        {"パリ": ("LOC", "paris", ["city"]), "フランス": ("LOC", "france", ["country"])},
        [("パリ", "capital_of", "フランス")],
    ),
    ("山田さんは京都に行った。", {"山田": ("PERSON", "NIL", ["person"]), "京都": ("LOC", "kyoto", ["city"])}, []),
]
IDS = {"東京": "tokyo", "日本": "japan", "パリ": "paris", "フランス": "france", "京都": "kyoto"}
ENCODER = {"@architectures": "spacy_luke.LukeListener.v1", "upstream": "luke"}


def to_example(nlp, text: str, names: dict, relations: list) -> Example:
    doc = nlp.make_doc(text)
    spans = {
        name: doc.char_span(text.index(name), text.index(name) + len(name), label, kb_id=id)
        for name, (label, id, _) in names.items()
    }
    doc.ents = list(spans.values())
    set_relations(doc, [(spans[head], spans[tail], label) for head, label, tail in relations])
    set_types(doc, [(spans[name], types) for name, (_, _, types) in names.items()])
    return Example(nlp.make_doc(text), doc)


def small_kb(vocab) -> MMapKB:
    """In memory; one from `kb build` and `kb embed` has vectors, too."""
    kb = MMapKB(vocab, entity_vector_length=0)
    kb.add_entities([{"id": id, "labels": {"ja": name}} for name, id in IDS.items()])
    return kb


def main(encoder: str, steps: int = 60) -> None:
    nlp = spacy.blank("ja", config={"training": {"optimizer": {"@optimizers": "spacy_luke.AdamW.v1", "warmup_steps": 5}}})
    nlp.add_pipe("luke", config={"model": {"name": encoder, "freeze_embeddings": True}})
    nlp.add_pipe("luke_ner", config={"model": {"encoder": ENCODER}, "suggester": {"max_words": 5}})
    nlp.add_pipe("luke_linker", config={"model": {"encoder": ENCODER}}).set_kb(small_kb)
    nlp.add_pipe("luke_relations", config={"model": {"encoder": ENCODER}})
    nlp.add_pipe("luke_typing", config={"model": {"encoder": ENCODER}})
    examples = [to_example(nlp, *row) for row in TRAIN]
    optimizer = nlp.initialize(lambda: examples)
    for step in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        optimizer.step_schedules()
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step}:", ", ".join(f"{name} {loss:.2f}" for name, loss in losses.items() if name != "luke"))

    doc = nlp("東京は日本の首都です。")
    for ent in doc.ents:
        print(ent.text, ent.label_, ent.kb_id_, list(ent._.luke_types))
    for relation in doc._.relations:
        print(f"{relation.head} -- {relation.label} --> {relation.tail}")


if __name__ == "__main__":
    typer.run(main)
