"""configs/linker.cfg as users run it: `kb build`, `spacy train`, `evaluate`, `debug data`."""

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

from spacy_luke.cli import luke_cli
from spacy_luke.training.readers.gold_mentions import build_gold_mentions_reader_v1

from .linking import IDS, doc_with, links
from .pipeline.test_linker import TRAIN

CONFIG = Path(__file__).parents[1] / "configs" / "linker.cfg"
pytestmark = pytest.mark.skipif(not CONFIG.is_file(), reason="configs/ is not part of the wheel")

OPTIMIZER = "--training.optimizer."
RATES = [f"{OPTIMIZER}learn_rate", "0.003", f"{OPTIMIZER}head_learn_rate", "0.02", f"{OPTIMIZER}warmup_steps", "5"]
STEPS = ["--training.max_steps", "60", "--training.eval_frequency", "20"]


def _run(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    nlp = spacy.blank("en")
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=[doc_with(nlp, text, ents) for text, ents in TRAIN]).to_disk(path)
    return path


@pytest.fixture(scope="module")
def kb(corpus):
    """Counted from the corpus; vectors as a tiny table has them."""
    entities = corpus.with_name("entities.jsonl")
    records = [{"id": id, "vector": [float(row == i) for row in range(32)]} for i, id in enumerate(IDS)]
    entities.write_text("\n".join(map(json.dumps, records)), encoding="utf8")
    path = corpus.with_name("kb")
    arguments = ["kb", "build", path, "--entities", entities, "--docs", corpus]
    result = CliRunner().invoke(luke_cli, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def overrides(corpus, kb, xlmr):
    paths = {"nlp.lang": "en", "paths.train": corpus, "paths.dev": corpus, "paths.encoder": xlmr, "paths.kb": kb}
    return [part for name, value in paths.items() for part in (f"--{name}", value)]


def _performance(path) -> dict:
    return json.loads((path / "meta.json").read_text(encoding="utf8"))["performance"]


def test_train_and_score_on_gold_mentions(corpus, overrides, tmp_path):
    output = _run("train", CONFIG, "--output", tmp_path, *overrides, *RATES, *STEPS)
    assert "nel_mi" in output.lower() or "NEL_MICRO" in output
    scores = _performance(tmp_path / "model-best")
    assert scores["nel_micro_f"] == scores["nel_with_nil_f"] == scores["nel_candidate_recall"] == 1.0
    nlp = spacy.load(tmp_path / "model-best")
    for text, ents in TRAIN:
        doc = nlp(doc_with(nlp, text, [(*ent[:3], "") for ent in ents]))
        assert links(doc) == [(text[a:b], id) for a, b, _, id in ents]
    gold_mentions = build_gold_mentions_reader_v1(Corpus(corpus))
    assert nlp.evaluate(gold_mentions(nlp))["nel_micro_f"] == 1.0
    assert nlp.evaluate(Corpus(corpus)(nlp))["nel_micro_r"] == 0.0  # nobody finds mentions


def test_train_behind_a_recogniser(corpus, overrides, tmp_path):
    """As the config describes it; `spacy evaluate` scores both together."""
    found = spacy.blank("en")
    found.add_pipe("entity_ruler").add_patterns(
        [{"label": "LOC", "pattern": "Tokyo"}]
    )
    found.to_disk(tmp_path / "found")
    config = Config().from_disk(CONFIG, interpolate=False)
    config["nlp"]["pipeline"] = ["entity_ruler", "luke_linker"]
    config["components"]["entity_ruler"] = {"source": str(tmp_path / "found")}
    config["training"]["frozen_components"] = ["entity_ruler"]
    config["corpora"]["dev"] = config["corpora"]["dev"]["corpus"]
    config.to_disk(tmp_path / "linker.cfg")
    _run("train", tmp_path / "linker.cfg", "--output", tmp_path, *overrides, *RATES, *STEPS)
    assert _performance(tmp_path / "model-best")["nel_micro_p"] == 1.0
    _run("evaluate", tmp_path / "model-best", corpus, "--output", tmp_path / "metrics.json")
    scores = json.loads((tmp_path / "metrics.json").read_text())
    assert scores["nel_micro_p"] == 1.0 and scores["nel_micro_r"] == 0.5  # the ruler knows no Japan
    assert scores["nel_nil_f"] == 1.0


def test_debug_data(overrides, tmp_path):
    filled = tmp_path / "linker.cfg"
    _run("init", "fill-config", CONFIG, filled)
    result = CliRunner().invoke(app, ["debug", "data", str(filled), *map(str, overrides)])
    assert "Pipeline can be initialized with data" in result.output + repr(result.exception)


def test_every_setting_of_the_pipe_is_in_the_config():
    """But for what the encoder has by default, the scorer, and the weight of the loss among other pipes."""
    config = Config().from_disk(CONFIG, interpolate=False)
    filled = spacy.blank("xx")
    filled.add_pipe("luke_linker")
    every = filled.config["components"]["luke_linker"]
    written = config["components"]["luke_linker"]
    assert set(every) - set(written) == {"loss_weight", "scorer"} and set(written) <= set(every)
    for name, value in written.items():
        assert isinstance(value, dict) or value == every[name], name


def test_a_knowledge_base_that_is_not_there(overrides, tmp_path):
    arguments = ["train", CONFIG, "--output", tmp_path, *overrides, "--paths.kb", tmp_path / "nowhere"]
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code != 0 and "LK3" in str(result.exception) and "nowhere" in str(result.exception)
