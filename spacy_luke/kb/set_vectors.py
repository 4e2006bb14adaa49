"""Give a knowledge base other vectors: all other files stay the same, hard links where the file system can."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import Errors
from .kb_files import KIND, VERSION, checksums, find_base, link_files, seal
from .npy import NpyWriter
from .store import new_directory

VECTOR_FILES = ("vectors.npy", "has_vector.npy", "biases.npy")


def set_vectors(
    path: str | Path, parts: Iterable[tuple[np.ndarray, np.ndarray]], *, vector_dtype: str = "float16"
) -> dict:
    """Write the vectors of all entities of the knowledge base in `path`; it stays whole until the new one is.

    parts: (rows, width) vectors, a row of zeros is no vector, and (rows,) biases, see `MMapKB.biases_of`; all
        rows in their order.
    vector_dtype: float16 or float32 on the disk.
    RETURNS the manifest's numbers. Raises LK339 for too few or too many rows, LK351 for a knowledge base that
    points to another one."""
    home, manifest = find_base(Path(path))
    if home != Path(path).absolute():
        raise ValueError(Errors.LK351.format(path=path, target=home))
    about = {key: value for key, value in manifest.items() if key not in ("kind", "version", "files")}
    with new_directory(home, KIND, VERSION, about) as new:
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
            vectors = vectors or NpyWriter(vectors_file, np.dtype(vector_dtype), found.shape[1])
            rows, width = rows + len(found), found.shape[1]
            vectors.write(found.astype(vector_dtype))
            has_vector.write(found.any(axis=1))
            biases.write(bias.astype(np.float32))
            any_bias = any_bias or bool(bias.any())
        if rows != entities or vectors is None:
            raise ValueError(Errors.LK339.format(what=f"{rows} vectors", more=f"{entities} entities"))
        for writer in (vectors, has_vector, biases):
            writer.close()
    if not any_bias:
        (new / "biases.npy").unlink()
    return width
