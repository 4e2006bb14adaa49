"""One batch ahead: what pipes do on a GPU, here on a CPU."""

from __future__ import annotations

import pytest
import spacy

from spacy_luke.pipeline import base
from spacy_luke.pipeline.ahead import one_ahead

from ..joint import TRAIN, found, joint

TEXTS = [TRAIN[i % 2][0] for i in range(5)] + ["", "Tokyo", " \n", "😀 Kyoto"]


@pytest.fixture(scope="module")
def nlp(xlmr):
    return joint(xlmr)[0]


@pytest.fixture
def ahead(monkeypatch, nlp):
    """As if all pipes ran on a GPU."""
    monkeypatch.setattr(base, "CupyOps", object)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_same_docs_in_the_same_order(nlp, monkeypatch, batch_size):
    expected = [(doc.text, found(doc)) for doc in nlp.pipe(TEXTS, batch_size=batch_size)]
    monkeypatch.setattr(base, "CupyOps", object)
    assert [(doc.text, found(doc)) for doc in nlp.pipe(TEXTS, batch_size=batch_size)] == expected
    assert list(nlp.pipe([])) == []


@pytest.mark.parametrize("name", ["luke_ner", "luke_relations"])
def test_a_batch_is_begun_before_the_one_before_is_read(nlp, ahead, monkeypatch, name):
    pipe, order = nlp.get_pipe(name), []
    begin = type(pipe).begin

    def noting(self, docs):
        text = docs[0].text
        order.append(f"begin {text}")
        read = begin(self, docs)

        def and_noting():
            order.append(f"read {text}")
            return read()

        return and_noting

    monkeypatch.setattr(type(pipe), "begin", noting)
    with nlp.select_pipes(enable=[name]):
        list(nlp.pipe(["a", "b", "c"], batch_size=1))
    assert order == ["begin a", "begin b", "read a", "begin c", "read b", "read c"]


@pytest.mark.parametrize("step", ["begin", "read"])
def test_an_error_takes_no_other_batch_with_it(nlp, ahead, monkeypatch, step):
    pipe, failed = nlp.get_pipe("luke_ner"), []
    begin = type(pipe).begin

    def breaking(self, docs):
        if docs[0].text != "b":
            return begin(self, docs)
        if step == "begin":
            raise OSError("begin")
        return lambda: {}["read"]

    monkeypatch.setattr(type(pipe), "begin", breaking)
    with nlp.select_pipes(enable=["luke_ner"]):
        stream = nlp.pipe(["a", "b", "c"], batch_size=1)
        assert next(stream).text == "a"
        with pytest.raises(OSError if step == "begin" else KeyError):
            next(stream)
        nlp.set_error_handler(lambda name, pipe, docs, error: failed.append((name, docs[0].text)))
        try:
            assert [doc.text for doc in nlp.pipe(["a", "b", "c"], batch_size=1)] == ["a", "c"]
        finally:
            nlp.set_error_handler(spacy.util.raise_error)
    assert failed == [("luke_ner", "b")]


def test_what_is_there_comes_before_an_error():
    def items():
        yield from "ab"
        raise OSError

    stream = one_ahead(items())
    assert [next(stream), next(stream)] == ["a", "b"]
    with pytest.raises(OSError):
        next(stream)


def test_no_more_than_one_ahead():
    """A stream without end is read as far as it is asked."""
    made = []
    stream = one_ahead(made.append(i) or i for i in range(10**9))
    assert [next(stream) for _ in range(3)] == [0, 1, 2]
    assert made == [0, 1, 2, 3]
