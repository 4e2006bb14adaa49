"""A trained pipeline of four pipes with all that `luke release` asks for."""

from __future__ import annotations

from pathlib import Path

import srsly

from spacy_luke.kb import MMapKB

from .joint import TRAIN_JA, joint, train
from .linking import memory_kb
from .tiny import write_xlmr

CARD = {
    "name": "tiny",
    "description": "Knows two sentences.",
    "license": "CC BY-SA 4.0",
    "license_file": "terms.txt",
    "author": "somebody",
    "sources": [
        {"name": "a tiny encoder", "used_for": "encoder", "license": "MIT"},
        {"name": "two | sentences", "used_for": "training", "license": "CC0", "url": "https://example.org/two"},
    ],
    "limits": ["All but two sentences."],
    "machine": "two cores",
    "examples": [row[0] for row in TRAIN_JA],
}
SCORES = {"ents_p": 1.0, "ents_r": 0.5, "ents_f": 0.6667, "sents_f": None, "speed": 1234.5}


def make_folder(folder: Path) -> Path:
    """In `folder`: model, card.yml, scores.json and what they need."""
    nlp, examples = joint(write_xlmr(folder / "encoder"), "ja", TRAIN_JA)
    train(nlp, examples, 60)
    memory_kb(nlp.vocab).to_disk(folder / "kb")
    nlp.get_pipe("luke_linker").kb = MMapKB.open(nlp.vocab, folder / "kb")
    nlp.to_disk(folder / "model")
    srsly.write_yaml(folder / "card.yml", CARD)
    srsly.write_json(folder / "scores.json", SCORES)
    (folder / "terms.txt").write_text("Do good with it.")
    return folder
