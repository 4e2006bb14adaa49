"""python -m spacy luke info"""

from __future__ import annotations

import importlib.metadata
import json

import pytest
import spacy.cli
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke import about


def run(*args) -> str:
    result = CliRunner().invoke(spacy.cli.app, ["luke", "info", *args])
    assert result.exit_code == 0, result.output
    return result.output


def test_text():
    output, installed = run(), importlib.metadata.version("torch")  # without what torch.__version__ has behind a +
    assert about.__version__ in output and installed in output and "does not fit" not in output


def test_json():
    found = json.loads(run("--json"))
    assert found["spacy_luke"] == about.__version__ and found["devices"]["cores"] >= 1
    spacy_row = found["packages"]["spacy"]
    assert spacy_row["version"] == spacy.__version__ and spacy_row["fits"] and not spacy_row["extras"]
    assert "ja" in found["packages"]["sudachipy"]["extras"]


@pytest.mark.parametrize(("installed", "fits"), [("1.0", False), (None, False), ("3.8.7", True)])
def test_what_does_not_fit_is_named(monkeypatch, installed, fits):
    version = importlib.metadata.version

    def pretended(name):
        if name == "spacy" and installed is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed if name == "spacy" else version(name)

    monkeypatch.setattr(importlib.metadata, "version", pretended)
    row = json.loads(run("--json"))["packages"]["spacy"]
    assert (row["version"], row["fits"]) == (installed, fits)
    assert ("does not fit" in run()) == (not fits)


def test_an_extra_that_is_not_installed_is_no_fault(monkeypatch):
    version = importlib.metadata.version

    def pretended(name):
        if name == "sudachipy":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", pretended)
    row = json.loads(run("--json"))["packages"]["sudachipy"]
    assert row == {"version": None, "wanted": row["wanted"], "extras": ["ja"], "fits": True}
    assert "sudachipy" not in run()
