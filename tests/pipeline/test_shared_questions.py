"""luke_linker and a luke_typing without markers ask the same of one encoder: it answers once."""

from __future__ import annotations

import pickle

import pytest
import spacy

from spacy_luke.layers import encoder as encoder_layer
from spacy_luke.layers import shared

from ..joint import LISTENER, TRAIN, examples_of, expected, found
from ..linking import memory_kb
from ..tiny import encoder_config

MODEL = {"@architectures": "spacy_luke.LukeTyping.v1", "encoder": LISTENER}


def _make(path, names=("luke_linker", "luke_typing"), markers=False):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(path)})
    configs = {"luke_linker": {"model": {"encoder": LISTENER}}, "luke_typing": {"model": {**MODEL, "markers": markers}}}
    for name in names:
        nlp.add_pipe(name, config=configs[name])
    examples = examples_of(nlp)
    nlp.get_pipe("luke_linker").set_kb(memory_kb)
    nlp.initialize(lambda: examples)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(60):
        losses = nlp.update(examples, sgd=optimizer)
    assert max(losses.values()) < 0.1, losses
    return nlp


@pytest.fixture(scope="module")
def trained(xlmr):
    return _make(xlmr)


@pytest.fixture
def nlp(trained):
    trained.get_pipe("luke").model.shims[0].answers = shared.Answers()
    return trained


@pytest.fixture
def asked(monkeypatch):
    """The questions that the encoder computes."""
    questions: list = []
    predict = encoder_layer.predict_packed

    def counted(model, batch):
        questions.extend(batch)
        return predict(model, batch)

    monkeypatch.setattr(encoder_layer, "predict_packed", counted)
    return questions


def _docs(nlp, rows=TRAIN):
    docs = [nlp.make_doc(row[0]) for row in rows]
    for doc, row in zip(docs, rows):
        doc.ents = [doc.char_span(*ent[:3]) for ent in row[1]]
    return docs


def _types(docs):
    return [
        {(s.start, s.end, s.label_): p for s, p in zip(g, g.attrs["scores"])}
        for g in (d.spans["luke_typing"] for d in docs)
    ]


def _answers(nlp):
    return nlp.get_pipe("luke").model.shims[0].answers


def _assert_all_right(docs):
    for doc, row in zip(docs, TRAIN, strict=True):
        assert {task: found(doc)[task] for task in ("linker", "typing")} == {
            task: expected(row)[task] for task in ("linker", "typing")
        }


def test_the_second_pipe_asks_nothing(nlp, asked):
    with nlp.select_pipes(disable=["luke_typing"]):
        list(nlp.pipe(_docs(nlp)))
    of_linker = len(asked)
    nlp.get_pipe("luke").model.shims[0].answers = shared.Answers()
    asked.clear()
    docs = list(nlp.pipe(_docs(nlp)))
    assert len(asked) == of_linker >= len(TRAIN) and len(_answers(nlp)) == 0
    _assert_all_right(docs)
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    asked.clear()
    _assert_all_right(again.pipe(_docs(again)))
    assert len(asked) == of_linker


def test_answers_are_those_of_a_pipe_by_itself(nlp):
    together = _types(nlp.pipe(_docs(nlp)))
    with nlp.select_pipes(disable=["luke_linker"]):
        alone = _types(nlp.pipe(_docs(nlp), batch_size=1))
    private = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    private.replace_listeners("luke", "luke_typing", ["model.encoder"])
    for other in (alone, _types(private.pipe(_docs(private)))):
        assert [row.keys() for row in other] == [row.keys() for row in together]
        for a, b in zip(together, other):
            assert a == pytest.approx(b, abs=1e-5)


def test_in_the_other_order(xlmr, asked):
    nlp = _make(xlmr, ("luke_typing", "luke_linker"))
    asked.clear()
    docs = list(nlp.pipe(_docs(nlp)))
    assert asked and len(_answers(nlp)) == 0
    first = [q for q in asked if q.entity_vectors is None]
    assert len(first) == len(TRAIN)
    _assert_all_right(docs)


@pytest.mark.parametrize("names, markers", [(["luke_linker"], False), (["luke_linker", "luke_typing"], True)])
def test_without_company_nothing_is_kept(xlmr, names, markers):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(xlmr)})
    for name in names:
        model = {"encoder": LISTENER, **({"markers": markers} if name == "luke_typing" else {})}
        nlp.add_pipe(name, config={"model": model})
    nlp.get_pipe("luke_linker").set_kb(memory_kb)
    nlp.initialize(lambda: examples_of(nlp))
    list(nlp.pipe(_docs(nlp)))
    assert len(_answers(nlp)) == 0


def test_other_mentions_are_another_question(nlp, asked):
    """luke_linker is told to leave a label out: in that text luke_typing asks by itself."""
    linker = nlp.get_pipe("luke_linker")
    linker.cfg["labels_discard"] = ["PERSON"]
    try:
        docs = list(nlp.pipe(_docs(nlp)))
    finally:
        linker.cfg["labels_discard"] = []
    first = [len(q.slot_ids) for q in asked if q.entity_vectors is None]
    assert sorted(first) == [2, 2, 3]
    assert [found(doc)["typing"] for doc in docs] == [expected(row)["typing"] for row in TRAIN]


def test_weights_that_changed_make_answers_stale(nlp):
    copy = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    with copy.select_pipes(disable=["luke_typing"]):
        list(copy.pipe(_docs(copy)))
    assert len(_answers(copy)) == len(TRAIN)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    copy.update(examples_of(copy), sgd=optimizer)
    copy.update(examples_of(copy), sgd=optimizer)
    assert len(_answers(copy)) == 0


def test_they_do_not_travel_and_are_bounded(nlp, monkeypatch):
    with nlp.select_pipes(disable=["luke_typing"]):
        list(nlp.pipe(_docs(nlp)))
        assert len(_answers(nlp)) == 2
        assert len(pickle.loads(pickle.dumps(nlp.get_pipe("luke"))).model.shims[0].answers) == 0
        monkeypatch.setattr(shared, "MAX_BYTES", 1)
        list(nlp.pipe(_docs(nlp)))
        assert len(_answers(nlp)) == 0
    _assert_all_right(nlp.pipe(_docs(nlp), n_process=2, batch_size=1))


def test_two_docs_of_one_text(nlp):
    """The second of them finds no answer any more, and is answered all the same."""
    docs = list(nlp.pipe([*_docs(nlp), *_docs(nlp)]))
    for doc, same in zip(docs[:2], docs[2:]):
        a, b = _types([doc, same])
        assert a == pytest.approx(b, abs=1e-5)
    assert len(_answers(nlp)) == 0 and _answers(nlp)._n_bytes == 0


def test_more_than_fits_is_asked_twice(nlp, asked, monkeypatch):
    """Room for one answer: that of the last Doc waits, and the first is asked again, without pushing it out."""
    with nlp.select_pipes(disable=["luke_typing"]):
        list(nlp.pipe(_docs(nlp)[1:]))
    monkeypatch.setattr(shared, "MAX_BYTES", _answers(nlp)._n_bytes)
    nlp.get_pipe("luke").model.shims[0].answers = shared.Answers()
    asked.clear()
    _assert_all_right(nlp.pipe(_docs(nlp)))
    assert [len(q.slot_ids) for q in asked if q.entity_vectors is None].count(2) == 2
    assert [len(q.slot_ids) for q in asked if q.entity_vectors is None].count(3) == 1
    assert len(_answers(nlp)) == 0
