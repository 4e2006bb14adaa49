from __future__ import annotations

import json
import os

import pytest

from spacy_luke.kb.store import find_directory, new_directory, new_file, read_manifest

KIND = "spacy_luke.test"


def write(path, text: str) -> None:
    with new_directory(path, KIND, 1, {"text": text}) as directory:
        (directory / "sub").mkdir()
        (directory / "sub" / "file").write_text(text)


def read(path) -> str:
    home = find_directory(path)
    manifest = read_manifest(home, KIND, 1)
    assert manifest["text"] == (home / "sub" / "file").read_text()
    return manifest["text"]


def test_a_store_is_replaced_as_a_whole(tmp_path):
    write(tmp_path / "a" / "store", "old")
    write(tmp_path / "a" / "store", "new one")
    assert read(tmp_path / "a" / "store") == "new one"
    assert os.listdir(tmp_path / "a") == ["store"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_store(tmp_path, monkeypatch, error):
    write(tmp_path / "store", "old")

    def fail(handle):
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr(os, "fsync", fail)
        write(tmp_path / "store", "new one")
    assert read(tmp_path / "store") == "old"
    assert os.listdir(tmp_path) == ["store"]


def test_a_crash_between_the_renames_leaves_the_old_store(tmp_path, monkeypatch):
    write(tmp_path / "store", "old")
    rename = os.rename

    def crash(source, target):
        if target == tmp_path / "store":
            raise SystemError("the power is gone")
        rename(source, target)

    with monkeypatch.context() as patch, pytest.raises(SystemError):
        patch.setattr(os, "rename", crash)
        write(tmp_path / "store", "new one")
    assert not (tmp_path / "store").exists()
    assert read(tmp_path / "store") == "old"
    write(tmp_path / "store", "new one")
    assert read(tmp_path / "store") == "new one"
    assert os.listdir(tmp_path) == ["store"]


def test_files_of_others_are_never_replaced(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"kind": "other"}')
    (tmp_path / "empty").mkdir()
    for name in ("file", "other"):
        with pytest.raises(ValueError, match=f"LK301.*{name}"):
            write(tmp_path / name, "ours")
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "other" / "manifest.json").exists()
    write(tmp_path / "empty", "ours")
    assert read(tmp_path / "empty") == "ours"


def test_what_is_no_store(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(ValueError, match="LK302"):
            read(path)
    write(tmp_path / "store", "text")
    with pytest.raises(ValueError, match="LK303.*'spacy_luke.test', 1.*spacy_luke.next"):
        read_manifest(tmp_path / "store", "spacy_luke.next", 1)
    with pytest.raises(ValueError, match="LK303.*version 2"):
        read_manifest(tmp_path / "store", KIND, 2)
    with open(tmp_path / "store" / "sub" / "file", "a") as file:
        file.truncate(2)
    with pytest.raises(ValueError, match="LK304.*sub.file has 2 bytes.*4"):
        read(tmp_path / "store")
    (tmp_path / "store" / "sub" / "file").unlink()
    with pytest.raises(ValueError, match="LK304.*sub.file"):
        read(tmp_path / "store")
    (tmp_path / "store" / "manifest.json").write_text(json.dumps({"kind": KIND})[:-3])
    with pytest.raises(ValueError, match="LK302"):
        read(tmp_path / "store")


def test_a_file_is_whole_or_not_there(tmp_path):
    with pytest.raises(RuntimeError), new_file(tmp_path / "file", encoding="utf8") as file:
        file.write("half")
        raise RuntimeError
    assert os.listdir(tmp_path) == []
    with new_file(tmp_path / "sub" / "file") as file:
        file.write(b"whole")
    assert (tmp_path / "sub" / "file").read_bytes() == b"whole"
    assert os.listdir(tmp_path / "sub") == ["file"]
