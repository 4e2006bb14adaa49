"""Train luke_relations: who works where, who founded what.

    python examples/relations.py ENCODER
"""

import spacy
import typer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_relations

# text, entities in the order of the text, relations as (head, label, tail), places among the entities
TRAIN = [
    ("Maria Weber works for Nordwind in Oslo.", {"Maria Weber": "PERSON", "Nordwind": "ORG", "Oslo": "LOC"}, [(0, "works_for", 1)]),
    ("Jonas Berg founded Solaris in Bergen.", {"Jonas Berg": "PERSON", "Solaris": "ORG", "Bergen": "LOC"}, [(0, "founded", 1)]),
    ("Anna Holm met Peter Lund in Malmo.", {"Anna Holm": "PERSON", "Peter Lund": "PERSON", "Malmo": "LOC"}, []),
    ("Solaris employs Peter Lund.", {"Solaris": "ORG", "Peter Lund": "PERSON"}, [(1, "works_for", 0)]),
    ("Nordwind was founded by Eva Dahl.", {"Nordwind": "ORG", "Eva Dahl": "PERSON"}, [(1, "founded", 0)]),
]
TEST = ("Ida Moen founded Fjordlab in Oslo.", {"Ida Moen": "PERSON", "Fjordlab": "ORG", "Oslo": "LOC"}, [])


def to_doc(nlp, text: str, entities: dict, relations: list) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(text.index(name), text.index(name) + len(name), label) for name, label in entities.items()]
    ents = doc.ents  # in the order of the text
    set_relations(doc, [(ents[head], ents[tail], label) for head, label, tail in relations])
    return doc


def main(encoder: str, steps: int = 60) -> None:
    nlp = spacy.blank("en", config={"training": {"optimizer": {"@optimizers": "spacy_luke.AdamW.v1", "warmup_steps": 5}}})
    pairs = {"@misc": "spacy_luke.pair_getter.v1", "constraints": "learn"}  # PERSON -> ORG, as the training data has it
    model = {"encoder": {"name": encoder, "freeze_embeddings": True}}
    nlp.add_pipe("luke_relations", config={"model": model, "get_pairs": pairs})
    examples = [Example(nlp.make_doc(row[0]), to_doc(nlp, *row)) for row in TRAIN]
    optimizer = nlp.initialize(lambda: examples)
    for step in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        optimizer.step_schedules()
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step}: loss {losses['luke_relations']:.3f}")

    doc = nlp(to_doc(nlp, *TEST))  # entities are given; in a pipeline a recogniser in front finds them
    for relation in doc._.relations:
        print(f"{relation.head} -- {relation.label} --> {relation.tail} {relation.score:.2f}")


if __name__ == "__main__":
    typer.run(main)
