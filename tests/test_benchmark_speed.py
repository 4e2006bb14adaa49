"""The benchmarks of speed on tiny sizes: they run, and what they compare is equal."""

from __future__ import annotations

import importlib.util
import json

import pytest

from .conftest import ROOT

FOLDER = ROOT / "benchmarks" / "speed"
TINY = "--size tiny --sentences 4 --words 3 6 --rounds 1".split()
SCRIPTS = {"ner": 8, "questions": 10, "train": 5, "encoding": 20, "growth": 9}  # rows of each table
MORE = {"growth": "--lengths 20 60 --pieces 64".split()}


@pytest.mark.parametrize("script, systems", SCRIPTS.items())
def test_runs_and_agrees(script, systems, tmp_path, capsys):
    pytest.importorskip("transformers", reason="the peer is transformers")
    if script == "encoding":
        pytest.importorskip("sudachipy", reason="its Japanese words")
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks are not part of a distribution")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location(f"benchmark_speed_{script}", FOLDER / f"{script}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.main([*TINY, *MORE.get(script, []), "--output", str(tmp_path / "out.json")]) == 0
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf8"))
    assert len(written["rows"]) == systems
    assert capsys.readouterr().out.count("\n| ") == systems
    assert written["where"]["torch"] and written["where"]["threads"] == 1
