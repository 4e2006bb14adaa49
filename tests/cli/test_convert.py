"""python -m spacy luke convert, on spaCy's own app."""

from __future__ import annotations

import json
import shutil

import pytest
import spacy.cli
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.convert.checkpoint import load_checkpoint

from .. import vocabularies
from ..convert.hf import assert_entities_equal, save_model

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def luke_files(tmp_path_factory):
    path = vocabularies.write_bpe(tmp_path_factory.mktemp("luke"))
    save_model("LukeForMaskedLM", path, entity_vocab_size=5, entity_emb_size=16)
    return path


@pytest.fixture(scope="session")
def bert_files(tmp_path_factory):
    path = vocabularies.write_wordpiece(tmp_path_factory.mktemp("bert"))
    save_model("BertModel", path)
    return path


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", "convert", *map(str, args)])


def test_is_listed():
    assert "convert" in CliRunner().invoke(spacy.cli.app, ["luke", "--help"]).output
    assert "--entity-init" in run("--help").output


def test_luke(luke_files, tmp_path):
    result = run(luke_files, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "5 entity vectors x 16" in result.output
    assert "entity_table.npy" in result.output
    again = load_checkpoint(tmp_path / "out")
    assert again.config == load_checkpoint(luke_files).config


def test_lite(luke_files, tmp_path):
    assert run(luke_files, tmp_path / "full").exit_code == 0
    result = run(luke_files, tmp_path / "lite", "--lite")
    assert result.exit_code == 0 and "entity vectors" not in result.output
    files = ({file.relative_to(tmp_path / name).parts[0] for file in (tmp_path / name).rglob("*")} for name in ("full", "lite"))
    assert set.difference(*files) == {"entity_table.npy", "entity_bias.npy", "entity_vocab"}
    full, lite = (load_checkpoint(tmp_path / name) for name in ("full", "lite"))
    assert lite.entity_vectors is None and lite.entity_vocab() is None
    assert lite.config == full.config and lite.weights.keys() == full.weights.keys()
    assert all(value.equal(full.weights[name]) for name, value in lite.weights.items())


def test_bert_to_hugging_face(bert_files, tmp_path):
    result = run(bert_files, tmp_path / "hf", "--to-hf", "--entity-init", "random")
    assert result.exit_code == 0, result.output
    assert "fresh (random)" in result.output
    model = transformers.LukeModel.from_pretrained(tmp_path / "hf").eval()
    assert_entities_equal(load_checkpoint(tmp_path / "hf"), model)
    assert json.loads((tmp_path / "hf/config.json").read_text())["model_type"] == "luke"


def test_there_and_back(luke_files, tmp_path):
    assert run(luke_files, tmp_path / "out").exit_code == 0
    assert run(tmp_path / "out", tmp_path / "hf", "--to-hf").exit_code == 0
    ours, theirs = load_checkpoint(tmp_path / "hf"), load_checkpoint(luke_files)
    assert all((ours.weights[name] == theirs.weights[name]).all() for name in theirs.weights)


def test_nothing_is_overwritten(bert_files, tmp_path):
    out = tmp_path / "out"
    assert run(bert_files, out).exit_code == 0
    before = (out / "model.safetensors").stat().st_mtime_ns
    result = run(bert_files, out)
    assert result.exit_code == 1
    assert "LK720" in result.output
    assert (out / "model.safetensors").stat().st_mtime_ns == before
    assert run(bert_files, out, "--force").exit_code == 0
    # --force is for what this command wrote, not for anything else
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    result = run(bert_files, tmp_path / "mine", "--force")
    assert result.exit_code == 1
    assert "LK301" in result.output
    assert (tmp_path / "mine/thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda path: shutil.rmtree(path), "LK701"),
        (lambda path: (path / "config.json").write_text('{"model_type": "gpt2"}'), "LK703"),
        (lambda path: (path / "model.safetensors").write_bytes(b"\x00" * 100), "LK705"),
        (lambda path: (path / "vocab.txt").unlink(), "LK202"),
    ],
)
def test_errors_have_a_code_and_no_traceback(bert_files, tmp_path, spoil, code):
    source = shutil.copytree(bert_files, tmp_path / "source")
    spoil(source)
    result = run(source, tmp_path / "out")
    assert result.exit_code == 1
    assert code in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
