"""configs/ja.cfg and configs/xx.cfg as users run them: `spacy train`, `evaluate`, gold mentions, one corpus a task."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import DocBin
from spacy.training import Corpus
from thinc.api import Config
from typer.testing import CliRunner

from spacy_luke.convert.checkpoint import load_checkpoint
from spacy_luke.training.readers.gold_mentions import GoldMentions

from .joint import PIPES, TRAIN, TRAIN_JA, expected, found, gold_doc
from .linking import memory_kb

CONFIGS = Path(__file__).parents[1] / "configs"
pytestmark = pytest.mark.skipif(not CONFIGS.is_dir(), reason="configs/ is not part of the wheel")
pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")

ROWS = {"ja": TRAIN_JA, "xx": [*TRAIN_JA, *TRAIN]}
SCORES = ("ents_f", "nel_micro_f", "rel_micro_f", "types_micro_f")
OPTIMIZER = "--training.optimizer."
RATES = [f"{OPTIMIZER}learn_rate", "0.003", f"{OPTIMIZER}head_learn_rate", "0.02", f"{OPTIMIZER}warmup_steps", "5"]


def _run(*arguments) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what so few Docs lack
        result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Path:
    """{ja,xx}.spacy, words of English by the tokenizer of English, and a knowledge base."""
    path = tmp_path_factory.mktemp("joint")
    blank = {lang: spacy.blank(lang) for lang in ("ja", "en")}
    japanese, english = ([gold_doc(blank[lang], *r) for r in rows] for lang, rows in (("ja", TRAIN_JA), ("en", TRAIN)))
    DocBin(docs=japanese).to_disk(path / "ja.spacy")
    DocBin(docs=[*japanese, *english]).to_disk(path / "xx.spacy")
    memory_kb(spacy.blank("xx").vocab).to_disk(path / "kb")
    return path


def _overrides(corpora, lang, encoder):
    corpus = corpora / f"{lang}.spacy"
    paths = ["--paths.train", corpus, "--paths.dev", corpus, "--paths.encoder", encoder, "--paths.kb", corpora / "kb"]
    return [*paths, *RATES]


def _steps(n: int, every: int):
    return ["--training.max_steps", n, "--training.eval_frequency", every]


@pytest.mark.parametrize("lang", ["ja", "xx"])
def test_train_evaluate_and_use(corpora, xlmr, tmp_path, lang):
    _run("train", CONFIGS / f"{lang}.cfg", "--output", tmp_path, *_overrides(corpora, lang, xlmr), *_steps(90, 30))
    nlp = spacy.load(tmp_path / "model-best")
    assert nlp.pipe_names == ["luke", *PIPES.values()]
    for row in ROWS[lang]:
        assert found(nlp(row[0])) == expected(row)
    corpus = corpora / f"{lang}.spacy"
    _run("evaluate", tmp_path / "model-best", corpus, "--output", tmp_path / "metrics.json")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {name: metrics[name] for name in SCORES} == dict.fromkeys(SCORES, 1.0)
    assert nlp.meta["performance"]["rel_micro_f"] == 1.0
    given = spacy.load(tmp_path / "model-best", exclude=["luke_ner"])  # as the config says it
    scores = given.evaluate(list(GoldMentions(Corpus(corpus))(given)))
    assert [scores[name] for name in SCORES[1:]] == [1.0, 1.0, 1.0]
    sizes = {name: (tmp_path / "model-best" / name / "model").stat().st_size for name in PIPES.values()}
    assert max(sizes.values()) < 10_000


def test_a_corpus_for_each_task_with_weights_and_accumulation(corpora, xlmr, tmp_path):
    """Four corpora of one file, each for a task: all four are learnt."""
    config = Config().from_disk(CONFIGS / "ja.cfg", interpolate=False)
    reader = {"@readers": "spacy.Corpus.v1", "path": "${paths.train}", "gold_preproc": False}
    config["corpora"]["train"] = {
        "@readers": "spacy_luke.MixedCorpus.v1",
        "tasks": {f"for_{task}": [task] for task in PIPES},
        "corpora": {f"for_{task}": dict(reader) for task in PIPES},
    }
    config["components"]["luke_relations"]["loss_weight"] = 2.0
    config.to_disk(tmp_path / "mixed.cfg")
    settings = [*_overrides(corpora, "ja", xlmr), *_steps(90, 45), "--training.accumulate_gradient", 2]
    _run("train", tmp_path / "mixed.cfg", "--output", tmp_path / "out", *settings)
    nlp = spacy.load(tmp_path / "out" / "model-best")
    for row in TRAIN_JA:
        assert found(nlp(row[0])) == expected(row)


@pytest.mark.parametrize("frozen", [["luke"], ["luke_ner", "luke_typing"]])
def test_frozen_components(corpora, xlmr, tmp_path, frozen):
    """Frozen from the start of a second training, which goes on from the first."""
    before = load_checkpoint(xlmr).weights
    config = Config().from_disk(CONFIGS / "ja.cfg", interpolate=False)
    overrides = _overrides(corpora, "ja", xlmr)
    if frozen != ["luke"]:
        _run("train", CONFIGS / "ja.cfg", "--output", tmp_path / "first", *overrides, *_steps(2, 2))
        for name in ("luke", *PIPES.values()):
            config["components"][name] = {"source": str(tmp_path / "first" / "model-last")}
    config["training"]["frozen_components"] = frozen
    config.to_disk(tmp_path / "frozen.cfg")
    _run("train", tmp_path / "frozen.cfg", "--output", tmp_path / "out", *overrides, *_steps(4, 4))
    nlp = spacy.load(tmp_path / "out" / "model-last")
    after = nlp.get_pipe("luke").model.shims[0].encoder.state_dict()
    moved = [name for name, value in after.items() if not value.equal(before[name])]
    assert bool(moved) != (frozen == ["luke"])
    if frozen != ["luke"]:
        first = spacy.load(tmp_path / "first" / "model-last")
        same = {n for n in PIPES.values() if nlp.get_pipe(n).model.to_bytes() == first.get_pipe(n).model.to_bytes()}
        assert same == set(frozen)


def test_a_frozen_recogniser_annotates_for_the_others(corpora, xlmr, tmp_path):
    """The second training goes on from the first with what luke_ner finds; encoder and luke_ner stay as they are."""
    config = Config().from_disk(CONFIGS / "ja.cfg", interpolate=False)
    overrides = _overrides(corpora, "ja", xlmr)
    _run("train", CONFIGS / "ja.cfg", "--output", tmp_path / "first", *overrides, *_steps(60, 60))
    first = spacy.load(tmp_path / "first" / "model-last")
    for name in ("luke", "luke_ner"):
        config["components"][name] = {"source": str(tmp_path / "first" / "model-last")}
    config["components"]["luke_linker"]["use_gold_ents"] = config["components"]["luke_relations"]["use_gold_ents"] = (
        False
    )
    config["training"].update(frozen_components=["luke", "luke_ner"], annotating_components=["luke_ner"])
    config.to_disk(tmp_path / "second.cfg")
    _run("train", tmp_path / "second.cfg", "--output", tmp_path / "out", *overrides, *_steps(40, 40))
    second = spacy.load(tmp_path / "out" / "model-last")
    for name in ("luke", "luke_ner"):
        assert second.get_pipe(name).model.to_bytes() == first.get_pipe(name).model.to_bytes()
    for row in TRAIN_JA:
        before, after = first(row[0]), second(row[0])
        group, same = (doc.spans["luke_ner"] for doc in (before, after))
        assert group.attrs["scores"].tolist() == pytest.approx(same.attrs["scores"].tolist(), abs=1e-6)
        assert found(after) == expected(row)


@pytest.mark.parametrize("lang", ["ja", "xx"])
def test_the_config_is_complete(lang, tmp_path):
    """spaCy accepts every setting; the four scores count alike, and no default adds another."""
    _run("init", "fill-config", CONFIGS / f"{lang}.cfg", tmp_path / "filled.cfg")
    paths = CONFIGS / f"{lang}.cfg", tmp_path / "filled.cfg"
    ours, filled = (Config().from_disk(path, interpolate=False) for path in paths)
    weights = filled["training"]["score_weights"]
    assert {name: value for name, value in weights.items() if value} == dict.fromkeys(SCORES, 0.25)
    for name in PIPES.values():
        assert ours["components"][name]["loss_weight"] == filled["components"][name]["loss_weight"] == 1.0
        assert filled["components"][name]["model"]["encoder"]["upstream"] == "luke"


def _with_logger(path: Path, **logger) -> Path:
    config = Config().from_disk(CONFIGS / "ja.cfg", interpolate=False)
    config["training"]["logger"] = logger
    config.to_disk(path)
    return path


@pytest.mark.parametrize("bar", ["train", "eval"])
def test_the_console_logger_with_a_progress_bar(corpora, xlmr, tmp_path, bar):
    """A line for each look at dev, with the loss of each pipe and all scores, on the console and as JSON lines."""
    steps = tmp_path / "steps.jsonl"
    logger = {"@loggers": "spacy.ConsoleLogger.v3", "progress_bar": bar, "console_output": True, "output_file": str(steps)}
    config = _with_logger(tmp_path / "logged.cfg", **logger)
    printed = _run("train", config, "--output", tmp_path / "out", *_overrides(corpora, "ja", xlmr), *_steps(6, 3))
    rows = [json.loads(line) for line in steps.read_text(encoding="utf8").splitlines()]
    assert [row["step"] for row in rows] == [0, 3, 6]
    assert all(row["losses"][name] > 0 for row in rows for name in PIPES.values())
    assert all(set(SCORES) <= set(row["scores"]) for row in rows)
    assert "ENTS_F" in printed and "LOSS LUKE_NER" in printed


def test_weights_and_biases_get_losses_scores_and_the_config(corpora, xlmr, tmp_path, monkeypatch):
    """The logger of spacy-loggers, with a stand-in for its service."""
    logged, started = [], []
    wandb = SimpleNamespace(
        init=lambda **settings: started.append(settings) or SimpleNamespace(),
        log=lambda values, **_: logged.append(values),
        join=lambda: logged.append("joined"),
    )
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    config = _with_logger(tmp_path / "logged.cfg", **{"@loggers": "spacy.WandbLogger.v5", "project_name": "luke"})
    _run("train", config, "--output", tmp_path / "out", *_overrides(corpora, "ja", xlmr), *_steps(4, 2))
    assert started[0]["project"] == "luke" and started[0]["config"]["components"]["luke"]["factory"] == "luke"
    assert logged[-1] == "joined"
    assert {"score", *SCORES, *(f"loss_{name}" for name in PIPES.values())} <= {name for row in logged[:-1] for name in row}
