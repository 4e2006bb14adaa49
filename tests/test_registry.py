"""The public names: none disappears, each works, and none makes spaCy slower or breaks it."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import spacy
from thinc.api import registry as thinc_registry

HERE = Path(__file__).parent
SNAPSHOT = json.loads((HERE / "registered_names.json").read_text(encoding="utf8"))
ENTRY_POINTS = [ep for ep in distribution("spacy-luke").entry_points if ep.group.startswith(("spacy_", "thinc_"))]
HEAVY = {"transformers", "spacy_transformers", "sentencepiece", "sudachipy", "safetensors", "huggingface_hub"}


def test_no_name_disappears():
    found: dict[str, list[str]] = {}
    for ep in ENTRY_POINTS:
        found.setdefault(ep.group, []).append(ep.name)
    missing = {(group, name) for group, names in SNAPSHOT.items() for name in names if name not in found.get(group, [])}
    assert not missing, "configs of users name these"
    new = {(group, name) for group, names in found.items() for name in names if name not in SNAPSHOT.get(group, [])}
    assert not new, "add new names to tests/registered_names.json"


def test_the_installed_names_are_those_of_setup_cfg():
    setup = HERE.parent / "setup.cfg"
    if not setup.is_file():
        pytest.skip("the tests run away from the source tree")
    config = configparser.ConfigParser(delimiters="=")
    config.optionxform = str
    config.read(setup, encoding="utf8")
    written = {
        (group, *(part.strip() for part in line.split("=")))
        for group, lines in config["options.entry_points"].items()
        for line in lines.strip().splitlines()
    }
    installed = {(ep.group, ep.name, ep.value) for ep in ENTRY_POINTS}
    assert written == installed, "install again: pip install -e ."


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda ep: ep.name)
def test_each_name_is_something_to_call(entry_point):
    assert callable(entry_point.load())


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda ep: ep.name)
def test_spacy_finds_each_name(entry_point):
    prefix, _, group = entry_point.group.partition("_")
    registry = thinc_registry if prefix == "thinc" else spacy.registry
    if group == "factories":
        assert spacy.Language.has_factory(entry_point.name) or spacy.blank("xx").has_factory(entry_point.name)
    else:
        assert registry.get(group, entry_point.name) is entry_point.load()


@pytest.mark.parametrize("name", SNAPSHOT["spacy_factories"])
def test_each_pipe_can_be_added_without_a_download(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    nlp = spacy.blank("xx")
    assert nlp.add_pipe(name) is nlp.get_pipe(name)


# spacy-transformers, where installed, is loaded by every spacy.blank and brings all of transformers:
# it is hidden to see what is loaded because of us.
ONLY_OURS = """
import importlib.metadata as metadata, sys
every = metadata.distributions
metadata.distributions = lambda **where: (d for d in every(**where) if d.metadata["Name"] != "spacy-transformers")
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", ONLY_OURS + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    "code",
    ["import spacy_luke", "import spacy; spacy.blank('en')", "import spacy_luke.pipeline.factories, spacy_luke.cli"],
)
def test_nothing_heavy_is_imported(code):
    loaded = set(run(code + "; print(*{name.partition('.')[0] for name in sys.modules})").split())
    assert "spacy_luke" in loaded and not HEAVY & loaded


@pytest.mark.parametrize("command", [["--help"], ["info"], ["luke", "--help"]])
def test_spacy_commands_run_without_the_optional_packages(command):
    missing = sorted(HEAVY - {"safetensors", "huggingface_hub"} | {"cupy"})
    code = (
        f"sys.modules.update(dict.fromkeys({missing}))\n"
        f"sys.argv = ['spacy', *{command}]\n"
        "from spacy.cli import setup_cli\n"
        "setup_cli()"
    )
    assert "luke" in run(code) or command == ["info"]
