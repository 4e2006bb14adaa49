"""benchmarks/joint: one pipeline of four pipes, four pipelines of one, both scored and measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from .conftest import ROOT
from .joint import TRAIN, gold_doc
from .linking import memory_kb

SCRIPT = ROOT / "benchmarks" / "joint" / "run.py"
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="benchmarks/ is not part of the wheel")
pytest.importorskip("sudachipy", reason="configs/xx.cfg has its words from spacy-luke[ja]")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus")
    nlp = spacy.blank("en")
    for name in ("xx_mixed", "xx_test"):
        DocBin(docs=[gold_doc(nlp, *row) for row in TRAIN]).to_disk(path / f"{name}.spacy")
    memory_kb(spacy.blank("xx").vocab).to_disk(path / "kb")
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("system", ["joint", "separate"])
def test_trained_and_scored(corpus, xlmr, tmp_path, system):
    spec = importlib.util.spec_from_file_location("benchmarks_joint", SCRIPT)
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    paths = [corpus, xlmr, corpus / "kb", tmp_path / system]
    rates = ["--rate", "0.003", "--head-rate", "0.02", "--dtype", "float32"]
    trained = run.main([str(part) for part in ("train", system, *paths, "--steps", 60, *rates)])["trained"]
    assert [row["steps"] for row in trained.values()] == [60] * (1 if system == "joint" else 4)
    row = run.main(["score", str(tmp_path / system), str(corpus)])
    assert row["docs"] == 2 and row["mb_on_disk"] >= 0 and row["docs_per_cpu_s"] > 0
    assert [row[name] for name in run.SCORES] == [100.0] * 4
