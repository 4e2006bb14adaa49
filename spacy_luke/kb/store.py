"""Directories and files that are either whole or not there.

Everything is written beside its target as `NAME.incomplete`, flushed to the disk (fsync) and then
renamed. A single file is replaced in one step. A directory cannot be: the old one is first moved to
`NAME.old`, and should the process die between the two renames, `find_directory` still finds it there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import Errors

MANIFEST = "manifest.json"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _fsync(path: Path) -> None:
    """Flush a file or a directory's list of names; Windows cannot open directories and needs no flush."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_file(path: Path, **how) -> Iterator[IO]:
    """A file to write to that takes the place of `path` when the block ends without an error.
    how: encoding and the like, as of `open`; bytes where no encoding is given."""
    path = Path(path).absolute()
    incomplete = _beside(path, ".incomplete")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(incomplete, "w" if "encoding" in how else "wb", **how) as file:
            yield file
        _fsync(incomplete)
        os.replace(incomplete, path)
        _fsync(path.parent)
    finally:
        incomplete.unlink(missing_ok=True)


@contextmanager
def new_directory(path: Path, kind: str, version: int, about: dict) -> Iterator[Path]:
    """A directory to fill that takes the place of `path` when the block ends without an error.
    about: what the manifest says beside kind, version and the sizes of all files; may be filled
    inside the block. Raises LK301 where `path` is there and is neither empty nor a store of this
    kind: nothing else is ever replaced."""
    path = Path(path).absolute()
    incomplete, old = _beside(path, ".incomplete"), _beside(path, ".old")
    if path.exists() and not _may_replace(path, kind):
        raise ValueError(Errors.LK301.format(path=path, kind=kind))
    shutil.rmtree(incomplete, ignore_errors=True)
    incomplete.mkdir(parents=True)
    try:
        yield incomplete
        files = sorted(file for file in incomplete.rglob("*") if file.is_file())
        sizes = {file.relative_to(incomplete).as_posix(): file.stat().st_size for file in files}
        manifest = {"kind": kind, "version": version, **about, "files": sizes}
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        (incomplete / MANIFEST).write_text(text, encoding="utf8")
        for file in [*files, incomplete / MANIFEST, *{file.parent for file in files}, incomplete]:
            _fsync(file)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
            os.rename(path, old)
        os.rename(incomplete, path)
        _fsync(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(incomplete, ignore_errors=True)


def _may_replace(path: Path, kind: str) -> bool:
    """An empty directory or an older store of the same kind, whatever its version and state."""
    if not path.is_dir():
        return False
    try:
        return json.loads((path / MANIFEST).read_text(encoding="utf8"))["kind"] == kind
    except (OSError, ValueError, KeyError, TypeError):
        return not any(path.iterdir())


def find_directory(path: Path) -> Path:
    """Where the store really is: `path`, or `path.old` after a replacement that was cut short."""
    path = Path(path).absolute()
    old = _beside(path, ".old")
    return old if not path.exists() and old.exists() else path


def read_manifest(path: Path, kind: str, version: int) -> dict:
    """The manifest of the store in `path`, after a look at the sizes of its files (they are not read).
    Raises LK302 no such store, LK303 another kind or version, LK304 a file missing or cut off."""
    file = path / MANIFEST
    if not file.is_file():
        raise ValueError(Errors.LK302.format(path=path, kind=kind))
    try:
        manifest = json.loads(file.read_text(encoding="utf8"))
        found = (manifest["kind"], manifest["version"])
        sizes = dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as e:
        raise ValueError(Errors.LK302.format(path=path, kind=kind)) from e
    if found != (kind, version):
        raise ValueError(Errors.LK303.format(path=path, found=found, kind=kind, version=version))
    for name, size in sizes.items():
        real = (path / name).stat().st_size if (path / name).is_file() else "none"
        if real != size:
            raise ValueError(Errors.LK304.format(path=path / name, found=real, expected=size))
    return manifest
