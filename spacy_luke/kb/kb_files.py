"""What lies in the directory of a knowledge base, written by build.py, read by kb_base.py.

    ids/            StringIndex: entity id -> entity row
    aliases/        StringIndex: alias -> where its links are
    forms/          StringIndex: alias in its normal form -> where the links of all aliases of that form are
    links.bin       blocks of links (links.LINK), one for each alias, best prior first; behind them one for
                    each normal form with several aliases; a form with one alias uses that alias's block
    info.bin        JSON of each entity: labels, description, types
    info.npy        (entities + 1,) uint64, where each entity's JSON starts
    counts.npy      (entities,) int64, popularity, -1 = unknown
    vectors.npy     (entities, width) float16 or float32                              optional
    has_vector.npy  (entities,) bool                                                  with vectors.npy
    biases.npy      (entities,) float32, see MMapKB.biases_of                         optional
    additions.jsonl what was added in memory since (overlay.py)                       optional, not in the manifest

Where links are = first link * 2**16 + how many links, one number: a look-up needs no table of starts, which
would become resident. A knowledge base may also point to another directory, which is then only named.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from ..errors import Errors
from .installed import find_installed, package_of
from .store import MANIFEST, find_directory, new_directory, read_manifest

KIND, VERSION = "spacy_luke.kb", 1
ADDITIONS = "additions.jsonl"
LENGTH_BITS = 16
LONGEST = 2**LENGTH_BITS - 1  # links of one alias; those with the lowest priors are left out


def places_of(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(aliases,) int64 the numbers that stand for these blocks of links."""
    return (first.astype(np.int64) << LENGTH_BITS) | lengths.astype(np.int64)


def blocks_at(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First link and how many of each block; none for the number -1."""
    return np.where(places < 0, 0, places >> LENGTH_BITS), np.where(places < 0, 0, places & LONGEST)


def sha256(path: Path) -> str:
    """Checksum of a file, read in parts."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def manifest_sha256(home: Path) -> str:
    """Stands for the whole store: the manifest holds the checksums of the other files."""
    return sha256(home / MANIFEST)


def checksums(home: Path, names: Collection[str] | None = None) -> dict[str, str]:
    """Of all files below `home`, or of those of these names."""
    files = sorted(file for file in home.rglob("*") if file.is_file() and (names is None or file.name in names))
    return {file.relative_to(home).as_posix(): sha256(file) for file in files}


def find_base(path: Path) -> tuple[Path, dict]:
    """The directory that really holds the base that `path` is or points to, and its manifest.
    Raises LK302 to LK304, LK330 for a knowledge base of spaCy, LK331 and LK332 for a pointer to one that
    is gone or was changed, LK354 and LK355 for a package that is not installed or is another one."""
    home = find_directory(path)
    if not (home / MANIFEST).is_file() and (home / "contents").is_file():
        raise ValueError(Errors.LK330.format(path=path))
    manifest = read_manifest(home, KIND, VERSION)
    if "points_to" not in manifest:
        return home, manifest
    if isinstance(manifest["points_to"], dict):
        return _in_package(path, manifest)
    target = find_directory(Path(manifest["points_to"]))
    if not (target / MANIFEST).is_file():
        raise ValueError(Errors.LK331.format(path=path, target=target))
    if manifest_sha256(target) != manifest["manifest_sha256"]:
        raise ValueError(Errors.LK332.format(path=path, target=target))
    return target, read_manifest(target, KIND, VERSION)


def _in_package(path: Path, manifest: dict) -> tuple[Path, dict]:
    package, version = manifest["points_to"]["package"], manifest["points_to"]["version"]
    target = find_installed(package)
    if target is None:
        raise ValueError(Errors.LK354.format(path=path, package=package, version=version))
    if manifest_sha256(target) != manifest["manifest_sha256"]:
        found = (package_of(target) or ("", "another build"))[1]
        raise ValueError(Errors.LK355.format(path=path, package=package, version=version, found=found))
    return target, read_manifest(target, KIND, VERSION)


def copy_base(home: Path, manifest: dict, out: Path) -> None:
    """The same base in another directory, by hard links where the file system can: no file of a store is
    ever changed in place."""
    about = {key: value for key, value in manifest.items() if key not in ("kind", "version", "files")}
    with new_directory(out, KIND, VERSION, about) as new:
        link_files(home, manifest["files"], new)


def link_files(home: Path, names: Iterable[str], new: Path) -> None:
    """The same files in another directory, by hard links or as copies."""
    for name in names:
        (new / name).parent.mkdir(exist_ok=True)
        try:
            os.link(home / name, new / name)
        except OSError:
            shutil.copyfile(home / name, new / name)


def write_pointer(home: Path, out: Path) -> None:
    """A directory that only says where the base is, and by which checksum to know it: its path or, if it was installed
    as a package, the name of that."""
    package = package_of(home)
    target = str(home) if package is None else dict(zip(("package", "version"), package))
    with new_directory(out, KIND, VERSION, {"points_to": target, "manifest_sha256": manifest_sha256(home)}):
        pass


def seal(about: dict) -> str:
    """Checksum over what the manifest says beside sizes, so that a flipped byte in it is found as well."""
    rest = {key: value for key, value in about.items() if key not in ("kind", "version", "files", "seal")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
