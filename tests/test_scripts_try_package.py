"""A pipeline goes the whole way: trained, released, packaged, wheel, another environment, self-test, entities with scores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli.package import package
from spacy.training import Example

from spacy_luke.cli.release import release

from . import tiny

TRY = Path(__file__).parents[1] / "scripts" / "try_package.py"
TEXT = "Ada met Bob"


@pytest.mark.slow
def test_a_packaged_pipeline_is_tried_from_its_wheel(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=tiny.ner_config(tiny.write_xlmr(tmp_path / "encoder")))
    entities = {"entities": [(0, 3, "PERSON"), (8, 11, "PERSON")]}
    example = Example.from_dict(nlp.make_doc(TEXT), entities)
    optimizer = nlp.initialize(lambda: [example])
    optimizer.learn_rate = 0.01
    for _ in range(40):
        nlp.update([example], sgd=optimizer)
    assert len(nlp(TEXT).ents) == 2
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "text.txt").write_text(f"{TEXT}\n\n", encoding="utf8")
    source = {"name": "a tiny encoder", "license": "MIT", "used_for": "encoder"}
    card = {"name": "tiny", "description": "Knows a sentence.", "license": "MIT", "sources": [source], "examples": [TEXT]}
    srsly.write_yaml(tmp_path / "card.yml", card)
    release(tmp_path / "model", tmp_path / "released", tmp_path / "card.yml", version="0.0.1")
    package(tmp_path / "released", tmp_path, create_sdist=False)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path / "wheels")]
    subprocess.run([*pip, str(tmp_path / "en_luke_tiny_sm-0.0.1")], check=True)
    text, out = f"en_luke_tiny_sm={tmp_path / 'text.txt'}", tmp_path / "out.txt"
    command = [sys.executable, TRY, tmp_path / "wheels", text, "--env", tmp_path / "env", "--out", out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed its self-test of 1 text" in done.stdout
    assert out.read_text(encoding="utf8") in done.stdout
    lines = [line.split() for line in out.read_text(encoding="utf8").splitlines()]
    assert [line[1:] for line in lines if line[1:2] == ["PERSON"]] == [["PERSON", "Ada"], ["PERSON", "Bob"]]
    assert all(0.5 < float(line[0]) <= 1 for line in lines if line[1:2] == ["PERSON"])
