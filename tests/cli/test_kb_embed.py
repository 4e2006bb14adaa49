"""python -m spacy luke kb embed, on spaCy's own app."""

from __future__ import annotations

import pytest
import spacy.cli
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.kb import MMapKB
from spacy_luke.kb.build import build_kb
from spacy_luke.pipeline import embed_kb as module


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", "kb", "embed", *map(str, args)])


@pytest.fixture
def path(tmp_path):
    build_kb(tmp_path / "kb", [{"id": "a", "labels": {"en": "Tokyo"}}, {"id": "b", "labels": {"en": "Kyoto"}}, {"id": "c"}])
    return tmp_path / "kb"


def test_it_says_what_came_from_where(xlmr, path):
    result = run(path, xlmr)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "0 of 3 vectors are from the entity table, 2 computed from descriptions" in said
    assert "1 entities have no label" in said
    assert MMapKB.open(Vocab(), path).has_vectors(range(3)).tolist() == [True, True, False]


def test_what_is_refused_is_said(monkeypatch, xlmr, path, tmp_path):
    result = run(path, tmp_path)
    assert result.exit_code == 1 and "LK702" in result.output
    assert run(tmp_path / "nowhere", xlmr).exit_code == 2
    (tmp_path / "blank").mkdir()
    spacy.blank("xx").to_disk(tmp_path / "blank")
    assert "LK516" in run(path, tmp_path / "blank").output

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(module, "set_vectors", full)
    result = run(path, xlmr)
    assert result.exit_code == 1 and "No space left" in result.output
    assert MMapKB.open(Vocab(), path).entity_vector_length == 0
    monkeypatch.undo()
    assert run(path, xlmr).exit_code == 0
