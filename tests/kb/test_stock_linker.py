"""spaCy's own entity_linker on an MMapKB: initialised, trained, saved, and in two processes."""

from __future__ import annotations

import pytest
import spacy
from spacy.training import Example

from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb

TEXTS = [
    ("Japan won the cup final in football.", "Q17"),
    ("Japan recorded an album with synthesizers.", "Q623818"),
    ("The team of Japan plays football.", "Q17"),
    ("The album by Japan has synthesizers.", "Q623818"),
]


def example(nlp, text: str, id: str) -> Example:
    start = text.index("Japan")
    entities = {"entities": [(start, start + 5, "X")], "links": {(start, start + 5): {id: 1.0}}}
    words = nlp.make_doc(text)
    return Example.from_dict(words, {**entities, "sent_starts": [1] + [-1] * (len(words) - 1)})


@pytest.fixture
def trained(tmp_path):
    path = tmp_path / "kb"
    vector = {"Q17": [1.0, 0, 0, 1], "Q623818": [0, 1.0, -1, 0]}
    entities = [{"id": id, "vector": vector[id]} for id in vector]
    build_kb(path, entities, [("Japan", "Q17", 50), ("Japan", "Q623818", 50)])
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    config = {"generate_empty_kb": {"@misc": "spacy_luke.EmptyMMapKB.v1"}, "use_gold_ents": True}
    linker = nlp.add_pipe("entity_linker", config={**config, "incl_prior": False})
    examples = [example(nlp, text, id) for text, id in TEXTS]
    kb_loader = spacy.registry.misc.get("spacy_luke.MMapKB.v1")(path=str(path), carry=True)
    linker.initialize(lambda: examples, nlp=nlp, kb_loader=kb_loader)
    optimizer = nlp.resume_training()
    losses: dict = {}
    for _ in range(40):
        losses = {}
        nlp.update(examples, sgd=optimizer, losses=losses)
    assert losses["entity_linker"] < 0.1
    return nlp


def links(nlp, **more) -> list[str]:
    docs = [example(nlp, text, id).reference for text, id in TEXTS]
    given = [spacy.tokens.Doc(nlp.vocab, [t.text for t in doc], ents=["B-X" if t.ent_type_ else "O" for t in doc]) for doc in docs]
    return [doc.ents[0].kb_id_ for doc in nlp.pipe(given, **more)]


def test_it_learns_saves_and_runs_in_two_processes(trained, tmp_path):
    gold = [id for _, id in TEXTS]
    assert links(trained) == gold
    trained.to_disk(tmp_path / "pipeline")
    (tmp_path / "kb").rename(tmp_path / "away")  # the pipeline carries its own
    loaded = spacy.load(tmp_path / "pipeline")
    assert isinstance(loaded.get_pipe("entity_linker").kb, MMapKB)
    assert links(loaded) == gold
    assert links(loaded, n_process=2) == gold
    loaded.get_pipe("entity_linker").kb.add_entities([{"id": "new", "labels": {"en": "Nippon"}}])
    loaded.to_disk(tmp_path / "pipeline")  # onto itself
    again = spacy.load(tmp_path / "pipeline")
    assert again.get_pipe("entity_linker").kb.contains_alias("Nippon") and links(again) == gold
    copied = spacy.blank("en").from_config(again.config).from_bytes(again.to_bytes())
    assert links(copied) == gold
