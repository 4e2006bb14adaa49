"""Train luke_ner on labels of your own, from texts and the mentions in them.

    python examples/ner.py ENCODER

ENCODER is a directory or a name on the Hugging Face hub. Six sentences are far too few to learn from: they show the way.
"""

import spacy
import typer
from spacy.training import Example

TRAIN = [
    ("カレーにはじゃがいもと牛肉を使う。", {"カレー": "DISH", "じゃがいも": "FOOD", "牛肉": "FOOD"}),
    ("寿司に合うのは緑茶だ。", {"寿司": "DISH", "緑茶": "DRINK"}),
    ("豚汁に大根と味噌を入れる。", {"豚汁": "DISH", "大根": "FOOD", "味噌": "FOOD"}),
    ("朝は紅茶を飲み、卵を食べる。", {"紅茶": "DRINK", "卵": "FOOD"}),
    ("天ぷらは海老と茄子で作る。", {"天ぷら": "DISH", "海老": "FOOD", "茄子": "FOOD"}),
    ("グラタンに牛乳を加える。", {"グラタン": "DISH", "牛乳": "DRINK"}),
]
TEXT = "シチューには人参を入れ、食後に珈琲を飲む。"


def main(encoder: str, steps: int = 60) -> None:
    nlp = spacy.blank("ja", config={"training": {"optimizer": {"@optimizers": "spacy_luke.AdamW.v1", "warmup_steps": 5}}})
    nlp.add_pipe("luke_ner", config={"model": {"encoder": {"name": encoder, "freeze_embeddings": True}}, "suggester": {"max_words": 5}})
    examples, lost = [], 0
    for text, mentions in TRAIN:
        doc = nlp.make_doc(text)
        spans = [doc.char_span(text.index(name), text.index(name) + len(name), label) for name, label in mentions.items()]
        doc.ents = [span for span in spans if span is not None]
        lost += spans.count(None)  # not on word borders: they cannot be entities
        examples.append(Example(nlp.make_doc(text), doc))
    print(f"{lost} mentions are not on word borders")

    optimizer = nlp.initialize(lambda: examples)
    for step in range(steps):
        losses = nlp.update(examples, sgd=optimizer)
        optimizer.step_schedules()
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step}: loss {losses['luke_ner']:.3f}")

    doc = nlp(TEXT)
    print("Entities:", [(ent.text, ent.label_) for ent in doc.ents])
    group = doc.spans["luke_ner"]
    for span, score in zip(group, group.attrs["scores"]):
        print(f"  {span.text} {span.label_} {score:.2f}")


if __name__ == "__main__":
    typer.run(main)
