"""Give a knowledge base other vectors: all other files stay the same, hard links where the file system can."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import Errors
from .kb_files import ADDITIONS, KIND, VERSION, checksums, find_base, link_files, seal
from .npy import NpyWriter
from .store import find_directory, new_directory

VECTOR_FILES = ("vectors.npy", "has_vector.npy", "biases.npy")


def check_is_base(path: str | Path) -> None:
    """Raises LK352 for a knowledge base that only points to another one, LK302 to LK304, LK330 to LK332."""
    home, _ = find_base(Path(path))
    if home != find_directory(Path(path)):
        raise ValueError(Errors.LK352.format(path=path, target=home))


def set_vectors(
    path: str | Path, parts: Iterable[tuple[np.ndarray, np.ndarray]], *, vector_dtype: str = "float16"
) -> dict:
    """Write the vectors of all entities of the knowledge base in `path`; it stays whole until the new one is.

    parts: (rows, width) vectors, a row of zeros is no vector, and (rows,) biases, see `MMapKB.biases_of`; all
        rows in their order.
    vector_dtype: float16 or float32 on the disk.
    RETURNS the manifest's numbers. Raises LK339 for too few or too many rows, LK337 for parts of two widths,
    LK338 for a number that is not finite or too large, LK352 for a knowledge base that points to another one,
    LK353 for one with additions, whose vectors would be of another kind."""
    check_is_base(path)
    home, manifest = find_base(Path(path))
    if (home / ADDITIONS).is_file():
        raise ValueError(Errors.LK353.format(path=path))
    about = {key: value for key, value in manifest.items() if key not in ("kind", "version", "files")}
    with new_directory(Path(path), KIND, VERSION, about) as new:
        names = [name for name in manifest["files"] if name not in VECTOR_FILES]
        link_files(home, names, new)
        width = _write(new, parts, vector_dtype, about["entities"])
        about.update(width=width, vectors=vector_dtype)
        about["sha256"] = {**{name: about["sha256"][name] for name in names}, **checksums(new, VECTOR_FILES)}
        about["seal"] = seal(about)
    return about


def _write(new: Path, parts, vector_dtype: str, entities: int) -> int:
    rows, width, any_bias = 0, 0, False
    with (
        open(new / "vectors.npy", "wb") as vectors_file,
        open(new / "has_vector.npy", "wb") as has_vector_file,
        open(new / "biases.npy", "wb") as biases_file,
    ):
        vectors = None
        has_vector, biases = NpyWriter(has_vector_file, bool), NpyWriter(biases_file, np.float32)
        for found, bias in parts:
            width = width or found.shape[1]
            vectors = vectors or NpyWriter(vectors_file, np.dtype(vector_dtype), width)
            vectors.write(_checked(found, vector_dtype, width, rows))
            has_vector.write(found.any(axis=1))
            biases.write(bias.astype(np.float32))
            rows, any_bias = rows + len(found), any_bias or bool(bias.any())
        if rows != entities or vectors is None:
            raise ValueError(Errors.LK339.format(what=f"{rows} vectors", more=f"{entities} entities"))
        for writer in (vectors, has_vector, biases):
            writer.close()
    if not any_bias:
        (new / "biases.npy").unlink()
    return width


def _checked(found: np.ndarray, vector_dtype: str, width: int, rows: int) -> np.ndarray:
    if found.shape[1] != width:
        where = f"the vectors from number {rows + 1} on"
        raise ValueError(Errors.LK337.format(where=where, found=found.shape[1], width=width))
    with np.errstate(over="ignore"):  # told as LK338
        found = found.astype(vector_dtype)
    finite = np.isfinite(found).all(axis=1)
    if not finite.all():
        raise ValueError(Errors.LK338.format(number=rows + int(finite.argmin()) + 1, dtype=vector_dtype))
    return found
