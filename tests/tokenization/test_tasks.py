"""Ids and entity positions equal to the tokenizers of transformers, for all their tasks."""

from __future__ import annotations

import numpy
import pytest

from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.tokenization.tasks import encode_task, surround

from ..vocabularies import TEXTS

TASKS = [None, "entity_classification", "entity_pair_classification", "entity_span_classification"]


@pytest.fixture(scope="module")
def luke(bpe):
    from transformers import LukeTokenizer

    return PieceTokenizer.from_directory(bpe), lambda task: LukeTokenizer.from_pretrained(bpe, task=task)


@pytest.fixture(scope="module")
def mluke(unigram, tmp_path_factory):
    from transformers import MLukeTokenizer

    path = tmp_path_factory.mktemp("mluke")
    # with the ids of <ent> and <ent2>, as published checkpoints have them
    MLukeTokenizer.from_pretrained(unigram).save_pretrained(path)
    return PieceTokenizer.from_directory(path), lambda task: MLukeTokenizer.from_pretrained(path, task=task)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pair", ["luke", "mluke"])
def test_equal_to_transformers(request, pair, task):
    pytest.importorskip("transformers")
    ours, make = request.getfixturevalue(pair)
    theirs = make(task)
    assert (ours.ent, ours.ent2) == tuple(theirs.additional_special_tokens_ids[:2])
    for text, *spans in TEXTS:
        spans = spans[:1] if task == "entity_classification" else spans
        kwargs = {"entities": ["Tokyo", "[MASK]"]} if task is None else {}
        expected = theirs(text, entity_spans=spans, **kwargs)
        ids, slots = encode_task(ours, text, spans, task)
        assert ids.tolist() == expected["input_ids"], text
        assert [list(range(a, b)) for a, b in slots] == [
            [p for p in row if p >= 0] for row in expected["entity_position_ids"]
        ], text


@pytest.mark.parametrize("pair", ["luke", "mluke"])
def test_whole_texts_are_equal(request, pair):
    pytest.importorskip("transformers")
    ours, make = request.getfixturevalue(pair)
    theirs = make(None)
    for text, *_ in TEXTS:
        assert ours.encode([text])[0].ids.tolist() == theirs(text, add_special_tokens=False)["input_ids"], text


@pytest.mark.shared
@pytest.mark.parametrize("task", TASKS[1:])
def test_equal_with_a_real_vocabulary(shared, tmp_path, task):
    transformers = pytest.importorskip("transformers")
    source = shared / "models/multilingual-e5-small-cjk-latin/sentencepiece.bpe.model"
    entities = tmp_path / "entity_vocab.json"
    entities.write_text('{"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}', encoding="utf8")
    transformers.MLukeTokenizer(str(source), str(entities)).save_pretrained(tmp_path)
    theirs = transformers.MLukeTokenizer.from_pretrained(tmp_path, task=task)
    ours = PieceTokenizer.from_directory(tmp_path)
    for text, *spans in TEXTS:
        spans = spans[:1] if task == "entity_classification" else spans
        expected = theirs(text, entity_spans=spans)
        ids, slots = encode_task(ours, text, spans, task)
        assert ids.tolist() == expected["input_ids"], text
        assert [list(range(a, b)) for a, b in slots] == [
            [p for p in row if p >= 0] for row in expected["entity_position_ids"]
        ], text


def test_markers_by_hand():
    # a [b [c] d] e
    ids, slots = surround([10, 11, 12, 13, 14], [(2, 3), (1, 4)], [7, 8], cls=0, sep=2)
    assert ids.tolist() == [0, 10, 8, 11, 7, 12, 7, 13, 8, 14, 2]
    assert slots.tolist() == [[4, 7], [2, 9]]
    # neighbours: the first closes before the second opens
    ids, slots = surround([10, 11], [(1, 2), (0, 1)], [7, 8], cls=0, sep=2)
    assert ids.tolist() == [0, 8, 10, 8, 7, 11, 7, 2]
    assert slots.tolist() == [[4, 7], [1, 4]]
    # the same span twice, and a mention without pieces
    ids, slots = surround([10], [(0, 1), (0, 1), (1, 1)], [7, 8, 9], cls=0, sep=2)
    assert ids.tolist() == [0, 7, 8, 10, 8, 7, 9, 9, 2]
    assert slots.tolist() == [[1, 6], [2, 5], [6, 8]]


def test_no_markers():
    ids, slots = surround(numpy.asarray([10, 11]), [(1, 2)], [], cls=0, sep=2)
    assert (ids.tolist(), slots.tolist()) == ([0, 10, 11, 2], [[2, 3]])


def test_errors(bpe, wordpiece):
    tokenizer = PieceTokenizer.from_directory(bpe)
    with pytest.raises(ValueError, match="LK207.*1 spans.*2 for"):
        encode_task(tokenizer, "Tokyo", [(0, 5)], "entity_pair_classification")
    with pytest.raises(ValueError, match=r"LK207.*\(0, 6\)"):
        encode_task(tokenizer, "Tokyo", [(0, 6)], "entity_classification")
    with pytest.raises(ValueError, match="LK208.*<ent>"):
        encode_task(PieceTokenizer.from_directory(wordpiece), "Tokyo", [(0, 5)], "entity_classification")
