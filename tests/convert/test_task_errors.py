"""Which label is "none", and what can be wrong with a fine-tuned checkpoint."""

from __future__ import annotations

import json
import shutil

import numpy
import pytest
import spacy
import torch
from safetensors.torch import load_file, save_file

from spacy_luke.convert.classifier import load_classifier

from ..vocabularies import write_json
from .tasks import run, write

pytest.importorskip("transformers")


@pytest.mark.parametrize(
    "labels, none, first",
    [
        (["PER", "O"], None, "O"),
        (["LABEL_0", "LABEL_1"], None, "LABEL_0"),
        (["LABEL_0", "LABEL_1"], "LABEL_1", "LABEL_1"),
        (["NIL", "nothing"], "nothing", "nothing"),
        (["PER", "N/A"], None, "N/A"),
    ],
)
def test_which_label_is_none(tokenizers, tmp_path, labels, none, first):
    # a name more, since transformers does not write the names of two labels that are LABEL_0 and LABEL_1
    labels = [*labels, "LABEL_2"]
    model, _ = write(tokenizers, tmp_path / "hf", "ner", labels=labels)
    found = load_classifier(tmp_path / "hf", "ner", none)
    order = [labels.index(first), *(i for i, label in enumerate(labels) if label != first)]
    assert (found.none, *found.labels) == tuple(labels[i] for i in order)
    numpy.testing.assert_array_equal(found.W, model.classifier.weight.detach()[order])
    numpy.testing.assert_array_equal(found.b, model.classifier.bias.detach()[order])


@pytest.fixture(scope="module")
def ner_files(tokenizers, tmp_path_factory):
    path = tmp_path_factory.mktemp("ner") / "hf"
    write(tokenizers, path, "ner")
    return path


def _config(**values):
    def change(path):
        config = json.loads((path / "config.json").read_text()) | values
        write_json(path / "config.json", {key: value for key, value in config.items() if value is not None})

    return change


def _weights(change):
    def change_file(path):
        weights = load_file(path / "model.safetensors")
        change(weights)
        save_file(weights, path / "model.safetensors", {"format": "pt"})

    return change_file


def _names(*labels):
    return _config(id2label={str(i): label for i, label in enumerate(labels)})


@pytest.mark.parametrize(
    "spoil, args, message",
    [
        (_weights(lambda w: w.pop("classifier.weight")), (), "LK721"),
        (_weights(lambda w: w.update({"classifier.bias": torch.zeros(3)})), (), "LK722"),
        (_names("NIL", "PER"), (), "LK722"),
        (_config(id2label=None), (), "LK723"),
        (_config(id2label={"0": "NIL", "2": "PER", "3": "ORG", "4": "LOC"}), (), "LK723"),
        (_names("NIL", "PER", "PER", "ORG"), (), "LK723"),
        (_names("NIL", "PER", "", "ORG"), (), "LK723"),
        (_names("LOC", "MISC", "PER", "ORG"), (), "LK724"),
        (_names("O", "NIL", "PER", "ORG"), (), "LK724"),
        (_names("NIL", "MISC", "PER", "ORG"), ("--none", "nil"), "LK724"),
        (_config(architectures=["LukeForTokenClassification"]), (), "LK725"),
        (_config(model_type="roberta", architectures=None), (), "LK725"),
        (_weights(lambda w: w.update({"classifier.weight": torch.zeros(4, 32)})), (), "LK725"),
        (_weights(lambda w: w.pop("classifier.bias")), (), "LK725"),
        (_names("NIL", "MISC", "PER", "ORG"), ("--lang", "zz"), "zz"),
        (_names("NIL", "MISC", "PER", "ORG"), ("--to-hf",), "LK729"),
    ],
)
def test_errors_have_a_code_and_no_traceback(ner_files, tmp_path, spoil, args, message):
    source = shutil.copytree(ner_files, tmp_path / "source")
    spoil(source)
    result = run(source, tmp_path / "out", "--task", "ner", *args)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_more_errors(ner_files, tokenizers, tmp_path):
    result = run(ner_files, tmp_path / "out", "--task", "typing")
    assert "LK725" in result.output and "LukeForEntitySpanClassification" in result.output
    assert "LK726" in run(ner_files, tmp_path / "out", "--task", "typing", "--none", "NIL").output
    assert "LK729" in run(ner_files, tmp_path / "out", "--none", "NIL").output
    assert "LK729" in run(ner_files, tmp_path / "out", "--lang", "en").output
    write(tokenizers, tmp_path / "one", "ner", labels=["NIL"])
    assert "LK727" in run(tmp_path / "one", tmp_path / "out", "--task", "ner").output
    with pytest.raises(ValueError, match="LK728.*nel"):
        load_classifier(ner_files, "nel")


def test_nothing_is_overwritten(ner_files, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    assert "LK720" in run(ner_files, tmp_path / "mine", "--task", "ner").output
    assert "LK301" in run(ner_files, tmp_path / "mine", "--task", "ner", "--force").output
    assert (tmp_path / "mine/thesis.txt").read_text() == "years of work"
    for args in ((), ("--force",)):
        result = run(ner_files, tmp_path / "out", "--task", "ner", *args)
        assert result.exit_code == 0, result.output
        assert "NIL is taken as" in result.output
    assert spacy.load(tmp_path / "out").pipe_names == ["luke_ner"]
