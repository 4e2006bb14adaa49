"""The workflow `smoke`, whole, in a copy of the repository: each command as it is, with a tiny encoder and few steps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from encoder import xlmr_tokenizer
from weasel.util import load_project_config

from .tiny import SIZES

ROOT = Path(__file__).parents[1]
NEEDED = ["assets/cards", "assets/sample", "configs", "scripts", "spacy_luke"]
NEEDED += ["LICENSE", "README.md", "project.yml", "pyproject.toml", "setup.cfg"]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
# Few steps, after which luke_ner has learnt nothing; without negatives it finds entities all the same: a pipeline that
# finds none fails `try`.
TRAINING = (
    " --training.max_steps 8 --training.eval_frequency 8 --training.optimizer.warmup_steps 4"
    " --components.luke_ner.negatives 0.0 --components.luke_relations.get_pairs.max_words 5"
)

pytestmark = pytest.mark.slow
pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
pytest.importorskip("sentencepiece", reason="the normalisation of XLM-R's tokenizer comes from sentencepiece")


def write_encoder(path: Path) -> Path:
    """A random BERT with an XLM-R tokenizer, as multilingual-e5-small is one, with pieces of the sample corpus."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    texts = [file.read_text(encoding="utf8") for file in sorted((ROOT / "assets" / "sample").glob("*.wiki"))]
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=2500, show_progress=False))
    found = [tuple(piece) for piece in json.loads(tokenizer.to_str())["model"]["vocab"]]
    pieces = [(name, 0.0) for name in SPECIALS] + found + [("<mask>", 0.0)]
    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=512, **SIZES)).save_pretrained(path)
    (path / "tokenizer.json").write_text(json.dumps(xlmr_tokenizer(pieces)), encoding="utf8")
    return path


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("smoke") / "repository"
    folder.mkdir()
    without = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=without)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def smoke(copy, tmp_path_factory):
    """Runs the workflow. RETURNS: what it printed."""
    source = write_encoder(tmp_path_factory.mktemp("encoder"))
    command = [sys.executable, "-m", "spacy", "project", "run", "smoke", copy, "--vars.source", source, "--vars.smoke", TRAINING]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf8"}

    def run(*more: str) -> str:
        done = subprocess.run(
            [*map(str, command), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf8",
            check=False,
            env=env,
            cwd=copy.parent,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    return run


def test_the_whole_workflow_and_again(smoke, copy):
    printed = smoke()
    project = load_project_config(copy)
    steps = [command for command in project["commands"] if command["name"] in project["workflows"]["smoke"]]
    for step in steps:
        assert step["outputs"], f"{step['name']}: weasel runs a command without outputs every time"
        for path in step["outputs"]:
            assert (copy / path).exists(), path
    assert "passed its self-test of 2 texts" in printed
    # what is installed finds something
    tried = (copy / "packages" / "xx_luke_smoke_sm.txt").read_text(encoding="utf8")
    assert set(tried.splitlines()) <= set(printed.splitlines())
    assert re.search(r"^    \d\.\d\d  ", tried, re.MULTILINE)
    meta = srsly.read_json(copy / "training" / "release" / "meta.json")
    assert {"ents_f", "nel_micro_f", "rel_micro_f", "types_micro_f"} <= set(meta["performance"])
    assert [line.split("<")[0].split(">")[0] for line in meta["requirements"]] == ["spacy-luke", "sudachipy", "sudachidict_core"]
    # and a second time
    printed = smoke()
    assert re.findall(r"Skipping '([\w-]+)'", printed) == project["workflows"]["smoke"]
    assert "Running command" not in printed
    # a changed input runs what depends on it, and no more
    with (copy / "assets" / "cards" / "smoke.yml").open("a", encoding="utf8") as card:
        card.write("# changed\n")
    skipped = re.findall(r"Skipping '([\w-]+)'", smoke("--dry"))
    assert skipped == [name for name in project["workflows"]["smoke"] if name != "package"]
