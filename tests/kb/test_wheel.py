"""A knowledge base as a package of its own: a wheel that pip takes, found by its name."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest
import spacy
import spacy.cli
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.cli.release import requirements
from spacy_luke.kb import MMapKB
from spacy_luke.kb.installed import find_installed, package_of
from spacy_luke.kb.loaders import build_mmap_kb_v1
from spacy_luke.kb.verify import verify_kb
from spacy_luke.kb.wheel import write_wheel

from .make import everything, make_kb

NAME = "kb_of_the_test"
NLP = spacy.blank("xx")


def install(wheel, target):
    """As everybody does it; without network."""
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--upgrade", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", target, wheel], check=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return make_kb(tmp_path_factory.mktemp("kb") / "kb")


@pytest.fixture(scope="module")
def installed(path, tmp_path_factory):
    """The directory where pip has put it."""
    folder = tmp_path_factory.mktemp("wheel")
    args = ["luke", "kb", "package", path, folder, "--name", NAME, "--version", "1.0", "--license", "CC0\n1.0"]
    result = CliRunner().invoke(spacy.cli.app, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    [wheel] = folder.iterdir()
    assert wheel.name == f"{NAME}-1.0-py3-none-any.whl"
    install(wheel, folder / "site")
    return folder / "site"


def test_its_name_stands_for_its_directory(path, installed, monkeypatch):
    assert find_installed(NAME) is None
    monkeypatch.syspath_prepend(installed)
    assert find_installed(NAME) == installed / NAME / "kb" and package_of(installed / NAME / "kb") == (NAME, "1.0")
    assert everything(MMapKB.open(NLP.vocab, NAME)) == everything(MMapKB.open(NLP.vocab, path))
    assert verify_kb(installed / NAME / "kb") == [] and NAME not in sys.modules
    text = (installed / f"{NAME}-1.0.dist-info" / "METADATA").read_text()
    assert "\nLicense: CC0 1.0\nRequires-Dist: spacy-luke>=" in text
    assert package_of(path) is None and find_installed("json") is None and find_installed("no name") is None


def test_what_points_to_it_names_the_package(path, installed, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    kb = build_mmap_kb_v1(NAME, carry=False)(NLP.vocab)
    kb.add_entities([{"id": "mine", "labels": {"en": "Mine"}}])
    kb.to_disk(tmp_path / "saved")
    assert str(installed) not in (tmp_path / "saved" / "manifest.json").read_text()
    again = MMapKB(NLP.vocab, 0).from_disk(tmp_path / "saved")
    assert everything(again) == everything(kb) and not again.carry and verify_kb(tmp_path / "saved") == []
    again.to_disk(tmp_path / "again")
    assert (tmp_path / "again" / "manifest.json").read_text() == (tmp_path / "saved" / "manifest.json").read_text()

    other = make_kb(tmp_path / "other", vector_dtype="float32")
    install(write_wheel(other, tmp_path, name=NAME, version="2.0"), tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(ValueError, match=f"LK355.*{NAME} 1.0, but 2.0 is installed"):
        MMapKB.open(NLP.vocab, tmp_path / "saved")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=f"LK354.*pip install '{NAME}==1.0'"):
        MMapKB.open(NLP.vocab, tmp_path / "saved")
    assert "LK354" in verify_kb(tmp_path / "saved")[0]
    with pytest.raises(ValueError, match="LK302"):
        MMapKB.open(NLP.vocab, NAME)


def test_a_released_pipeline_requires_it(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("luke_linker")
    linker.set_kb(build_mmap_kb_v1(NAME, carry=False))
    assert requirements(nlp)[-1] == f"{NAME}==1.0"
    linker.kb.carry = True
    assert NAME not in "".join(requirements(nlp))


def test_a_wheel_is_the_same_on_every_day(path, tmp_path):
    wheels = [write_wheel(path, tmp_path / day, name=NAME, version="1.0rc1") for day in ("today", "tomorrow")]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as archive:
        names = archive.namelist()
        record = archive.read(f"{NAME}-1.0rc1.dist-info/RECORD").decode()
    assert [line.split(",")[0] for line in record.splitlines()] == names


@pytest.mark.parametrize(
    "name, version", [("Upper", "1.0"), ("a-b", "1.0"), ("1a", "1.0"), ("a", "one"), ("../a", "1.0"), ("", "1")]
)
def test_bad_names(path, tmp_path, name, version):
    with pytest.raises(ValueError, match="LK356"):
        write_wheel(path, tmp_path / "out", name=name, version=version)
    assert not (tmp_path / "out").exists()


def test_additions_are_not_left_behind(path, tmp_path):
    kb = MMapKB.open(NLP.vocab, path)
    kb.add_entities([{"id": "mine"}])
    kb.to_disk(tmp_path / "kb")
    with pytest.raises(ValueError, match="LK353.*kb merge"):
        write_wheel(tmp_path / "kb", tmp_path, name=NAME, version="1.0")
