from __future__ import annotations

import pytest
import spacy

from spacy_luke.demo import Demo

from ..joint import joint

NAMES = ("Tokyo", "Japan", "Kyoto", "Ltd", "東京")


def _by_rules(nlp, **where):
    ruler = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True}, **where)
    ruler.add_patterns([{"label": "LOC", "pattern": name} for name in NAMES])


@pytest.fixture(scope="session")
def four(xlmr):
    """A pipeline of all four pipes, not trained; entities by rules."""
    nlp, _ = joint(xlmr)
    nlp.remove_pipe("luke_ner")
    _by_rules(nlp, after="luke")
    return nlp


@pytest.fixture(scope="session")
def trained(trained_linker):
    """A pipeline whose luke_linker has learnt two texts; entities by rules."""
    nlp = spacy.load(trained_linker)
    _by_rules(nlp, first=True)
    return nlp


@pytest.fixture
def linking(trained):
    """A demo of it, with a knowledge base of its own to add to."""
    linker = trained.get_pipe("luke_linker")
    before = linker.kb.to_bytes()
    yield Demo(trained, max_chars=100)
    kb = type(linker.kb)(trained.vocab, 0)
    kb.from_bytes(before)
    linker.kb = kb
