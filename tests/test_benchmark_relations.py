"""The benchmark of relations on tiny files: every system trains, is scored, and says what it did."""

from __future__ import annotations

import importlib.util
import json
import warnings

import pytest

from .conftest import ROOT

FOLDER = ROOT / "benchmarks" / "relations"
KBP37 = """0\t" <e1> Ada </e1> founded <e2> Acme </e2> in Kyoto . "
org:founded_by(e2,e1)

1\t" <e1> Acme </e1> is in <e2> Kyoto </e2> . "
org:city_of_headquarters(e1,e2)

2\t" <e1> Ada </e1> met <e2> Bob </e2> . "
no_relation

"""
JACRED = [
    {
        "title": "Ada",
        "sents": [["Ada", "founded", "Acme"], ["Acme", "is", "in", "Kyoto"]],
        "vertexSet": [
            [{"name": "Ada", "sent_id": 0, "pos": [0, 1], "type": "PER"}],
            [{"name": "Acme", "sent_id": 0, "pos": [2, 3], "type": "ORG"}],
            [{"name": "Kyoto", "sent_id": 1, "pos": [3, 4], "type": "LOC"}],
        ],
        "labels": [{"h": 1, "t": 0, "r": "P112"}, {"h": 1, "t": 2, "r": "P159"}],
    },
    # nothing to ask
    {"title": "Bob", "sents": [["Bob", "sleeps"]], "vertexSet": [[{"name": "Bob", "sent_id": 0, "pos": [0, 1], "type": "PER"}]], "labels": []},
]


@pytest.fixture(scope="module")
def main():
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks are not part of a distribution")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location("benchmark_relations_run", FOLDER / "run.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module.main


@pytest.mark.parametrize("system", ["luke", "luke-words", "mean-pooling"])
@pytest.mark.parametrize("corpus", ["kbp37", "jacred"])
def test_every_system_learns(main, xlmr, tmp_path, corpus, system):
    """By heart, from a few texts."""
    if system == "mean-pooling":
        pytest.importorskip("spacy_transformers", reason="the peer is spacy-transformers")
    path = tmp_path / "train"
    path.write_text(KBP37 if corpus == "kbp37" else json.dumps(JACRED), encoding="utf8")
    settings = "--rate 0.003 --head-rate 0.02 --batch 3 --steps 40 --dtype float32".split()
    files = ["--train", path, "--test", path, path, "--output", tmp_path / "out.jsonl"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        rows = main([str(arg) for arg in (corpus, xlmr, "--system", system, *files, *settings)])
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf8").splitlines()] == rows
    assert len(rows) == 2 and rows[0]["system"] == system and rows[0]["texts"] == (3 if corpus == "kbp37" else len(JACRED))
    assert rows[0]["rel_directed_macro_f" if corpus == "kbp37" else "rel_micro_f"] > 60.0
