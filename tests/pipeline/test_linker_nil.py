"""Where luke_linker starts to say NIL."""

from __future__ import annotations

import math

import numpy
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from ..linking import add_linker, memory_kb, words_doc, write_luke

WORDS = ["Tokyo", "Japan", "nowhere", "Tokyo"]


def _start(path, links, kb=memory_kb):
    """The NIL bias behind `initialize` on one Doc with these links of its words, "" = no mention."""
    nlp = spacy.blank("en")
    gold = words_doc(nlp, WORDS, [])
    gold.ents = [Span(gold, i, i + 1, label="X", kb_id=link) for i, link in enumerate(links) if link]
    linker = add_linker(nlp, path, [Example(words_doc(nlp, WORDS, []), gold)], kb=kb)
    return float(linker.model.get_ref("candidate_scores").get_param("b")[0])


@pytest.mark.parametrize(
    "links, nil, decided",
    [
        (["Q1", "Q3", "NIL", "NIL"], 1, 3),  # "nowhere" has no candidates: nothing is decided there
        (["Q1", "Q3", "", "Q2"], 0, 3),
        (["NIL", "NIL", "", "NIL"], 3, 3),
        (["Q4711", "NIL", "", "Q1"], 1, 2),  # Q4711 is no candidate of Tokyo
        (["", "", "", ""], 0, 0),
    ],
)
def test_as_often_as_in_the_training_data(xlmr, links, nil, decided):
    share = (nil + 0.5) / (decided + 1)
    assert _start(xlmr, links) == pytest.approx(math.log(share / (1 - share)), abs=1e-6)


def test_one_candidate_that_says_nothing_is_as_probable_as_the_others_were(xlmr):
    nlp = spacy.blank("en")
    gold = words_doc(nlp, WORDS, [])
    gold.ents = [Span(gold, 0, 1, label="X", kb_id="Q1"), Span(gold, 1, 2, label="X", kb_id="Q3")]
    priors = {"Tokyo": (["Q1"], [1.0]), "Japan": (["Q3"], [1.0])}
    no_vectors = numpy.zeros((2, 32))
    linker = add_linker(
        nlp,
        xlmr,
        [Example(words_doc(nlp, WORDS, []), gold)],
        kb=lambda vocab: memory_kb(vocab, ["Q1", "Q3"], priors, vectors=no_vectors),
    )
    doc = linker(words_doc(nlp, WORDS, [(0, 1)]))
    assert doc[0].ent_kb_id_ == "Q1"
    assert doc.spans["luke_linker"].attrs["nil"] == [pytest.approx(0.5 / 3, abs=1e-5)]


def test_a_pretrained_head_has_another_scale(tmp_path):
    write_luke(tmp_path)
    kb = lambda vocab: memory_kb(vocab, width=16)  # noqa: E731
    assert _start(tmp_path, ["Q1", "Q3", "NIL", "NIL"], kb) == 0.0
