from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from spacy_luke.kb import entity_table
from spacy_luke.kb.entity_table import EntityTable

VECTORS = np.random.default_rng(0).normal(size=(7, 3))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("whole", [True, False])
def test_rows(tmp_path, monkeypatch, dtype, whole):
    monkeypatch.setattr(entity_table, "ROWS", 2)
    vectors = VECTORS.astype(dtype)
    table = EntityTable.create(tmp_path / "table.npy", vectors if whole else iter([vectors[:1], vectors[1:]]))
    assert (len(table), table.width, table.dtype) == (7, 3, dtype)
    rows = table.rows(np.array([6, 0, 6]))
    assert rows.dtype == np.float32 and np.array_equal(rows, vectors[[6, 0, 6]].astype(np.float32))
    assert table.rows([]).shape == (0, 3)
    assert np.array_equal(np.load(tmp_path / "table.npy"), vectors)  # the file is NumPy's own format
    assert os.listdir(tmp_path) == ["table.npy"]


def test_rows_are_copies_that_may_be_written_to(tmp_path):
    table = EntityTable.create(tmp_path / "table.npy", VECTORS.astype("float32"))
    rows = table.rows([3])
    rows += 1
    assert np.array_equal(table.rows([3]), VECTORS[[3]].astype("float32"))


def test_a_file_of_numpy_is_a_table(tmp_path):
    np.save(tmp_path / "table.npy", VECTORS.astype("float16"))
    table = pickle.loads(pickle.dumps(EntityTable.open(tmp_path / "table.npy")))
    assert np.array_equal(table.rows(range(7)), VECTORS.astype("float16"))


@pytest.mark.parametrize("ids, bad", [([0, -1], -1), ([7], 7)])
def test_rows_that_are_not_there(tmp_path, ids, bad):
    table = EntityTable.create(tmp_path / "table.npy", VECTORS.astype("float32"))
    with pytest.raises(ValueError, match=f"LK324.*table.npy has 7 rows.*{bad}"):
        table.rows(ids)


@pytest.mark.parametrize(
    "chunks, code",
    [
        (VECTORS, "LK321.*float64"),
        (VECTORS.astype("float32")[0], "LK321.*array.*3,"),
        ([VECTORS.astype("float32"), VECTORS], "LK321.*chunk 1"),
        ([VECTORS.astype("float32"), VECTORS.astype("float16")], "LK322.*float16.*float32"),
        ([VECTORS.astype("float32"), VECTORS.astype("float32")[:, :2]], r"LK322.*1.*\(7, 2\)"),
        ([], "LK323"),
        (VECTORS.astype("float32")[:0], "LK323"),
    ],
)
def test_a_table_that_cannot_be_leaves_the_old_one(tmp_path, chunks, code):
    EntityTable.create(tmp_path / "table.npy", VECTORS.astype("float32"))
    with pytest.raises(ValueError, match=code):
        EntityTable.create(tmp_path / "table.npy", chunks)
    assert len(EntityTable.open(tmp_path / "table.npy")) == 7
    assert os.listdir(tmp_path) == ["table.npy"]


def test_what_is_no_table(tmp_path):
    path = tmp_path / "table.npy"
    with pytest.raises(ValueError, match="LK320.*table.npy"):
        EntityTable.open(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="LK320"):
        EntityTable.open(path)
    np.save(path, VECTORS.astype("float32"))
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size - 1)
    with pytest.raises(ValueError, match="LK320"):
        EntityTable.open(path)
    for wrong in (VECTORS, VECTORS.astype("float32")[0], np.asfortranarray(VECTORS.astype("float32"))):
        np.save(path, wrong)
        with pytest.raises(ValueError, match="LK321"):
            EntityTable.open(path)
