"""Shell commands as pages show them: are they ones that exist, with arguments that they take?"""

from __future__ import annotations

import configparser
import os
import re
import runpy
import shlex
import sys
from pathlib import Path
from unittest import mock

import spacy
import typer
from packaging.requirements import Requirement
from spacy.cli import app
from spacy.cli._util import parse_config_overrides
from typer.testing import CliRunner
from weasel.util import load_project_config

ROOT = Path(__file__).parents[1]
SPACY = ["python", "-m", "spacy"]
FEW_STEPS = ["--training.max_steps", "2", "--training.eval_frequency", "2", "--training.optimizer.warmup_steps", "1"]


def check(command: str) -> None:
    """AssertionError, or what the command line's own parser raises, if the command could not be run."""
    words = shlex.split(command)
    words = words[next(i for i, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)) :]  # VARIABLE=value
    if words[:3] == SPACY and words[3] == "project":
        _check_project(words[4:])
    elif words[:3] == SPACY:
        _check_spacy(words[3:])
    elif words[:2] == ["pip", "install"]:
        _check_install(words[2:])
    elif words[:2] == ["python3", "run.py"]:
        sys.path.insert(0, str(ROOT))
        import run

        assert words[2] in run.COMMANDS, command
    elif words[0] == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), command
    else:
        assert words[:2] == ["git", "clone"] or words[0] in ("cd", "mkdir", "sed"), f"nobody checks this command: {command}"


def run(command: str) -> str:
    """Run a command in the working directory. RETURNS: what it printed."""
    check(command)
    words = shlex.split(command)
    if words[:2] == ["mkdir", "-p"]:
        for name in words[2:]:
            Path(name).mkdir(parents=True, exist_ok=True)
        return ""
    if words[0] == "python" and words[1].endswith(".py"):
        with mock.patch.object(sys, "argv", [str(ROOT / words[1]), *words[2:]]):
            runpy.run_path(str(ROOT / words[1]), run_name="__main__")
        return ""
    assert words[:3] == SPACY, f"nobody can run this command: {command}"
    more = FEW_STEPS if words[3] == "train" else []
    result = CliRunner().invoke(app, words[3:] + more)
    assert result.exit_code == 0, f"{command}\n{result.output}\n{result.exception!r}"
    return result.output


def _check_spacy(words: list[str]) -> None:
    spacy.registry.cli.get_all()  # as `python -m spacy` does
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    context = command.make_context(command.name, [], resilient_parsing=True)
    context.resilient_parsing = False
    given, rest, _ = command.make_parser(context).parse_args(args=list(words))
    lacking = [p.name for p in command.params if p.required and not given.get(p.name)]
    assert not lacking, f"{command.name} needs {lacking}"
    if rest or command.name in ("train", "assemble"):
        assert context.allow_extra_args, f"{command.name} does not take {rest}"
        check_overrides(Path(given["config_path"]), rest)


def check_overrides(config: Path, arguments: list[str]) -> None:
    """--section.key value: each of them must be a setting of the config file."""
    with mock.patch.dict(os.environ, {"SPACY_CONFIG_OVERRIDES": ""}):
        overrides = parse_config_overrides(arguments)
    content = spacy.util.load_config(ROOT / config)
    for name in overrides:
        *sections, key = name.split(".")
        section = content
        for part in sections:
            section = section[part]
        assert key in section, f"{config} has no {name}"


def _check_project(words: list[str]) -> None:
    project = load_project_config(ROOT)
    if words[0] == "run":
        assert words[1] in {*project["workflows"], *(command["name"] for command in project["commands"])}, words
        variables = [word.removeprefix("--vars.") for word in words if word.startswith("--vars.")]
        assert set(variables) <= set(project["vars"]), words
    else:
        assert words[0] in ("assets", "document"), words


def _check_install(words: list[str]) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf8")
    for word in words:
        if word.startswith("-") or word.endswith(".whl"):
            continue
        name, extras = word, set(re.findall(r"(?<=[\[,])\w+", word))
        if not word.startswith("."):
            name = Requirement(word).name
        if name.startswith(("spacy-luke", ".")):
            assert extras <= set(setup["options.extras_require"]), word
