"""Train luke_typing: any number of types for each entity, where /person/artist implies /person.

    python examples/entity_types.py ENCODER
"""

import spacy
import typer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_types

TRAIN = [
    ("The painter Lena Voss lives in Hamburg.", {"Lena Voss": ["/person/artist"], "Hamburg": ["/location/city"]}),
    ("Mayor Karl Brandt of Bremen resigned.", {"Karl Brandt": ["/person/politician"], "Bremen": ["/location/city"]}),
    ("The singer Ute Kern toured France.", {"Ute Kern": ["/person/artist"], "France": ["/location/country"]}),
    ("Senator Hugo Falk flew to Spain.", {"Hugo Falk": ["/person/politician"], "Spain": ["/location/country"]}),
]
TEST = ("The sculptor Ella Thorn moved to Italy.", {"Ella Thorn": [], "Italy": []})


def to_doc(nlp, text: str, types: dict) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(text.index(name), text.index(name) + len(name), "NAME") for name in types]
    set_types(doc, [(ent, types[ent.text]) for ent in doc.ents])
    return doc


def main(encoder: str, steps: int = 60) -> None:
    nlp = spacy.blank("en", config={"training": {"optimizer": {"@optimizers": "spacy_luke.AdamW.v1", "warmup_steps": 5}}})
    model = {"encoder": {"name": encoder, "freeze_embeddings": True}}
    typing = nlp.add_pipe("luke_typing", config={"model": model, "hierarchy": "/"})
    examples = [Example(nlp.make_doc(text), to_doc(nlp, text, types)) for text, types in TRAIN]
    optimizer = nlp.initialize(lambda: examples)
    print(typing.labels)
    for step in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        optimizer.step_schedules()
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step}: loss {losses['luke_typing']:.3f}")

    for ent in nlp(to_doc(nlp, *TEST)).ents:
        print(ent.text, {label: round(score, 2) for label, score in ent._.luke_types.items()})


if __name__ == "__main__":
    typer.run(main)
