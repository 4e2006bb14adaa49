"""What tests of linking share: a tiny LUKE with entities, knowledge bases, pipelines, Docs with mentions."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy
from spacy.kb import InMemoryLookupKB
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.kb import MMapKB

from .convert.hf import save_model
from .tiny import encoder_config
from .vocabularies import write_bpe, write_json

SPECIAL = ["[PAD]", "[UNK]", "[MASK]", "[MASK2]"]
WIDTH = 16  # of the vectors of the tiny LUKE; those of a tiny XLM-R turned into one are 32 wide

# alias -> ids and priors
PRIORS = {
    "Tokyo": (["Q1", "Q2"], [0.6, 0.4]),
    "Japan": (["Q3", "Q4"], [0.5, 0.5]),
    "東京": (["Q1", "Q2"], [0.6, 0.4]),
    "日本": (["Q3", "Q4"], [0.5, 0.5]),
}
IDS = ["Q1", "Q2", "Q3", "Q4"]

# What the linker of the fixture `trained_linker` has learnt.
TEXTS = [
    ("Tokyo is the capital of Japan", [(0, 5, "LOC", "Q1"), (24, 29, "LOC", "Q3")]),
    ("Tokyo lazy dog Japan jumps", [(0, 5, "LOC", "Q2"), (15, 20, "LOC", "Q4")]),
]


def write_luke(path: Path, n_entities: int = 20, max_pieces: int = 100, **config):
    """A LUKE of random weights in `path`, entities E0, E1 ... behind the special ones.
    RETURNS: the LukeForMaskedLM of transformers."""
    write_bpe(path)
    names = [*SPECIAL, *(f"E{i}" for i in range(n_entities))]
    write_json(path / "entity_vocab.json", {name: row for row, name in enumerate(names)})
    sizes = {"entity_vocab_size": len(names), "entity_emb_size": WIDTH, "max_position_embeddings": max_pieces + 2}
    model = save_model("LukeForMaskedLM", path, **sizes, **config)
    for name, parameter in model.named_parameters():  # so that slots look at each other
        if "LayerNorm.weight" in name:
            parameter.data += 1.0
        if "query" in name or "key" in name:
            parameter.data *= 2.0
    model.save_pretrained(path)
    return model


def memory_kb(vocab, ids=IDS, priors=PRIORS, width: int = 32, vectors=None) -> MMapKB:
    """A knowledge base of the aliases in `priors`. vectors (ids, width): random ones if None."""
    kb = MMapKB(vocab, width)
    if vectors is None:
        vectors = numpy.random.default_rng(0).normal(size=(len(ids), width))
    kb.add_entities([{"id": id, "vector": vector.tolist()} for id, vector in zip(ids, vectors)])
    kb.add_aliases([{"alias": alias, "entities": names, "priors": p} for alias, (names, p) in priors.items()])
    return kb


def spacy_kb(vocab, ids=IDS, priors=PRIORS, width: int = 32) -> InMemoryLookupKB:
    """The same as spaCy's own knowledge base."""
    kb = InMemoryLookupKB(vocab, width)
    vectors = numpy.random.default_rng(0).normal(size=(len(ids), width))
    kb.set_entities(ids, [1] * len(ids), vectors.tolist())
    for alias, (names, p) in priors.items():
        kb.add_alias(alias, names, p)
    return kb


def add_linker(nlp, path, examples=(), *, kb=memory_kb, name: str = "luke_linker", model=None, **config):
    """`nlp` with an initialised luke_linker."""
    model = {"encoder": encoder_config(path)} if model is None else model
    linker = nlp.add_pipe("luke_linker", name=name, config={"model": model, **config})
    examples = examples or [Example(nlp.make_doc("a"), nlp.make_doc("a"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what the examples lack
        linker.initialize(lambda: examples, nlp=nlp, kb_loader=kb)
    return linker


def train(nlp, examples, steps: int, rate: float) -> None:
    optimizer = nlp.resume_training()
    optimizer.learn_rate = rate
    for _ in range(steps):
        nlp.update([Example(eg.predicted.copy(), eg.reference) for eg in examples], sgd=optimizer)


def doc_with(nlp, text: str, ents) -> Doc:
    """ents: (first character, one past the last, label, kb_id or nothing)."""
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(start, end, label=label, kb_id=id) for start, end, label, id in ents]
    return doc


def example(nlp, text: str, ents) -> Example:
    """Gold mentions on both sides, links in the reference only."""
    return Example(doc_with(nlp, text, [(*e[:3], "") for e in ents]), doc_with(nlp, text, ents))


def words_doc(nlp, words: list[str], spans, key: str | None = None) -> Doc:
    """spans: (first word, one past the last) of the mentions, as entities or, with `key`, as a span group."""
    doc = Doc(nlp.vocab, words, spaces=[True] * (len(words) - 1) + [False] if words else None)
    mentions = [Span(doc, start, end, label="X") for start, end in spans]
    if key is None:
        doc.ents = mentions
    else:
        doc.spans[key] = mentions
    return doc


def links(doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.kb_id_) for ent in doc.ents]


def answers(doc, key: str = "luke_linker") -> dict[tuple[int, int], dict[str, float]]:
    """Mention -> the probability of each id and of NIL."""
    group = doc.spans[key]
    rows = zip(group, group.attrs["candidates"], group.attrs["scores"], group.attrs["nil"], strict=True)
    return {(s.start, s.end): {**dict(zip(ids, p, strict=True)), "NIL": nil} for s, ids, p, nil in rows}
