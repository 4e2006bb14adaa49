"""The benchmarks of speed on tiny sizes: they run, and what they compare is equal."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example

from .conftest import ROOT
from .tiny import ner_config

FOLDER = ROOT / "benchmarks" / "speed"
TINY = "--size tiny --sentences 4 --words 3 6 --rounds 1".split()
SCRIPTS = {"ner": 11, "questions": 10, "train": 5, "encoding": 20, "growth": 9}  # rows of each table
MORE = {"growth": "--lengths 20 60 --pieces 64".split()}


@pytest.mark.parametrize("script, systems", SCRIPTS.items())
def test_runs_and_agrees(script, systems, tmp_path, capsys):
    pytest.importorskip("transformers", reason="the peer is transformers")
    if script == "encoding":
        pytest.importorskip("sudachipy", reason="its Japanese words")
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks are not part of a distribution")
    written = _run(script, [*TINY, *MORE.get(script, [])], tmp_path / "out.json")
    assert len(written["rows"]) == systems
    assert capsys.readouterr().out.count("\n| ") == systems
    assert written["where"]["torch"] and written["where"]["threads"] == 1


@pytest.fixture
def saved(xlmr, tmp_path) -> list[str]:
    """A pipeline and its texts, as arguments."""
    pytest.importorskip("transformers", reason="its version is part of every table")
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks are not part of a distribution")
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    examples = [Example.from_dict(nlp.make_doc("Tokyo is old"), {"entities": [(0, 5, "LOC")]})]
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=[eg.reference for eg in examples] * 3).to_disk(tmp_path / "dev.spacy")
    return [str(tmp_path / "pipeline"), str(tmp_path / "dev.spacy"), "--sentences", "2", "--rounds", "1"]


def test_dtypes_of_a_trained_pipeline(saved, tmp_path):
    rows = _run("dtypes", saved, tmp_path / "out.json")["rows"]
    assert [row["dtype"] for row in rows] == ["float32", "bfloat16", "int8"]
    assert rows[0]["same label"] == "100.000 %"
    assert {row["spans asked"] for row in rows} == {12}  # two Docs of three words, spans of up to three


def test_where_the_time_of_a_trained_pipeline_goes(saved, tmp_path):
    (row,) = _run("where", saved, tmp_path / "out.json")["rows"]
    shares = [float(row[name].rstrip(" %")) for name in ("encoder", "spaCy's tokenizer", "all else")]
    assert row["pipe"] == "luke_ner" and all(0 <= share <= 100 for share in shares) and shares[0] > 0
    assert sum(shares) == pytest.approx(100, abs=2)


def _run(script: str, arguments: list[str], output: Path) -> dict:
    """Call main of a script. RETURNS: what it writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location(f"benchmark_speed_{script}", FOLDER / f"{script}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.main([*arguments, "--output", str(output)]) == 0
    return json.loads(output.read_text(encoding="utf8"))
