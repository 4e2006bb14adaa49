"""What keeps the house: one version, the same checks everywhere, and pages that name what is there."""

from __future__ import annotations

import configparser
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import srsly
from spacy.util import registry

import spacy_luke
from spacy_luke.about import __version__

ROOT = Path(__file__).parents[1]
if not (ROOT / "CONTRIBUTING.md").is_file():
    pytest.skip("the tests run away from the source tree", allow_module_level=True)

CI = (ROOT / ".ci" / "run").read_text(encoding="utf8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf8")
SETUP = configparser.ConfigParser(delimiters="=")
SETUP.read(ROOT / "setup.cfg", encoding="utf8")


def test_the_version_is_in_one_place():
    assert version("spacy-luke") == __version__ == spacy_luke.__version__
    files = [*(ROOT / "spacy_luke").rglob("*.py"), ROOT / "setup.cfg", ROOT / "pyproject.toml", ROOT / "CONTRIBUTING.md"]
    holding = [path.name for path in files if re.search(rf"(?<![\d.=<>]){re.escape(__version__)}(?![\d.])", path.read_text("utf8"))]
    assert holding == ["about.py"]


def test_the_workflow_runs_ci_on_every_python():
    workflow = srsly.read_yaml(ROOT / ".github" / "workflows" / "test.yml")
    job = workflow["jobs"]["test"]
    named = re.findall(r":: (3\.\d+)$", SETUP["metadata"]["classifiers"], re.MULTILINE)
    assert job["strategy"]["matrix"]["python"] == named and named[0] == "3.10"
    browser, ci = [step["run"] for step in job["steps"] if "run" in step]
    assert "chromedriver" in browser and ci == ".ci/run"


def test_the_hooks_are_part_of_ci():
    [local] = srsly.read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    for hook in local["hooks"]:
        module = hook["entry"].removeprefix("python ").split(" --")[0]
        assert f".venv/bin/python {module}" in CI
        assert re.search(rf"^{module.split()[1]}>=", SETUP["options.extras_require"]["lint"], re.MULTILINE)


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_issue_forms_are_what_github_reads(name):
    form = srsly.read_yaml(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")
    assert form["name"] and form["description"]
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids) == len([part["attributes"]["label"] for part in form["body"]])
    assert all(part["type"] == "textarea" for part in form["body"])


def test_what_a_bug_report_asks_for_is_there():
    commands = re.findall(r"python -m spacy luke (\w+)", (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf8"))
    registry.get("cli", "luke")  # raises if the commands cannot be imported
    from spacy_luke.cli import luke_cli

    assert commands and set(commands) <= {command.name for command in luke_cli.registered_commands}


def test_contributing_names_what_is_there():
    named = {name for name in re.findall(r"`([\w./]+)`", CONTRIBUTING) if "/" in name or name.endswith((".py", ".cfg", ".toml"))}
    missing = [n for n in named if "NAME" not in n and not (ROOT / n).exists() and not (ROOT / "spacy_luke" / n).exists()]
    assert len(named) > 15 and not missing


def test_contributing_has_each_room_on_its_floor():
    from .test_ladder import FLOORS

    table = dict(re.findall(r"^\| (\d) \| (.*?) \|", CONTRIBUTING, re.MULTILINE))
    rooms = [(room, int(floor)) for floor, text in table.items() for room in re.findall(r"`(\w+)(?:/|\.py)`", text)]
    assert len(rooms) > 12 and set(table) == set("01234567")
    assert all(FLOORS[room] == floor for room, floor in rooms)
