from __future__ import annotations

import numpy as np

from spacy_luke.kb.entity_table import EntityTable


def test_rows_are_writable_copies(tmp_path):
    vectors = np.arange(12, dtype=np.float16).reshape(4, 3)
    table = EntityTable.create(tmp_path / "table.npy", iter([vectors[:1], vectors[1:]]))
    rows = table.rows(np.array([3, 0, 3]))
    assert rows.dtype == np.float32 and rows.tolist() == vectors[[3, 0, 3]].tolist()
    rows += 1
    assert table.rows([3]).tolist() == vectors[[3]].tolist()
