"""Every changed byte and every cut file is found, and the file is named."""

from __future__ import annotations

import json

import pytest
import spacy

from spacy_luke.kb import MMapKB
from spacy_luke.kb.verify import verify_kb

from .make import make_kb


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = make_kb(tmp_path_factory.mktemp("verify") / "kb")
    kb = MMapKB.open(spacy.blank("xx").vocab, path)
    kb.add_entities([{"id": "new", "labels": {"en": "New"}}])
    kb.to_disk(path)
    return path


def files(path) -> list[str]:
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())


def test_all_is_well(path):
    assert verify_kb(path) == []
    assert len(files(path)) == 20


def test_a_flipped_byte_anywhere(path):
    for name in files(path):
        file = path / name
        content = file.read_bytes()
        manifest = json.loads(content) if name == "manifest.json" else None
        for place in range(0, len(content), max(1, len(content) // 60)):
            changed = bytearray(content)
            changed[place] ^= 1 << place % 8
            try:
                if manifest is not None and json.loads(changed) == manifest:
                    continue  # white space
            except ValueError:
                pass
            file.write_bytes(changed)
            problems = verify_kb(path)
            assert problems, f"{name}, byte {place}"
            if name != "manifest.json":
                assert len(problems) == 1 and str(file) in problems[0]
        file.write_bytes(content)
    assert verify_kb(path) == []


def test_a_cut_or_missing_file(path):
    for name in files(path):
        file = path / name
        content = file.read_bytes()
        if not content:
            continue
        file.write_bytes(content[: len(content) // 2])
        assert any(str(file) in problem or str(path) in problem for problem in verify_kb(path)), name
        if name not in ("manifest.json", "additions.jsonl"):
            assert [problem[:7] for problem in verify_kb(path)] == ["[LK304]"]
            with pytest.raises(ValueError, match="LK304.*" + name):
                MMapKB.open(spacy.blank("xx").vocab, path)
            file.unlink()
            assert [problem[:7] for problem in verify_kb(path)] == ["[LK304]"]
        file.write_bytes(content)


@pytest.mark.parametrize("change, code", [({"version": 2}, "LK303"), ({"kind": "x"}, "LK303"), ({"width": 4}, "LK348")])
def test_another_version(path, change, code):
    content = (path / "manifest.json").read_bytes()
    (path / "manifest.json").write_text(json.dumps({**json.loads(content), **change}))
    try:
        assert [problem[1:6] for problem in verify_kb(path)] == [code]
    finally:
        (path / "manifest.json").write_bytes(content)


def test_through_a_pointer(path, tmp_path):
    kb = MMapKB.open(spacy.blank("xx").vocab, path, carry=False)
    kb.to_disk(tmp_path / "pointer")
    assert verify_kb(tmp_path / "pointer") == []
    content = (path / "info.bin").read_bytes()
    (path / "info.bin").write_bytes(content.replace(b"Paris", b"Pariz"))
    problems = verify_kb(tmp_path / "pointer")
    (path / "info.bin").write_bytes(content)
    assert len(problems) == 1 and "info.bin" in problems[0]


def test_no_knowledge_base(tmp_path):
    assert "LK302" in verify_kb(tmp_path)[0]
