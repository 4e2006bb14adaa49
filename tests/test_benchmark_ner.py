"""benchmarks/ner_ja on a tiny corpus: every system trains and is scored; the others share its loop (training.py)."""

from __future__ import annotations

import importlib.util
import json
import warnings

import pytest
import spacy
import torch
from spacy.tokens import DocBin

from spacy_luke.convert.checkpoint import load_checkpoint

from .conftest import ROOT

SCRIPT = ROOT / "benchmarks" / "ner_ja" / "run.py"
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="the benchmarks are not part of a distribution")
TEXTS = [
    ("山田さんは東京に行った。", [(0, 2, "PERSON"), (5, 7, "LOC")]),
    ("東京は日本の首都です。", [(0, 2, "LOC"), (3, 5, "LOC")]),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    path, nlp = tmp_path_factory.mktemp("corpus"), spacy.blank("ja")
    docs = [nlp.make_doc(text) for text, _ in TEXTS]
    for doc, (_, ents) in zip(docs, TEXTS):
        doc.ents = [doc.char_span(*ent) for ent in ents]
    for split in ("train", "dev", "test"):
        DocBin(docs=docs).to_disk(path / f"{split}.spacy")
    return path


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("benchmark_ner_run", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.parametrize(
    "system, options, proposals",
    [
        ("luke", ["--tune"], ["all", "tuned"]),
        ("luke", ["--proposals", "2", "9"], [2.0, 9.0]),
        ("spacy-ner", [], [None]),
        ("spacy-tagger", [], [None]),
    ],
)
def test_every_system_learns(main, corpus, xlmr, tmp_path, system, options, proposals):
    if system != "luke":
        pytest.importorskip("spacy_transformers", reason="the peer is spacy-transformers")
    settings = "--rate 0.003 --head-rate 0.02 --batch 2 --steps 60 --dtype float32 --output".split()
    out = tmp_path / "out.jsonl"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = main([str(arg) for arg in (corpus, xlmr, "--system", system, *options, *settings, out)])
    assert [json.loads(line) for line in out.read_text(encoding="utf8").splitlines()] == rows
    assert [row["proposals"] for row in rows] == proposals
    assert {row["system"] for row in rows} == {system} and rows[0]["steps"] == 60 and rows[0]["sentences"] == 2
    assert rows[-1]["f"] > 60.0


def test_a_budget_of_processor_time(main, corpus, xlmr):
    [row] = main([str(corpus), str(xlmr), "--system", "luke", "--rate", "1e-3", "--budget", "0.5", "--dtype", "float32"])
    assert 0 < row["train_cpu_s"] + 1 <= 5 and row["steps"] > 0 and row["settings"]["budget"] == 0.5


def test_only_the_encoder_of_luke_is_kept(main, corpus, xlmr, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(corpus), str(xlmr), "--system", "spacy-ner", "--rate", "1", "--save-encoder", str(tmp_path)])
    assert "--save-encoder is for --system luke" in capsys.readouterr().err


def test_a_trained_encoder_goes_on_as_a_checkpoint(main, corpus, xlmr, tmp_path):
    settings = "--system luke --rate 0.003 --batch 2 --steps 2 --dtype float32".split()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main([*map(str, (corpus, xlmr)), *settings, "--view", "full", "--save-encoder", str(tmp_path / "encoder")])
        for view in ("full", "words"):
            (row,) = main([*map(str, (corpus, tmp_path / "encoder")), *settings, "--view", view])
            assert row["settings"]["view"] == view and row["steps"] == 2
    before, after = load_checkpoint(xlmr), load_checkpoint(tmp_path / "encoder")
    assert after.config.entities_pretrained and not before.config.entities_pretrained
    name = "encoder.layer.0.attention.self.e2w_query.weight"
    assert not torch.equal(before.weights[name], after.weights[name])
