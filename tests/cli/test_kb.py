"""python -m spacy luke kb ..., on spaCy's own app."""

from __future__ import annotations

import json

import pytest
import spacy
import spacy.cli
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.kb import MMapKB

from ..kb.make import ENTITIES, LINKS, make_kb


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", "kb", *map(str, args)])


def opened(path) -> MMapKB:
    return MMapKB.open(spacy.blank("xx").vocab, path)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES))
    (tmp_path / "a.tsv").write_text("".join(f"{alias}\t{id}\t{count}\n" for alias, id, count in LINKS))
    return tmp_path


def test_the_commands_are_listed():
    output = run("--help").output
    assert all(command in output for command in ("build", "info", "merge", "verify", "export"))
    assert "alias TAB id TAB count" in run("build", "--help").output


def test_build_info_verify_export_merge(files):
    result = run("build", files / "kb", "-e", files / "e.jsonl", "-a", files / "a.tsv")
    assert result.exit_code == 0, result.output
    assert "3 x float16" in result.output
    kb = opened(files / "kb")
    kb.add_entities([{"id": "new", "labels": {"en": "Japan"}}])
    kb.to_disk(files / "kb")
    result = run("info", files / "kb")
    assert result.exit_code == 0 and "1 entities, 0 aliases" in result.output
    result = run("info", files / "kb", "Q17", "japan")
    assert result.exit_code == 0 and "island country" in result.output and "3 candidates" in result.output
    assert run("info", files / "kb", "nobody").exit_code == 1
    assert run("export", files / "kb", files / "files").exit_code == 0
    assert '"new"' in (files / "files" / "entities.jsonl").read_text()
    assert run("merge", files / "kb").exit_code == 0
    assert len(opened(files / "kb").base) == 5
    assert run("verify", files / "kb").exit_code == 0
    content = (files / "kb" / "info.bin").read_bytes()
    (files / "kb" / "info.bin").write_bytes(content.replace(b"island", b"Island"))
    result = run("verify", files / "kb")
    assert result.exit_code == 1 and "info.bin" in "".join(result.output.split())


def test_float32_and_a_vector_file(files):
    import numpy as np

    np.save(files / "v.npy", np.full((4, 2), 0.1, "f4"))
    entities = [json.dumps({**entity, "vector": None}) for entity in ENTITIES]
    (files / "e.jsonl").write_text("\n".join(entities) + "\n")
    result = run("build", files / "kb", "-e", files / "e.jsonl", "--vectors", files / "v.npy", "--vector-dtype", "float32")
    assert result.exit_code == 0, result.output
    assert opened(files / "kb").vectors_of([3]).tolist() == [[np.float32(0.1)] * 2]


def test_what_is_refused_is_said_and_leaves_the_old_one(files):
    make_kb(files / "kb")
    (files / "a.tsv").write_text("Japan\tQ17\tmany\n")
    for command, said in [
        (["build", files / "kb", "-a", files / "a.tsv"], "LK311"),
        (["build", files / "kb"], "LK350"),
        (["info", files], "LK302"),
        (["merge", files], "LK302"),
        (["export", files, files / "out"], "LK302"),
        (["verify", files], "LK302"),
    ]:
        result = run(*command)
        assert result.exit_code == 1 and said in result.output, (command, result.output)
    assert len(opened(files / "kb")) == 4
