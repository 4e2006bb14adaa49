"""A released pipeline as a wheel: complete, at home in a fresh environment, fit for the Hugging Face hub."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import srsly
from spacy.cli.package import package

from spacy_luke.about import __version__
from spacy_luke.cli.release import release
from spacy_luke.cli.selftest import selftest

from .releasing import CARD, make_folder

NAME = "ja_luke_tiny_sm"
pytestmark = pytest.mark.slow
pytest.importorskip("try_package", reason="the scripts are not here")

# The self-test where every connection fails.
OFFLINE = f"""
import socket

def refuse(*_):
    raise OSError("no network here")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import {NAME}, spacy_luke
from spacy_luke.cli.selftest import selftest
print(selftest("{NAME}"), {NAME}.__version__, {NAME}.__file__, spacy_luke.__file__)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With wheels/, the wheel of the pipeline in it, and out/, what it was made from."""
    folder = make_folder(tmp_path_factory.mktemp("wheel"))
    release(folder / "model", folder / "out", folder / "card.yml", metrics=folder / "scores.json", weights="float16")
    package(folder / "out", folder, create_sdist=False, require_parent=True)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder / "wheels")]
    subprocess.run([*pip, str(folder / f"{NAME}-{__version__}")], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(folder):
    return folder / "wheels" / f"{NAME}-{__version__}-py3-none-any.whl"


def test_it_carries_everything(folder, wheel):
    data = f"{NAME}/{NAME}-{__version__}/"
    with zipfile.ZipFile(wheel) as found:
        inside = {name.removeprefix(data) for name in found.namelist() if name.startswith(data)}
        of_files = {name: found.read(data + name) for name in inside}
    released = {f.relative_to(folder / "out").as_posix(): f.read_bytes() for f in (folder / "out").rglob("*") if f.is_file()}
    assert inside == set(released)
    assert {name for name in inside if of_files[name] != released[name]} == {"meta.json"}
    assert {"luke/model", "luke_linker/kb/manifest.json", "LICENSES_SOURCES", "LICENSE", "README.md"} <= inside


def test_it_says_what_it_needs_and_is(wheel):
    with zipfile.ZipFile(wheel) as found:
        metadata = Parser().parsestr(found.read(f"{NAME}-{__version__}.dist-info/METADATA").decode())
        entry_points = found.read(f"{NAME}-{__version__}.dist-info/entry_points.txt").decode()
    required = [line.split(";")[0].replace(" ", "") for line in metadata.get_all("Requires-Dist")]
    assert [r.split("<")[0].split(">")[0] for r in required] == ["spacy-luke", "sudachipy", "sudachidict_core", "spacy"]
    major, minor, _ = __version__.split(".")
    assert set(required[0].removeprefix("spacy-luke").split(",")) == {f">={__version__}", f"<{major}.{int(minor) + 1}.0"}
    assert metadata["License"] == CARD["license"] and metadata["Summary"] == CARD["description"]
    assert "## Data and licences" in metadata.get_payload()
    assert f"{NAME} = {NAME}" in entry_points


def test_it_passes_its_self_test_in_a_fresh_environment_without_network(folder, wheel, tmp_path):
    from try_package import build_own_wheel, install, make_env

    build_own_wheel(wheel.parent)
    python = make_env(tmp_path / "env")
    install(python, wheel.parent, [NAME])
    done = subprocess.run([python, "-I", "-c", OFFLINE], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    texts, version, *files = done.stdout.split()
    assert (texts, version) == ("2", __version__)
    assert all(Path(file).is_relative_to(tmp_path / "env") for file in files)


def test_the_hugging_face_hub_takes_it(wheel, tmp_path, monkeypatch):
    """spacy-huggingface-hub unpacks the wheel, writes its header and hands a folder over; only the hub is not asked."""
    push = pytest.importorskip("spacy_huggingface_hub.push", reason="spacy-huggingface-hub is not installed")
    there = tmp_path / NAME
    monkeypatch.setattr(push, "HfApi", lambda: type("Api", (), {"create_repo": staticmethod(lambda **_: None)}))
    monkeypatch.setattr(push, "whoami", lambda: {"name": "somebody"})

    def upload(repo_id, folder_path, **_):
        shutil.copytree(folder_path, there)
        return f"https://huggingface.co/{repo_id}/tree/main"

    monkeypatch.setattr(push, "upload_folder", upload)
    told = push.push(wheel, silent=True)
    assert told["whl_url"].endswith(f"somebody/{NAME}/resolve/main/{NAME}-any-py3-none-any.whl")
    _, header, text = (there / "README.md").read_text(encoding="utf8").split("---\n", 2)
    header = srsly.yaml_loads(header)
    assert header["language"] == ["ja"] and header["license"] == "cc-by-sa-4.0" and "spacy" in header["tags"]
    [model] = header["model-index"]
    assert model["name"] == NAME
    assert [metric["value"] for metric in model["results"][0]["metrics"]] == [1.0, 0.5, 0.6667]
    assert text.startswith(f"# {NAME} {__version__}") and "---" not in text.split("## Use")[0]
    assert selftest(there) == 2
