"""Docs with entities, links, relations and types, and a pipeline of one encoder that trains all four."""

from __future__ import annotations

import warnings

import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_relations, set_types

from .linking import memory_kb
from .tiny import encoder_config

LISTENER = {"@architectures": "spacy_luke.LukeListener.v1", "upstream": "*"}
PIPES = {"ner": "luke_ner", "linker": "luke_linker", "relations": "luke_relations", "typing": "luke_typing"}

# text, entities as (start, end, label, kb_id, types), relations as (head, label, tail)
TRAIN = [
    (
        "Tokyo is the capital of Japan",
        [(0, 5, "LOC", "Q1", "place city"), (24, 29, "LOC", "Q3", "place country")],
        [(0, "capital_of", 1)],
    ),
    (
        "John Smith in Tokyo saw Japan",
        [
            (0, 10, "PERSON", "NIL", "person"),
            (14, 19, "LOC", "Q2", "place city"),
            (24, 29, "LOC", "Q4", "place country"),
        ],
        [(0, "saw", 2)],
    ),
]
TRAIN_JA = [
    (
        "東京は日本の首都です。",
        [(0, 2, "LOC", "Q1", "place city"), (3, 5, "LOC", "Q3", "place country")],
        [(0, "capital_of", 1)],
    ),
    (
        "山田さんは東京に行った。",
        [(0, 2, "PERSON", "NIL", "person"), (5, 7, "LOC", "Q2", "place city")],
        [(0, "saw", 1)],
    ),
]


def gold_doc(nlp, text: str, ents, relations) -> Doc:
    doc = nlp.make_doc(text)
    spans = [doc.char_span(start, end, label=label, kb_id=id) for start, end, label, id, _ in ents]
    doc.ents = spans
    set_relations(doc, [(spans[head], spans[tail], label) for head, label, tail in relations], entities=spans)
    set_types(doc, [(span, ent[4].split()) for span, ent in zip(spans, ents)])
    return doc


def examples_of(nlp, data=TRAIN) -> list[Example]:
    """All gold in the reference, none in the predicted Doc."""
    return [Example(nlp.make_doc(row[0]), gold_doc(nlp, *row)) for row in data]


def _add_pipes(nlp, weights=()) -> None:
    """weights: task -> loss_weight."""
    for task, name in PIPES.items():
        weight = {"loss_weight": dict(weights)[task]} if task in dict(weights) else {}
        nlp.add_pipe(name, config={"model": {"encoder": LISTENER}, **weight})


def joint(path, lang: str = "en", data=TRAIN, weights=()):
    """An initialised pipeline of `luke` and four pipes behind it, and its Examples."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank(lang)
    nlp.add_pipe("luke", config={"model": encoder_config(path)})
    _add_pipes(nlp, weights)
    examples = examples_of(nlp, data)
    nlp.get_pipe("luke_linker").set_kb(memory_kb)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what so few Examples lack
        nlp.initialize(lambda: examples)
    return nlp, examples


def train(nlp, examples, steps: int = 1, **settings) -> dict[str, float]:
    """RETURNS: the losses of the last step."""
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer, **settings)
    return losses


def found(doc: Doc) -> dict[str, list]:
    """What the four pipes say of a Doc."""
    types = {(span.start, span.end): sorted(span._.luke_types) for span in doc.ents}
    return {
        "ner": [(e.start_char, e.end_char, e.label_) for e in doc.ents],
        "linker": [(e.start_char, e.kb_id_) for e in doc.ents],
        "relations": sorted((r.head.start_char, r.label, r.tail.start_char) for r in doc._.relations),
        "typing": list(types.values()),
    }


def expected(row) -> dict[str, list]:
    _, ents, relations = row
    return {
        "ner": [ent[:3] for ent in ents],
        "linker": [(ent[0], ent[3]) for ent in ents],
        "relations": sorted((ents[head][0], label, ents[tail][0]) for head, label, tail in relations),
        "typing": [sorted(ent[4].split()) for ent in ents],
    }
