"""configs/ner.cfg as users run it: `spacy train`, `evaluate`, `debug data`, `init labels`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import DocBin
from thinc.api import Config
from typer.testing import CliRunner

from spacy_luke.convert.checkpoint import load_checkpoint

from .pipeline.test_ner import TRAIN

CONFIG = Path(__file__).parents[1] / "configs" / "ner.cfg"
pytestmark = pytest.mark.skipif(not CONFIG.is_file(), reason="configs/ is not part of the wheel")


def _run(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    nlp = spacy.blank("en")
    docs = []
    for text, gold in TRAIN:
        doc = nlp.make_doc(text)
        doc.ents = [doc.char_span(start, end, label) for start, end, label in gold["entities"]]
        docs.append(doc)
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


def _overrides(corpus, encoder):
    return ["--nlp.lang", "en", "--paths.train", corpus, "--paths.dev", corpus, "--paths.encoder", encoder]


OPTIMIZER = "--training.optimizer."
RATES = [f"{OPTIMIZER}learn_rate", "0.003", f"{OPTIMIZER}head_learn_rate", "0.02", f"{OPTIMIZER}warmup_steps", "5"]


def test_train_evaluate_and_use(corpus, xlmr, tmp_path):
    steps = ["--training.max_steps", "60", "--training.eval_frequency", "20", "--training.accumulate_gradient", "2"]
    output = _run("train", CONFIG, "--output", tmp_path, *_overrides(corpus, xlmr), *RATES, *steps)
    assert "luke_ner" in output
    metrics = tmp_path / "metrics.json"
    _run("evaluate", tmp_path / "model-best", corpus, "--output", metrics)
    scores = json.loads(metrics.read_text())
    assert scores["ents_f"] == 1.0 and set(scores["ents_per_type"]) == {"LOC", "PERSON"}
    nlp = spacy.load(tmp_path / "model-best")
    for text, gold in TRAIN:
        assert [(e.start_char, e.end_char, e.label_) for e in nlp(text).ents] == gold["entities"]
    assert nlp.meta["labels"]["luke_ner"] == ["LOC", "PERSON"]


def test_training_stops_early(corpus, xlmr, tmp_path):
    steps = ["--training.max_steps", "1000", "--training.eval_frequency", "5", "--training.patience", "10"]
    rates = [f"{OPTIMIZER}learn_rate", "0.0", f"{OPTIMIZER}head_learn_rate", "0.0"]
    output = _run("train", CONFIG, "--output", tmp_path, *_overrides(corpus, xlmr), *rates, *steps)
    assert " 10 " in output and " 15 " not in output


def test_a_shared_encoder_trains_with_accumulation_and_frozen(corpus, xlmr, tmp_path):
    config = Config().from_disk(CONFIG, interpolate=False)
    private = config["components"]["luke_ner"]["model"]["encoder"]
    config["components"]["luke"] = {"factory": "luke", "model": private}
    config["components"]["luke_ner"]["model"]["encoder"] = {"@architectures": "spacy_luke.LukeListener.v1"}
    config["nlp"]["pipeline"] = ["luke", "luke_ner"]
    before = load_checkpoint(xlmr).weights
    for frozen in ([], ["luke"]):
        config["training"]["frozen_components"] = frozen
        path = tmp_path / f"frozen{len(frozen)}.cfg"
        config.to_disk(path)
        steps = ["--training.max_steps", "30", "--training.eval_frequency", "10", "--training.accumulate_gradient", "3"]
        output = tmp_path / path.stem
        _run("train", path, "--output", output, *_overrides(corpus, xlmr), *RATES, *steps)
        nlp = spacy.load(output / "model-last")
        after = nlp.get_pipe("luke").model.shims[0].encoder.state_dict()
        moved = [name for name, value in after.items() if not value.equal(before[name])]
        assert bool(moved) != bool(frozen)


def test_debug_data_and_init_labels(corpus, xlmr, tmp_path):
    filled = tmp_path / "ner.cfg"
    _run("init", "fill-config", CONFIG, filled)
    result = CliRunner().invoke(app, ["debug", "data", str(filled), *map(str, _overrides(corpus, xlmr))])
    output = result.output + repr(result.exception)
    assert "Pipeline can be initialized with data" in output and "luke_ner" in output
    _run("init", "labels", filled, tmp_path / "labels", *_overrides(corpus, xlmr))
    assert json.loads((tmp_path / "labels" / "luke_ner.json").read_text()) == ["LOC", "PERSON"]


def test_a_config_that_names_no_checkpoint(corpus, tmp_path):
    arguments = ["train", CONFIG, "--output", tmp_path, *_overrides(corpus, tmp_path / "nowhere")]
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code != 0
    assert "LK70" in str(result.exception) and "nowhere" in str(result.exception)
