"""python -m spacy luke release and selftest: a pipeline becomes something to publish."""

from __future__ import annotations

import json
import shutil

import pytest
import spacy
import spacy.cli
import srsly
from typer.testing import CliRunner

from spacy_luke.about import __version__
from spacy_luke.cli.release import release, requirements
from spacy_luke.cli.selftest import selftest

from ..joint import TRAIN_JA, expected, found
from ..releasing import CARD, SCORES, make_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("release"))


@pytest.fixture
def released(folder, tmp_path):
    release(folder / "model", tmp_path / "out", folder / "card.yml", metrics=folder / "scores.json")
    return tmp_path / "out"


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", *map(str, args)])


def test_a_released_pipeline_does_what_it_did(folder, released):
    nlp = spacy.load(released)
    assert [found(nlp(row[0])) for row in TRAIN_JA] == [expected(row) for row in TRAIN_JA]
    assert selftest(released) == 2


def test_meta(released):
    meta = json.loads((released / "meta.json").read_text(encoding="utf8"))
    assert (meta["lang"], meta["name"], meta["version"]) == ("ja", "luke_tiny_sm", __version__)
    assert (meta["license"], meta["author"], meta["description"]) == ("CC BY-SA 4.0", "somebody", "Knows two sentences.")
    assert meta["sources"] == CARD["sources"]
    assert meta["performance"] == {key: value for key, value in SCORES.items() if value is not None}
    major, minor, _ = __version__.split(".")
    assert meta["requirements"][0] == f"spacy-luke>={__version__},<{major}.{int(minor) + 1}.0"
    assert [r.split("<")[0].split(">")[0] for r in meta["requirements"][1:]] == ["sudachipy", "sudachidict_core"]


@pytest.mark.parametrize("tokenizer, needs", [("spacy.ja.JapaneseTokenizer", True), ("spacy.Tokenizer.v1", False)])
def test_words_of_sudachi_need_sudachi_in_any_language(tokenizer, needs):
    nlp = spacy.blank("xx", config={"nlp": {"tokenizer": {"@tokenizers": tokenizer}}})
    assert any(line.startswith("sudachipy") for line in requirements(nlp)) == needs


def test_the_card_says_it_all(released):
    text = (released / "README.md").read_text(encoding="utf8")
    assert text.startswith("# ja_luke_tiny_sm")  # a hub adds its own header
    for said in (
        "pip install ja_luke_tiny_sm",
        "| named entities, F1 | 66.7 |",
        "1,234 words a second on two cores.",
        "| [two \\| sentences](https://example.org/two) | training | CC0 |  |",
        "- All but two sentences.",
        "| 東京は日本の首都です。 | 日本 | LOC | Q3 |",
        "| knowledge base of `luke_linker` | 4 entities |",
        "Labels of `luke_ner` (2): `LOC`, `PERSON`",
    ):
        assert said in text
    assert "two | sentences\n    used_for: training\n    license: CC0" in (released / "LICENSES_SOURCES").read_text()
    assert (released / "LICENSE").read_text() == "Do good with it."


def test_no_path_of_this_machine_is_left(folder, released):
    files = [file for file in released.rglob("*") if file.is_file()]
    assert not [file for file in files if str(folder).encode() in file.read_bytes()]
    assert spacy.util.load_config(released / "config.cfg")["components"]["luke"]["model"]["name"] == "a tiny encoder"


def test_half_the_room(folder, released, tmp_path):
    release(folder / "model", tmp_path / "half", folder / "card.yml", weights="float16")
    full, half = ((path / "luke" / "encoder.safetensors").stat().st_size for path in (released, tmp_path / "half"))
    assert selftest(tmp_path / "half") == 2
    shim = spacy.load(tmp_path / "half").get_pipe("luke").model.shims[0]
    weights = sum(value.numel() for value in shim.encoder.state_dict().values())
    assert 2 * weights <= full - half < 2 * weights + 200  # the header is a little shorter, too
    exact = spacy.load(released).get_pipe("luke").model.shims[0].encoder.state_dict()
    for name, value in shim.encoder.state_dict().items():
        assert value.equal(exact[name].half().float())
    assert "stored as float16" in (tmp_path / "half" / "README.md").read_text(encoding="utf8")


def test_a_knowledge_base_inside_or_beside(folder, released, tmp_path):
    inside = json.loads((released / "luke_linker" / "kb" / "manifest.json").read_text())
    assert "points_to" not in inside and inside["files"]
    release(folder / "model", tmp_path / "beside", folder / "card.yml", kb="beside")
    manifest = json.loads((tmp_path / "beside" / "luke_linker" / "kb" / "manifest.json").read_text())
    assert manifest["points_to"]
    assert selftest(tmp_path / "beside") == 2


@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_the_commands(folder, tmp_path, weights):
    out = tmp_path / "out"
    args = ["release", folder / "model", out, "--card", folder / "card.yml", "--version", "1.2.3", "--weights", weights]
    result = run(*args)
    assert result.exit_code == 0 and "ja_luke_tiny_sm" in result.output
    assert "LK720" in run(*args).output and run(*args, "--force").exit_code == 0
    assert srsly.read_json(out / "meta.json")["version"] == "1.2.3"
    assert "Not measured." in (out / "README.md").read_text(encoding="utf8")
    result = run("selftest", out)
    assert result.exit_code == 0 and "2 texts" in result.output


def test_what_is_no_pipeline_stays(folder, tmp_path):
    (tmp_path / "dear.txt").write_text("dear")
    with pytest.raises(ValueError, match="LK775"):
        release(folder / "model", tmp_path, folder / "card.yml", force=True)
    assert (tmp_path / "dear.txt").read_text() == "dear"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"license": ""}, "license"),
        ({"name": None, "sources": []}, "name, sources"),
        ({"sources": [{"name": "x", "used_for": "training"}]}, "license of source 1"),
        ({"sources": "none"}, "sources as a list"),
        ({"name": "日本 語"}, "a name of the letters a to z"),
        ({"sources": ["x"]}, "name of source 1, license of source 1, used_for of source 1"),
    ],
)
def test_a_card_that_lacks_something(folder, tmp_path, change, said):
    srsly.write_yaml(tmp_path / "card.yml", {**CARD, **change})
    with pytest.raises(ValueError, match=f"LK770.*lacks: {said}"):
        release(folder / "model", tmp_path / "out", tmp_path / "card.yml")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["- a list", "a: [", "text"])
def test_what_is_no_card(folder, tmp_path, text):
    (tmp_path / "card.yml").write_text(text)
    with pytest.raises(ValueError, match="LK770"):
        release(folder / "model", tmp_path / "out", tmp_path / "card.yml")


@pytest.mark.parametrize("text", ["[1]", "{"])
def test_what_are_no_scores(folder, tmp_path, text):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(ValueError, match="LK771"):
        release(folder / "model", tmp_path / "out", folder / "card.yml", metrics=tmp_path / "scores.json")


def _change(path, key, value):
    content = srsly.read_json(path)
    (content[0] if isinstance(content, list) else content)[key] = value
    srsly.write_json(path, content)


def test_a_self_test_that_fails(released, tmp_path):
    for number, (file, key, value, code) in enumerate(
        [
            ("selftest.json", "ents", [[0, 2, "LOC", "Q2"]], "LK772.*Q2.*Q1"),
            ("selftest.json", "relations", [], "LK772"),
            ("meta.json", "requirements", ["spacy-luke>=99"], f"LK773.*spacy-luke>=99, but {__version__}"),
            ("meta.json", "requirements", ["no-such-package"], "LK773.*nothing is installed"),
        ]
    ):
        copy = shutil.copytree(released, tmp_path / str(number))
        _change(copy / file, key, value)
        with pytest.raises(ValueError, match=code):
            selftest(copy)
        assert run("selftest", copy).exit_code == 1
    (released / "LICENSES_SOURCES").unlink()
    with pytest.raises(ValueError, match="LK774.*LICENSES_SOURCES"):
        selftest(released)


def test_the_fuzzy_candidates_of_a_linker_are_required(folder, tmp_path):
    nlp = spacy.blank("en")
    generator = {"@misc": "spacy_luke.CandidateGenerator.v1", "fuzzy": 0.9}
    nlp.add_pipe("luke_linker", config={"get_candidates": generator})
    assert [r.split("<")[0].split(">")[0] for r in requirements(nlp)] == ["spacy-luke", "rapidfuzz"]
