"""Vectors for all entities of a knowledge base: rows of a LUKE's entity table, and where it has none, vectors
computed from descriptions."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

import numpy
import spacy
from spacy.vocab import Vocab
from thinc.api import Model

from ..convert.checkpoint import load_checkpoint
from ..convert.hub import find_checkpoint
from ..errors import Errors
from ..kb import MMapKB
from ..kb.descriptions import passage_of
from ..kb.export import merge_kb
from ..kb.kb_files import manifest_sha256
from ..kb.set_vectors import check_is_base, set_vectors
from ..kb.store import new_file
from ..models.encoder import build_luke_encoder_v1
from ..models.entity_vectors import embed_passages, standardise
from ..models.linker import build_luke_linker_v1, has_pretrained_head
from .table_rows import Claims, TableRows, settle

CHUNK = 256  # entities at once; what an interruption loses at most
SAMPLE = 65_536  # vectors from which mean and variance are computed, the first ones
_NONE, _DESCRIPTION, _TABLE = 0, 1, 2


class Embedded(NamedTuple):
    """What the entities of a knowledge base got."""

    entities: int
    from_table: int
    from_description: int  # or from the label alone
    without: int


class Source(NamedTuple):
    """Where vectors come from."""

    model: Model  # of a luke_linker
    table: TableRows | None
    is_fresh: bool  # the head has never seen an entity


def embed_kb(
    path: str | Path, source: str | Path, *, progress: Callable[[int, int], Any] = lambda done, all: None
) -> Embedded:
    """Give every entity of the knowledge base in `path` the vector that luke_linker compares mentions with.

    source: a pipeline with a trained luke_linker (directory or package), or a LUKE checkpoint (directory or hub
        id), or an encoder without entity pretraining, whose vectors are brought to mean 0 and variance 1, as
        seen in the first 65,536 of them.
    An entity that the checkpoint's entity table has, by QID or by its title in a language, gets its row and
    bias; others what the masked-entity head predicts for their name in their description; entities without
    label none, nor do others if the checkpoint has a table but no such head. What was added in memory is merged into the base first.
    Resumable: finished chunks wait in PATH.embed until all are there; they count as long as neither the
    knowledge base nor any file of the source has changed.
    RAISES ValueError LK352: the knowledge base only points to another one; LK516: a pipeline without
    luke_linker; LK7xx of the checkpoint.
    """
    path = Path(path).absolute()
    check_is_base(path)
    found, home = _open(source)
    if MMapKB.open(Vocab(), path).added:
        merge_kb(path)
    kb = MMapKB.open(Vocab(), path)
    if kb.is_empty():
        return Embedded(0, 0, 0, 0)
    work = path.with_name(path.name + ".embed") / _key(kb, home, path)
    work.mkdir(parents=True, exist_ok=True)
    chunks = [range(start, min(start + CHUNK, len(kb))) for start in range(0, len(kb), CHUNK)]
    table_rows = _table_rows(kb, found.table, chunks)
    kinds = numpy.zeros(3, dtype="int64")
    for rows in chunks:
        file = _file(work, rows)
        if not file.is_file():
            with new_file(file) as out:
                numpy.savez(out, **_embed(kb, rows, table_rows[rows.start : rows.stop], found))  # type: ignore[arg-type]
        kinds += numpy.bincount(_load(file)["kind"], minlength=3)
        progress(rows.stop, len(kb))
    entities = len(kb)
    del kb  # Windows renames no directory with open files
    set_vectors(path, _standardised([_file(work, rows) for rows in chunks], found.is_fresh and found.table is None))
    shutil.rmtree(work.parent)
    return Embedded(entities, *(int(kinds[kind]) for kind in (_TABLE, _DESCRIPTION, _NONE)))


def _open(source: str | Path) -> tuple[Source, Path]:
    """And the directory that it is."""
    home = Path(source)
    if not home.exists() and spacy.util.is_package(str(source)):
        home = spacy.util.get_package_path(str(source))
    if home != Path(source) or (home / "meta.json").is_file():
        nlp = spacy.load(source)
        linkers = [pipe for name, pipe in nlp.pipeline if nlp.get_pipe_meta(name).factory == "luke_linker"]
        if not linkers:
            raise ValueError(Errors.LK516.format(path=source, pipes=", ".join(nlp.pipe_names)))
        return Source(linkers[0].model, None, is_fresh=False), home  # type: ignore[attr-defined]
    home = find_checkpoint(source)
    checkpoint = load_checkpoint(home)
    table = None if checkpoint.entity_vectors is None else TableRows(checkpoint)
    model = build_luke_linker_v1(build_luke_encoder_v1(str(home)))
    model.initialize()
    return Source(model, table, is_fresh=not has_pretrained_head(model)), home


def _key(kb: MMapKB, home: Path, path: Path) -> str:
    """Another one if anything that the vectors depend on has changed."""
    files = [file for file in sorted(home.absolute().rglob("*")) if file.is_file()]
    states = [(str(file), file.stat()) for file in files if not str(file).startswith(str(path))]
    parts = [f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states]
    text = "\n".join([manifest_sha256(kb.base.home), str(CHUNK), *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file(work: Path, rows: range) -> Path:
    return work / f"{rows.start}.npz"


def _load(file: Path) -> dict[str, numpy.ndarray]:
    with numpy.load(file) as arrays:
        return dict(arrays)


def _table_rows(kb: MMapKB, table: TableRows | None, chunks: list[range]) -> numpy.ndarray:
    """(entities,) int64 row of the entity table of each entity, -1 = none."""
    if table is None:
        return numpy.full(len(kb), -1)
    claims = [table.claim(kb.entity_ids(rows), [kb.info_at(row) for row in rows]) for rows in chunks]
    return settle(Claims(*map(numpy.concatenate, zip(*claims))), kb.counts(numpy.arange(len(kb))))


def _embed(kb: MMapKB, rows: range, table_rows: numpy.ndarray, source: Source) -> dict[str, numpy.ndarray]:
    """(rows, emb) vectors, (rows,) biases and (rows,) kind, where each comes from."""
    model, table = source.model, source.table
    vectors = numpy.zeros((len(rows), model.get_ref("head").get_dim("nO")), "float32")
    biases, kind = numpy.zeros(len(rows), "float32"), numpy.full(len(rows), _NONE)
    known = numpy.flatnonzero(table_rows >= 0)
    if table is not None:
        vectors[known], biases[known] = table.vectors(table_rows[known]), table.biases(table_rows[known])
    described = ((i, passage_of(kb.info_at(row))) for i, row in enumerate(rows) if table_rows[i] < 0)
    is_off = table is not None and source.is_fresh  # a head that knows nothing of this table
    passages = {i: passage for i, passage in described if passage is not None and not is_off}
    places = numpy.asarray([*passages], dtype="int64")
    vectors[places] = embed_passages(model, [*passages.values()])
    kind[places[vectors[places].any(axis=1)]], kind[known] = _DESCRIPTION, _TABLE
    return {"vectors": vectors, "biases": biases, "kind": kind}


def _standardised(files: list[Path], is_fresh: bool) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    mean, deviation = 0.0, 1.0
    if is_fresh:
        first: list[numpy.ndarray] = []
        for file in files:
            found = _load(file)
            first.append(found["vectors"][found["kind"] != _NONE][: SAMPLE - sum(map(len, first))])
            if sum(map(len, first)) == SAMPLE:
                break
        if sum(map(len, first)) > 1:
            _, mean, deviation = standardise(numpy.concatenate(first))
    for file in files:
        found = _load(file)
        given = found["kind"][:, None] != _NONE
        yield numpy.where(given, (found["vectors"] - mean) / deviation, 0.0), found["biases"]
