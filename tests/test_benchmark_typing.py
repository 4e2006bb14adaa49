"""benchmarks/typing: data is made, both systems train and are scored."""

from __future__ import annotations

import bz2
import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks" / "typing"
if not FOLDER.is_dir():
    pytest.skip("benchmarks/ is not part of the wheel", allow_module_level=True)


def _module(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmarks_typing_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Of a dump with links to four towns and two people: towns are /location/city, people /person."""
    path = tmp_path_factory.mktemp("typing")
    text = "Ada was in [[Rome]] and [[Paris]]. [[Bob]] saw [[Oslo]]. [[Carl]] saw [[Bern]]."
    page = f"<page><title>Trip</title><ns>0</ns><id>1</id><text>{text}</text></page>"
    (path / "enwiki.xml.bz2").write_bytes(bz2.compress(f'<mediawiki xml:lang="en">\n{page}\n</mediawiki>'.encode()))
    header = "freebase_id\twikipedia_title\ttypes\n"
    city, person = "location-city,location", "person"
    train = [("Rome", city), ("Bob", person)]
    # is_test: sha256 says Oslo and Carl are dev, Paris and Bern test
    held_out = [("Paris", city), ("Oslo", city), ("Bern", city), ("Carl", person)]
    for name, rows in (("train.tsv", train), ("held_out.tsv", held_out)):
        (path / name).write_text(header + "".join(f"/m/1\t{title}\t{types}\n" for title, types in rows), encoding="utf8")
    tables = ["--train", path / "train.tsv", "--held-out", path / "held_out.tsv", "--out", path]
    _module("prepare").main([str(part) for part in (path / "enwiki.xml.bz2", *tables)])
    return path


def test_no_tested_entity_is_trained_on(corpus):
    prepare = _module("prepare")
    found = {}
    for split in ("train", "dev", "test"):
        records = [json.loads(line) for line in (corpus / f"{split}.json").read_text(encoding="utf8").splitlines()]
        found[split] = {r["tokens"][m["start"]]: m["labels"] for r in records for m in r["mentions"]}
    assert found["train"] == {"Rome": ["/location", "/location/city"], "Bob": ["/person"]}
    held_out = {"Paris", "Oslo", "Bern", "Carl"}
    assert set(found["test"]) == {name for name in held_out if prepare.is_test(name)} == held_out - set(found["dev"])
    assert found["dev"] and found["test"]


@pytest.mark.parametrize("system", ["luke", "spancat"])
def test_both_systems_are_trained_and_scored(corpus, xlmr, system):
    pytest.importorskip("spacy_transformers")
    files = [part for split in ("train", "dev", "test") for part in (f"--{split}", str(corpus / f"{split}.json"))]
    settings = ["--system", system, "--rate", "1e-3", "--head-rate", "1e-2", "--budget", "1", "--dtype", "float32"]
    row = _module("run").main(["figer", str(xlmr), *files, *settings])
    assert row["steps"] > 0 and row["mentions"] == len(corpus.joinpath("test.json").read_text().splitlines())
    assert 0 <= row["micro_f"] <= 100 and 0 < row["threshold"] <= 1
