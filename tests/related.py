"""Docs with entities and relations, and pipelines with a `luke_relations`."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import get_relations, set_relations

from .tiny import encoder_config

# text, entities as (start, end, label), relations as (head, label, tail)
TRAIN = [
    (
        "Ada founded Acme in Kyoto",
        [(0, 3, "PERSON"), (12, 16, "ORG"), (20, 25, "LOC")],
        [(0, "founded", 1), (1, "based_in", 2)],
    ),
    ("Acme was founded by Bob Hill", [(0, 4, "ORG"), (20, 28, "PERSON")], [(1, "founded", 0)]),
    ("Bob met Ada in Tokyo", [(0, 3, "PERSON"), (8, 11, "PERSON"), (15, 20, "LOC")], []),
]
TRAIN_JA = [
    (
        "山田さんは東京で会社を作った。",
        [(0, 2, "PERSON"), (5, 7, "LOC"), (8, 10, "ORG")],
        [(0, "founded", 2), (2, "based_in", 1)],
    ),
    ("東京で山田さんに会った。", [(0, 2, "LOC"), (3, 5, "PERSON")], []),
]


def doc_of(nlp, text: str, ents=()) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(*ent) for ent in ents]
    return doc


def examples_of(nlp, data=TRAIN) -> list[Example]:
    """The predicted Docs have no entities."""
    examples = []
    for text, ents, relations in data:
        gold = doc_of(nlp, text, ents)
        spans = [gold.char_span(*ent) for ent in ents]
        set_relations(gold, [(spans[head], spans[tail], label) for head, label, tail in relations])
        examples.append(Example(nlp.make_doc(text), gold))
    return examples


def found(doc: Doc, key: str = "luke_relations"):
    return sorted((r.head.start_char, r.label, r.tail.start_char) for r in get_relations(doc, key))


def expected(entry):
    _, ents, relations = entry
    return sorted((ents[head][0], label, ents[tail][0]) for head, label, tail in relations)


def scores_of(doc: Doc, key: str = "luke_relations"):
    return {(r.head.start, r.head.end, r.tail.start, r.tail.end, r.label): r.score for r in get_relations(doc, key)}


def relations_config(path, *, model=(), pairs=(), **settings) -> dict:
    """Config of a `luke_relations` with a private encoder."""
    model = {"@architectures": "spacy_luke.LukeRelations.v1", "encoder": encoder_config(path), **dict(model)}
    getter = {"@misc": "spacy_luke.pair_getter.v1", **dict(pairs)}
    return {"model": model, "get_pairs": getter, **settings}


def trained_on(path, lang="en", data=TRAIN, steps=60, least=0.05, **config):
    """A pipeline that has learnt `data` by heart."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank(lang)
    nlp.add_pipe("luke_relations", config=relations_config(path, **config))
    examples = examples_of(nlp, data)
    nlp.initialize(lambda: examples)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses: dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses)
    assert losses["luke_relations"] < least
    return nlp
