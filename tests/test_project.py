"""The project file, run.py and .ci/run: what they name exists, and steps fit together."""

from __future__ import annotations

import configparser
import gzip
import hashlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import spacy
from annotate import entity_links, entity_scores, entity_types, relations
from spacy.tokens import Span, SpanGroup
from try_package import find_wheel, run
from weasel.util import load_project_config

from spacy_luke.annotations import set_relations, set_types
from spacy_luke.cli.card import read_card

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
PROJECT = load_project_config(ROOT)
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}
LINES = [shlex.split(line) for command in COMMANDS.values() for line in command["script"]]
ASSETS = {asset["dest"] for asset in PROJECT["assets"]}

sys.path.insert(0, str(ROOT))
import run as runner  # noqa: E402  (run.py lies in the root)


def _is_made(path: str, made: set[str]) -> bool:
    """Is it made, in a folder that is made, or a folder with what is made?"""
    paths = {Path(path), *Path(path).parents}
    return any(Path(out) in paths or Path(path) in Path(out).parents for out in made)


@pytest.mark.parametrize("workflow", PROJECT["workflows"])
def test_each_step_finds_what_it_depends_on(workflow):
    made = set(ASSETS)
    for name in PROJECT["workflows"][workflow]:
        for dep in COMMANDS[name].get("deps", []):
            assert _is_made(dep, made) or (ROOT / dep).exists(), f"{name} needs {dep}"
        made.update(COMMANDS[name].get("outputs", []))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_input_and_output_is_a_path(name):
    """Two vars that follow each other in a list, "${vars.a}", "${vars.b}", become one string."""
    assert not [path for path in COMMANDS[name].get("deps", []) + COMMANDS[name].get("outputs", []) if "," in path]


def test_a_second_run_does_nothing():
    """weasel runs a command without outputs every time; tests/test_project_smoke.py tries it."""
    assert [name for name, command in COMMANDS.items() if not command.get("outputs")] == []


@pytest.mark.parametrize("card", sorted((ROOT / "assets" / "cards").glob("*.yml")), ids=lambda path: path.stem)
def test_cards_say_all_and_are_used(card):
    about = read_card(card)
    used = [line[line.index("--card") + 1] for line in LINES if "--card" in line]
    assert f"assets/cards/{card.name}" in (*used, "assets/cards/ja_gsd.yml")  # with --vars.data gsd
    assert about["examples"] and about["limits"]
    # NC and unclear data is for measuring: what is trained on it says so
    unclear = [source for source in about["sources"] if "NC" in source["license"] or "not given" in source["license"]]
    assert ("for measuring only" in about["license"]) == bool(unclear)
    assert about["name"] == card.stem.rpartition("_")[2] or card.stem == "xx"


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_reads_and_writes_is_said(name):
    """So that a changed input runs it again, and nothing is read that no step makes."""
    said = {*COMMANDS[name].get("deps", []), *COMMANDS[name].get("outputs", [])}
    for line in COMMANDS[name]["script"]:
        for part in shlex.split(line.replace("{seed}", str(PROJECT["vars"]["packaged"]))):
            path = part.rpartition("=")[2]
            if path.startswith(("assets/", "configs/", "corpus/", "scripts/", "training/")):
                assert _is_made(path, said), path


def test_each_command_belongs_to_a_workflow_and_has_help():
    assert set(COMMANDS) == {name for names in PROJECT["workflows"].values() for name in names}
    assert all(command["help"] for command in COMMANDS.values())


@pytest.mark.parametrize("script", sorted({line[1] for line in LINES if line[1].startswith("scripts/")}))
def test_each_script_says_what_it_takes(script):
    done = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "usage" in done.stdout.lower()


def test_training_overrides_name_settings_of_the_config():
    by_config = [line[line.index("train") :] for line in LINES if "train" in line and "spacy" in line]
    assert len(by_config) == 3
    for line in by_config:
        config = spacy.util.load_config(ROOT / line[1])
        for override in (part.removeprefix("--") for part in line[2:] if re.match(r"--\w+\.", part)):
            *sections, key = override.split(".")
            section = config
            for name in sections:
                section = section[name]
            assert key in section, override


def test_assets_are_pinned_to_a_commit_and_say_licence_and_size():
    for asset in PROJECT["assets"]:
        is_dump = asset["url"].startswith("https://dumps.wikimedia.org/")
        assert is_dump or re.match(r"https://.*/[0-9a-f]{40}/", asset["url"]), asset["dest"]
        assert asset.get("extra", False) == is_dump, "dumps are large: only with --extra"
        assert re.search(r" [MG]B$", asset["description"]), asset["dest"]
    sets = {asset["dest"].split("/")[2]: "" for asset in PROJECT["assets"]}
    for asset in PROJECT["assets"]:
        sets[asset["dest"].split("/")[2]] += asset["description"]
    assert all(re.search("CC |MIT|CC0|[Ll]icence unclear", text) for text in sets.values())


# where an asset lies among the shared data
SHARED = {
    "gsd": "ner_ja_ud_gsd/spacy/{name}",
    "jacred": "rc_ja_jacred/{name}",
    "wikineural": "ner_multi_wikineural/{folder}/{name}",
    "kbp37": "rc_en_kbp37/{name}",
    "relx": "rc_multi_relx/{name}",
    "textent": "typing_en_textent_figer/{name}",
}


@pytest.mark.shared
def test_checksums_are_those_of_the_files(shared):
    checked = 0
    for asset in PROJECT["assets"]:
        folder, name = Path(asset["dest"]).parent, Path(asset["dest"]).name
        place = SHARED.get(asset["dest"].split("/")[2], "none").format(name=name, folder=folder.name)
        for path in (shared / "data" / place, shared / "data" / f"{place}.gz"):
            if path.is_file():
                data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
                assert hashlib.md5(data).hexdigest() == asset["checksum"], asset["dest"]
                checked += 1
    assert checked == sum("checksum" in asset for asset in PROJECT["assets"]) == 16


def test_the_readme_has_the_table_of_the_project():
    """python -m spacy project document . --output README.md"""
    command = [sys.executable, "-m", "spacy", "project", "document", str(ROOT), "--output", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf8")
    start, end = "<!-- WEASEL: AUTO-GENERATED DOCS START", "<!-- WEASEL: AUTO-GENERATED DOCS END"
    ours, found = ((text[text.index(start) : text.index(end)]).strip() for text in (README, done.stdout))
    assert ours == found, "run: python -m spacy project document . --output README.md"


def test_python_versions_are_those_of_setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf8")
    (oldest, newest) = runner.OLDEST, runner.NEWEST
    assert config["options"]["python_requires"] == f">=3.{oldest[1]},<3.{newest[1] + 1}"
    assert set(runner.EXTRAS.split(",")) <= set(config["options.extras_require"])


@pytest.mark.parametrize("version", [(3, 9, 1), (3, 13, 0), (2, 7, 18)])
def test_another_python_is_told_which_to_take(version):
    with pytest.raises(SystemExit, match=rf"Python {version[0]}\.{version[1]},.*3\.10 to 3\.12.*python3\.12 run\.py"):
        runner.check_python(version)


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 11, 7), (3, 12, 9)])
def test_these_pythons_are_right(version):
    runner.check_python(version)


@pytest.mark.parametrize("arguments", [[], ["tests"], ["--help"]])
def test_run_without_a_command_shows_the_commands(arguments):
    with pytest.raises(SystemExit, match="run.py smoke"):
        runner.main(arguments)


def test_the_environment_is_made_once(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(runner, "ENV", tmp_path / "env")
    monkeypatch.setattr(runner, "STAMP", tmp_path / "env" / "stamp")

    def call(command, cwd=None, env=None):
        calls.append(command)
        runner.env_python().parent.mkdir(parents=True, exist_ok=True)
        runner.env_python().touch()
        return 0

    monkeypatch.setattr(runner.subprocess, "call", call)
    assert runner.main(["test", "-k", "ladder"]) == 0
    assert [command[-1] for command in calls] == [str(tmp_path / "env"), ".[ja,convert,test]", "ladder"]
    assert runner.main(["smoke"]) == 0
    assert calls[3:] == [[str(runner.env_python()), "-m", "spacy", "project", "run", "smoke"]]
    (tmp_path / "env" / "stamp").write_text("another setup.cfg")
    runner.main(["test"])
    assert len(calls) == 4 + 3


def test_a_failed_installation_is_not_taken_for_a_good_one(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "ENV", tmp_path / "env")
    monkeypatch.setattr(runner, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(runner.subprocess, "call", lambda command, cwd=None, env=None: int("pip" in command))
    with pytest.raises(SystemExit, match="pip could not install"):
        runner.main(["test"])
    assert not (tmp_path / "stamp").exists()


def test_the_ci_script_is_bash():
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_scores_of_entities_come_from_the_scored_spans():
    nlp = spacy.blank("en")
    doc = nlp("Ada met Bob")
    spans = [Span(doc, 0, 1, "PERSON"), Span(doc, 0, 1, "ORG"), Span(doc, 0, 2, "PERSON")]
    doc.spans["luke_ner"] = SpanGroup(doc, spans=spans, attrs={"scores": numpy.array([0.7, 0.2, 0.1], "f")})
    doc.ents = [Span(doc, 0, 1, "PERSON"), Span(doc, 2, 3, "PERSON")]
    assert entity_scores(doc) == [pytest.approx(0.7), 0.0]


def test_links_come_with_their_labels_and_probabilities():
    nlp = spacy.blank("en")
    doc = nlp("Ada met Bob in Paris")
    spans = [Span(doc, 0, 1, "PERSON", kb_id="Q1"), Span(doc, 2, 3, "PERSON", kb_id="NIL"), Span(doc, 4, 5, "LOC", kb_id="Q2")]
    doc.ents = [*spans[:2], Span(doc, 3, 4, "X"), spans[2]]
    assert entity_links(doc, nlp) == [""] * 4
    nlp.add_pipe("luke_linker").kb.add_entities([{"id": "Q1", "labels": {"ja": "エイダ", "en": "Ada L."}}, {"id": "Q2"}])
    attrs = {"candidates": [["Q7", "Q1"], [], ["Q2"]], "scores": [[0.2, 0.7], [], [0.99]], "nil": [0.1, 1.0, 0.01]}
    doc.spans["luke_linker"] = SpanGroup(doc, spans=spans, attrs=attrs)
    assert entity_links(doc, nlp) == ["Q1 Ada L. (0.70)", "NIL (1.00)", "", "Q2 (0.99)"]
    nlp.lang = "xx"
    assert entity_links(doc, nlp)[0] == "Q1 Ada L. (0.70)"
    nlp.lang = "ja"
    assert entity_links(doc, nlp)[0] == "Q1 エイダ (0.70)"


def test_a_missing_wheel_and_a_failed_step_say_so(tmp_path):
    with pytest.raises(ValueError, match="LK765.*ja_luke_smoke"):
        find_wheel(tmp_path, "ja_luke_smoke")
    (tmp_path / "ja_luke_smoke-0.1.0-py3-none-any.whl").touch()
    assert find_wheel(tmp_path, "ja_luke_smoke").name.startswith("ja_luke_smoke-0.1.0")
    with pytest.raises(ValueError, match="LK766.*Looking.*exit code 3"):
        run("Looking", sys.executable, "-c", "raise SystemExit(3)")


def test_types_and_relations_are_shown():
    doc = spacy.blank("en")("Ada met Bob")
    ada, bob = doc.ents = [Span(doc, 0, 1, "PERSON"), Span(doc, 2, 3, "PERSON")]
    assert entity_types(doc) == ["", ""] and relations(doc) == []
    set_types(doc, [(ada, {"/person/author": 0.9, "/person": 0.8, "/personal": 0.6}), (bob, {"/person": 0.7})])
    set_relations(doc, [(ada, bob, "knows", 0.66)])
    assert entity_types(doc) == ["/person/author, /personal", "/person"]
    assert relations(doc) == ["0.66  Ada  knows  Bob"]


def test_a_local_copy_can_be_named_on_the_command_line(tmp_path):
    for name in ("ja_gsd-ud-train.ne.spacy", "ja_gsd-ud-dev.ne.spacy"):
        (tmp_path / name).touch()
    command = ["run", "ja-entities", str(ROOT), "--vars.data", "gsd", "--vars.data_path", str(tmp_path), "--dry"]
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "project", *command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert f"scripts/ner_data.py gsd {tmp_path} corpus/gsd" in done.stdout
