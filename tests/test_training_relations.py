"""configs/relations.cfg as users run it: `spacy train`, `evaluate`, `debug data`, `init labels`."""

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

from spacy_luke.convert.checkpoint import load_checkpoint
from spacy_luke.training.readers.gold_mentions import build_gold_mentions_reader_v1

from .related import TRAIN, doc_of, examples_of, expected, found

CONFIG = Path(__file__).parents[1] / "configs" / "relations.cfg"
pytestmark = pytest.mark.skipif(not CONFIG.is_file(), reason="configs/ is not part of the wheel")

OPTIMIZER = "--training.optimizer."
RATES = [f"{OPTIMIZER}learn_rate", "0.003", f"{OPTIMIZER}head_learn_rate", "0.02", f"{OPTIMIZER}warmup_steps", "5"]
STEPS = ["--training.max_steps", "50", "--training.eval_frequency", "25"]


def _run(*arguments) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=[eg.reference for eg in examples_of(spacy.blank("en"))]).to_disk(path)
    return path


@pytest.fixture
def overrides(corpus, xlmr):
    return ["--nlp.lang", "en", "--paths.train", corpus, "--paths.dev", corpus, "--paths.encoder", xlmr]


def test_train_evaluate_and_use(corpus, overrides, tmp_path):
    accumulate = ["--training.accumulate_gradient", "2"]
    output = _run("train", CONFIG, "--output", tmp_path, *overrides, *RATES, *STEPS, *accumulate)
    assert "rel_micro_f".upper() in output.upper()
    nlp = spacy.load(tmp_path / "model-best")
    assert nlp.meta["labels"]["luke_relations"] == ["founded", "based_in"]
    assert nlp.meta["performance"]["rel_micro_f"] == 1.0
    for entry in TRAIN:
        assert found(nlp(doc_of(nlp, *entry[:2]))) == expected(entry)
    scores = nlp.evaluate(list(build_gold_mentions_reader_v1(Corpus(corpus))(nlp)))
    assert scores["rel_micro_f"] == scores["rel_macro_f"] == 1.0
    # `evaluate` reads the DocBin without entities, and nobody finds them
    _run("evaluate", tmp_path / "model-best", corpus, "--output", tmp_path / "metrics.json")
    assert json.loads((tmp_path / "metrics.json").read_text())["rel_micro_r"] == 0.0


def test_with_a_recogniser_in_front_and_a_reader_of_ours(overrides, tmp_path):
    """An entity_ruler finds the entities; the corpus is Prodigy's JSONL."""
    lines = []
    for text, ents, relations in TRAIN:
        spans = [{"start": a, "end": b, "label": label, "token_end": i} for i, (a, b, label) in enumerate(ents)]
        rows = [{"head": head, "child": tail, "label": label} for head, label, tail in relations]
        lines.append(json.dumps({"text": text, "spans": spans, "relations": rows}))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf8")
    names = {text[a:b]: label for text, ents, _ in TRAIN for a, b, label in ents}
    patterns = [{"label": label, "pattern": name} for name, label in names.items()]
    ruler = spacy.blank("en")
    ruler.add_pipe("entity_ruler").add_patterns(patterns)
    ruler.to_disk(tmp_path / "ruler")
    config = Config().from_disk(CONFIG, interpolate=False)
    config["nlp"]["pipeline"] = ["entity_ruler", "luke_relations"]
    config["components"]["entity_ruler"] = {"source": str(tmp_path / "ruler")}
    config["training"]["frozen_components"] = ["entity_ruler"]
    for name in ("train", "dev"):
        config["corpora"][name] = {"@readers": "spacy_luke.RelationsJSONL.v1", "path": str(tmp_path / "a.jsonl")}
    config["components"]["luke_relations"]["get_pairs"]["constraints"] = "learn"
    config.to_disk(tmp_path / "a.cfg")
    _run("train", tmp_path / "a.cfg", "--output", tmp_path / "out", *overrides, *RATES, *STEPS)
    nlp = spacy.load(tmp_path / "out" / "model-best")
    for entry in TRAIN:
        assert found(nlp(entry[0])) == expected(entry)


def test_a_shared_encoder_trains_and_stays_if_frozen(corpus, overrides, xlmr, tmp_path):
    config = Config().from_disk(CONFIG, interpolate=False)
    private = config["components"]["luke_relations"]["model"]["encoder"]
    config["components"]["luke"] = {"factory": "luke", "model": private}
    config["components"]["luke_relations"]["model"]["encoder"] = {"@architectures": "spacy_luke.LukeListener.v1"}
    config["nlp"]["pipeline"] = ["luke", "luke_relations"]
    before = load_checkpoint(xlmr).weights
    for frozen in ([], ["luke"]):
        config["training"]["frozen_components"] = frozen
        path = tmp_path / f"frozen{len(frozen)}.cfg"
        config.to_disk(path)
        steps = ["--training.max_steps", "6", "--training.eval_frequency", "3", "--training.accumulate_gradient", "3"]
        _run("train", path, "--output", tmp_path / path.stem, *overrides, *RATES, *steps)
        nlp = spacy.load(tmp_path / path.stem / "model-last")
        after = nlp.get_pipe("luke").model.shims[0].encoder.state_dict()
        moved = [name for name, value in after.items() if not value.equal(before[name])]
        assert bool(moved) != bool(frozen)


def test_debug_data_and_init_labels(overrides, tmp_path):
    filled = tmp_path / "relations.cfg"
    _run("init", "fill-config", CONFIG, filled)
    result = CliRunner().invoke(app, ["debug", "data", str(filled), *map(str, overrides)])
    output = result.output + repr(result.exception)
    assert "Pipeline can be initialized with data" in output and "luke_relations" in output
    _run("init", "labels", filled, tmp_path / "labels", *overrides)
    assert json.loads((tmp_path / "labels" / "luke_relations.json").read_text()) == ["founded", "based_in"]
