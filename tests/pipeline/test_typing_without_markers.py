"""luke_typing with `markers = false`: all mentions of a window in one pass, the question that luke_linker asks, too."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Span

from spacy_luke.models.encoder import get_shim
from spacy_luke.models.typing import ask

from ..tiny import encoder_config
from .test_ner import ODD
from .test_typing import TRAIN, TRAIN_JA, assert_right, assert_same, gold, labels, make, train, with_mentions

MODEL = {"@architectures": "spacy_luke.LukeTyping.v1", "markers": False}


def _make(path, **settings):
    return make(path, model={**MODEL, "encoder": encoder_config(path)}, **settings)


def _trained(path, steps=60, **settings):
    nlp, examples = _make(path, **settings)
    assert train(nlp, examples, steps)["luke_typing"] < 0.05
    return nlp


@pytest.fixture(scope="module")
def trained(xlmr):
    return _trained(xlmr)


def test_overfits(trained):
    assert_right(trained)


def test_overfits_japanese_sudachi_words(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    assert_right(_trained(xlmr, lang="ja", data=TRAIN_JA), TRAIN_JA)


def test_saved_and_loaded_into_another_pipeline(trained, xlmr_24, tmp_path):
    trained.to_disk(tmp_path)
    other, _ = make(xlmr_24, data=[("a b", [(0, 1, "X Y"), (2, 3, "Z W")])])  # with markers, until it is overwritten
    for loaded in (spacy.load(tmp_path), other.from_disk(tmp_path)):
        for row in TRAIN:
            assert_same(loaded(with_mentions(loaded, *row)), trained(with_mentions(trained, *row)), 1e-6)


def test_one_question_for_all_mentions_and_no_marker_in_it(trained):
    pipe = trained.get_pipe("luke_typing")
    tokenizer = get_shim(pipe.model.get_ref("encoder")).tokenizer
    docs = [with_mentions(trained, *row) for row in TRAIN]
    asked = ask(pipe.model, docs, pipe.predict(docs).mentions)
    assert [len(question.slot_ids) for question in asked.questions] == [2, 2, 1] and asked.n_spans == 5
    assert not any(numpy.isin(q.piece_ids, (tokenizer.ent, tokenizer.ent2)).any() for q in asked.questions)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(trained, text):
    doc = trained.make_doc(text)
    doc.ents = [Span(doc, i, i + 1, "X") for i in range(0, len(doc), max(1, len(doc) // 10)) if not doc[i].is_space]
    doc = trained(doc)
    assert {(s.start, s.end) for s in doc.spans["luke_typing"]} <= {(e.start, e.end) for e in doc.ents}


def test_a_doc_longer_than_the_model(xlmr_24):
    """Windows overlap: a mention is asked once, in the window that shows most around it."""
    text, mentions = "", []
    for part, found in TRAIN * 2:
        mentions += [(len(text) + a, len(text) + b, names) for a, b, names in found]
        text += part + " and "
    nlp, examples = _make(xlmr_24, data=[(text, mentions)])
    pipe = nlp.get_pipe("luke_typing")
    doc = with_mentions(nlp, text, mentions)
    asked = ask(pipe.model, [doc], pipe.predict([doc]).mentions)
    assert sorted(asked.rows[asked.rows >= 0].tolist()) == list(range(10)) and (asked.rows < 0).any()
    train(nlp, examples, 120)
    assert labels(nlp(doc)) == gold(mentions)


def test_neighbours_and_processes_change_nothing(trained, monkeypatch):
    docs = [with_mentions(trained, *row) for row in TRAIN] + [trained.make_doc(text) for text in ODD[:6]]
    alone = [trained(doc.copy()) for doc in docs]

    def copies():
        return [doc.copy() for doc in docs]

    found = [
        list(trained.pipe(copies())),
        list(trained.pipe(copies()[::-1]))[::-1],
        list(trained.pipe(copies(), n_process=2, batch_size=3)),
    ]
    for limit in (1, 12):  # few scores at once, and yet never a Doc in parts: its mentions see each other
        monkeypatch.setattr("spacy_luke.pipeline.entity_typing.MAX_SCORES", limit)
        found.append(list(trained.pipe(copies())))
    for together in found:
        for a, b in zip(alone, together, strict=True):
            assert_same(a, b)


def test_a_mention_sees_the_others(trained):
    """What the faster way costs: types are those of a mention among the others."""
    pipe = trained.get_pipe("luke_typing")
    doc = trained.make_doc(TRAIN[0][0])
    both, alone = (pipe.model.predict(([doc], [numpy.asarray(spans)])) for spans in ([[0, 1], [5, 6]], [[0, 1]]))
    assert abs(both[0] - alone[0]).max() > 1e-3
