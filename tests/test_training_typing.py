"""configs/typing.cfg as users run it: `spacy train`, `evaluate`, `debug data`, `init labels`, tuned thresholds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import DocBin
from spacy.training import Corpus
from thinc.api import Config
from typer.testing import CliRunner

from spacy_luke.training.readers.gold_mentions import build_gold_mentions_reader_v1
from spacy_luke.training.tune_thresholds import build_tune_thresholds_v1

from .pipeline.test_typing import TRAIN, assert_right, doc_of, examples_of, make, train

CONFIG = Path(__file__).parents[1] / "configs" / "typing.cfg"
pytestmark = pytest.mark.skipif(not CONFIG.is_file(), reason="configs/ is not part of the wheel")

OPTIMIZER = "--training.optimizer."
RATES = [f"{OPTIMIZER}learn_rate", "0.003", f"{OPTIMIZER}head_learn_rate", "0.02", f"{OPTIMIZER}warmup_steps", "5"]
STEPS = ["--training.max_steps", "40", "--training.eval_frequency", "20", "--training.accumulate_gradient", "2"]


def _run(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Entities with types, and a Doc with entities that nobody typed."""
    nlp = spacy.blank("en")
    docs = [doc_of(nlp, *row) for row in [*TRAIN, ("Nobody typed Bob", [])]]
    for doc, mentions in zip(docs, [*(found for _, found in TRAIN), [(13, 16, "")]]):
        doc.ents = [doc.char_span(start, end, "NAME") for start, end, _ in mentions]
    del docs[-1].spans["luke_typing"]
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.fixture
def overrides(corpus, xlmr):
    paths = {"nlp.lang": "en", "paths.train": corpus, "paths.dev": corpus, "paths.encoder": xlmr}
    return [part for name, value in paths.items() for part in (f"--{name}", value)]


def _performance(path) -> dict:
    return json.loads((path / "meta.json").read_text(encoding="utf8"))["performance"]


def test_train_and_score_on_gold_entities(corpus, overrides, tmp_path):
    output = _run("train", CONFIG, "--output", tmp_path, *overrides, *RATES, *STEPS)
    assert "TYPES_MICR" in output.upper()
    scores = _performance(tmp_path / "model-best")
    assert scores["types_micro_f"] == scores["types_macro_f"] == scores["types_strict_f"] == 1.0
    nlp = spacy.load(tmp_path / "model-best")
    assert_right(nlp)
    assert nlp.meta["labels"]["luke_typing"] == ["place", "city", "country", "person"]
    assert nlp.evaluate(build_gold_mentions_reader_v1(Corpus(corpus))(nlp))["types_micro_f"] == 1.0
    _run("evaluate", tmp_path / "model-best", corpus, "--output", tmp_path / "metrics.json")
    scores = json.loads((tmp_path / "metrics.json").read_text())
    assert scores["types_micro_r"] == 0.0  # nobody finds entities


@pytest.mark.parametrize("per_label", [False, True])
def test_thresholds_tuned_while_training(overrides, tmp_path, per_label):
    config = Config().from_disk(CONFIG, interpolate=False)
    callback = {"@callbacks": "spacy_luke.tune_thresholds.v1", "per_label": per_label}
    config["training"]["before_to_disk"] = callback
    config.to_disk(tmp_path / "typing.cfg")
    _run("train", tmp_path / "typing.cfg", "--output", tmp_path, *overrides, *RATES, *STEPS)
    nlp = spacy.load(tmp_path / "model-last")
    cfg = nlp.get_pipe("luke_typing").cfg
    assert cfg["threshold"] != 0.5 and cfg["thresholds"] == {}  # of no type has this dev 10 gold mentions
    assert_right(nlp)


def test_a_frozen_pipe_is_not_tuned(corpus, xlmr):
    nlp, _ = make(xlmr)
    reader = {"@readers": "spacy.Corpus.v1", "path": str(corpus), "gold_preproc": False}
    nlp.config["corpora"] = {"train": reader, "dev": reader}
    for frozen in (["luke_typing"], []):
        nlp.config["training"]["frozen_components"] = frozen
        build_tune_thresholds_v1()(nlp)
        assert (nlp.get_pipe("luke_typing").cfg["threshold"] == 0.5) == bool(frozen)


def test_tuning_names_its_pipes(xlmr):
    nlp, examples = make(xlmr)
    nlp.add_pipe("sentencizer")
    with pytest.raises(ValueError, match="LK660.*sentencizer"):
        build_tune_thresholds_v1(["luke_typing", "sentencizer"])(nlp)


def test_train_from_files_of_open_entity(xlmr, tmp_path):
    """As the config describes it: the mentions are given."""
    lines = [
        {"left_context_token": text[:start].split(), "mention_span": text[start:end],
         "right_context_token": text[end:].split(), "y_str": labels.split()}
        for text, mentions in TRAIN for start, end, labels in mentions
    ]  # fmt: skip
    path = tmp_path / "train.json"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf8")
    config = Config().from_disk(CONFIG, interpolate=False)
    reader = {"@readers": "spacy_luke.OpenEntity.v1", "path": str(path)}
    config["corpora"] = {"train": reader, "dev": reader}
    config.to_disk(tmp_path / "typing.cfg")
    arguments = ["--nlp.lang", "en", "--paths.encoder", xlmr, "--training.max_epochs", "0"]
    _run("train", tmp_path / "typing.cfg", "--output", tmp_path, *arguments, *RATES, *STEPS)
    assert _performance(tmp_path / "model-best")["types_strict_f"] == 1.0


def test_debug_data_and_init_labels(overrides, tmp_path):
    filled = tmp_path / "typing.cfg"
    _run("init", "fill-config", CONFIG, filled)
    result = CliRunner().invoke(app, ["debug", "data", str(filled), *map(str, overrides)])
    assert "Pipeline can be initialized with data" in result.output + repr(result.exception)
    _run("init", "labels", filled, tmp_path / "labels", *overrides)
    assert json.loads((tmp_path / "labels" / "luke_typing.json").read_text()) == ["place", "city", "country", "person"]


def test_every_setting_of_the_pipe_is_in_the_config():
    """But for what the encoder has by default, the scorer, and the weight of the loss among other pipes."""
    written = Config().from_disk(CONFIG, interpolate=False)["components"]["luke_typing"]
    nlp = spacy.blank("xx")
    nlp.add_pipe("luke_typing")
    every = nlp.config["components"]["luke_typing"]
    assert set(every) - set(written) == {"loss_weight", "scorer"} and set(written) <= set(every)
    for name, value in written.items():
        assert isinstance(value, dict) or value == every[name], name


def test_a_loop_of_ones_own(xlmr):
    """The callback reads the dev corpus of a config; without one, Python calls the pipe itself."""
    nlp, examples = make(xlmr)
    train(nlp, examples, 5)
    nlp.get_pipe("luke_typing").tune_thresholds(examples_of(nlp, TRAIN))
    assert nlp.get_pipe("luke_typing").cfg["threshold"] != 0.5
