"""Entities of a knowledge base find their rows in a LUKE's entity table."""

from __future__ import annotations

from types import SimpleNamespace

import numpy
import pytest

from spacy_luke.kb.entity_vocab import EntityVocab
from spacy_luke.pipeline.table_rows import BY_ID, BY_LABEL, BY_QID, Claims, TableRows, settle

from ..vocabularies import write_json

MLUKE = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "en:Tokyo": 3, "ja:東京": 3, "en:Japan": 4, "de:Japan": 5, "en:E: 1": 6}
LUKE = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "Tokyo": 3, "E: 1": 4}


def table(path, names, qids=None) -> TableRows:
    write_json(path / "entity_vocab.json", names)
    if qids:
        (path / "qids.tsv").write_text(qids, encoding="utf8")
    vocab = EntityVocab.from_file(path / "entity_vocab.json", qids and path / "qids.tsv")
    vectors = numpy.arange(2 * len(names), dtype="float16").reshape(-1, 2)
    return TableRows(SimpleNamespace(entity_vectors=vectors, entity_bias=None, entity_vocab=lambda: vocab))


@pytest.mark.parametrize(
    "id, labels, row, kind",
    [
        ("Q1", {"en": "Tokyo"}, 3, BY_LABEL),
        ("Q1", {"ja": "東京"}, 3, BY_LABEL),
        ("Q1", {"fr": "Tokyo"}, -1, None),  # may be something else in another language
        ("Q1", {"fr": "Tokio", "de": "Japan", "en": "Japan"}, 5, BY_LABEL),
        ("ja:東京", {}, 3, BY_ID),
        ("de:Japan", {"en": "Japan"}, 5, BY_ID),
        ("en:E: 1", {}, 6, BY_ID),
        ("mine", {}, -1, None),
    ],
)
def test_titles_have_languages(tmp_path, id, labels, row, kind):
    found = table(tmp_path, MLUKE).claim([id], [{"labels": labels}])
    assert found.rows.tolist() == [row]
    assert kind is None or found.kinds.tolist() == [kind]


@pytest.mark.parametrize("id, labels, row", [("Q1", {"fr": "Tokyo"}, 3), ("en:E: 1", {}, 4), ("E: 1", {}, -1)])
def test_a_plain_vocabulary_has_none(tmp_path, id, labels, row):
    assert table(tmp_path, LUKE).claim([id], [{"labels": labels}]).rows.tolist() == [row]


def test_where_there_are_qids_they_decide(tmp_path):
    rows = table(tmp_path, MLUKE, "Q17\ten\tJapan\nQ1490\tja\t東京\n")
    ids = ["Q17", "Q1490", "Q999", "Q" + "9" * 30, "Q", "mine"]
    labels = [{}, {"en": "Japan"}, {"en": "Japan"}, {}, {"en": "Japan"}, {"en": "Tokyo"}]
    found = rows.claim(ids, [{"labels": label} for label in labels])
    assert found.rows.tolist() == [4, 3, -1, -1, 4, 3]
    assert found.kinds[[0, 1, 4]].tolist() == [BY_QID, BY_QID, BY_LABEL]


def test_rows_and_biases(tmp_path):
    rows = table(tmp_path, LUKE)
    assert rows.vectors(numpy.asarray([3, 1])).tolist() == [[6, 7], [2, 3]]
    assert rows.biases(numpy.asarray([3, 1])).tolist() == [0, 0]


def test_a_row_goes_to_one_entity():
    """The surest claim, then the most popular, then the first."""
    claims = Claims(numpy.asarray([7, 7, -1, 5, 5, 5, -1, 9, 9]), numpy.asarray([2, 1, 2, 2, 2, 2, 2, 2, 2]))
    counts = numpy.asarray([50, 1, 0, 3, 8, 8, 0, -1, -1])
    assert settle(claims, counts).tolist() == [-1, 7, -1, -1, 5, -1, -1, 9, -1]


def test_nothing_to_settle():
    nothing = numpy.zeros(0, dtype="int64")
    assert settle(Claims(nothing, nothing), nothing).tolist() == []
