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

from ..convert.checkpoint import Checkpoint, load_checkpoint
from ..errors import Errors
from ..kb import MMapKB
from ..kb.descriptions import passage_of
from ..kb.export import merge_kb
from ..kb.kb_files import manifest_sha256
from ..kb.set_vectors import set_vectors
from ..kb.store import new_file
from ..models.encoder import build_luke_encoder_v1
from ..models.entity_vectors import embed_passages, standardise
from ..models.linker import build_luke_linker_v1, has_pretrained_head

CHUNK = 1024  # entities at once; what an interruption loses at most


class Embedded(NamedTuple):
    """What the entities of a knowledge base got."""

    entities: int
    from_table: int
    from_description: int  # or from the label alone
    without: int


def embed_kb(
    path: str | Path, source: str | Path, *, progress: Callable[[int, int], Any] = lambda done, all: None
) -> Embedded:
    """Give every entity of the knowledge base in `path` the vector that luke_linker compares mentions with.

    source: a pipeline with a trained luke_linker, or a LUKE checkpoint (directory or hub id), or an encoder
        without entity pretraining, whose vectors are brought to mean 0 and variance 1.
    An entity that the checkpoint's entity table has, by QID or by its title in a language, gets its row and
    bias; others what the masked-entity head predicts for their name in their description; entities without
    description and label none. What was added in memory is merged into the base first.
    Resumable: finished chunks wait in PATH.embed until all are there.
    RAISES ValueError LK351: the knowledge base only points to another one; LK516: a pipeline without
    luke_linker; LK7xx of the checkpoint.
    """
    path = Path(path)
    kb = MMapKB.open(Vocab(), path)
    if kb.added:
        merge_kb(path)
        kb = MMapKB.open(Vocab(), path)
    model, table = _open(source)
    key = hashlib.sha256(f"{manifest_sha256(kb.base.home)} {source}".encode()).hexdigest()[:16]
    work = path.with_name(path.name + ".embed") / key
    work.mkdir(parents=True, exist_ok=True)
    kinds = numpy.zeros(3, dtype="int64")
    starts = range(0, len(kb), CHUNK)
    for start in starts:
        file = work / f"{start}.npz"
        if not file.is_file():
            vectors, biases, kind = _embed(kb, range(start, min(start + CHUNK, len(kb))), model, table)
            with new_file(file) as out:
                numpy.savez(out, vectors=vectors.astype("float16"), biases=biases, kind=kind)
        kinds += numpy.bincount(numpy.load(file)["kind"], minlength=3)
        progress(min(start + CHUNK, len(kb)), len(kb))
    files = [work / f"{start}.npz" for start in starts]
    set_vectors(path, _chunks(files, standard=not (has_pretrained_head(model) or table)))
    shutil.rmtree(work.parent)
    return Embedded(len(kb), *(int(kinds[k]) for k in (_TABLE, _DESCRIPTION, _NONE)))


_NONE, _DESCRIPTION, _TABLE = 0, 1, 2


def _open(source: str | Path) -> tuple[Model, Table | None]:
    if (Path(source) / "meta.json").is_file():
        nlp = spacy.load(source)
        found = [pipe for name, pipe in nlp.pipeline if nlp.get_pipe_meta(name).factory == "luke_linker"]
        if not found:
            raise ValueError(Errors.LK516.format(path=source, pipes=", ".join(nlp.pipe_names)))
        return found[0].model, None
    checkpoint = load_checkpoint(source)
    model = build_luke_linker_v1(build_luke_encoder_v1(str(source)))
    model.initialize()
    return model, None if checkpoint.entity_vectors is None else Table(checkpoint)


def _embed(kb: MMapKB, rows: range, model: Model, table: Table | None):
    """(rows, emb) vectors, (rows,) biases and (rows,) where each comes from."""
    width = model.get_ref("head").get_dim("nO")
    vectors, biases = numpy.zeros((len(rows), width), "float32"), numpy.zeros(len(rows), "float32")
    kind = numpy.full(len(rows), _NONE)
    infos = [kb.info_at(row) for row in rows]
    if table is not None:
        ids = table.find(kb.entity_ids(rows), infos)
        known = ids >= 0
        vectors[known], biases[known], kind[known] = table.vectors[ids[known]], table.biases(ids[known]), _TABLE
    passages = [(i, passage_of(info)) for i, info in enumerate(infos) if kind[i] == _NONE]
    passages = [(i, passage) for i, passage in passages if passage is not None]
    places = [i for i, _ in passages]
    vectors[places], kind[places] = embed_passages(model, [passage for _, passage in passages]), _DESCRIPTION
    return vectors, biases, kind


class Table:
    """A checkpoint's entity table, looked up by what a knowledge base knows of an entity."""

    def __init__(self, checkpoint: Checkpoint):
        self.vectors = checkpoint.entity_vectors
        self._biases = checkpoint.entity_bias
        self._vocab = checkpoint.entity_vocab()

    def biases(self, ids: numpy.ndarray) -> numpy.ndarray:
        return numpy.zeros(len(ids), "float32") if self._biases is None else self._biases[ids].astype("float32")

    def find(self, ids: list[str], infos: list[dict]) -> numpy.ndarray:
        """(entities,) int64 rows of the table, -1 = it has none."""
        names: list[tuple[int, str, str | None]] = []
        for i, (id, info) in enumerate(zip(ids, infos)):
            for language, label in info["labels"].items():
                names.append((i, label, language))
                names.append((i, label, None))
            language, _, title = id.partition(":")
            names += [(i, title, language)] if title else []
        rows = self._vocab.find([title for _, title, _ in names], [language for _, _, language in names])
        found = numpy.full(len(ids), -1)
        for (i, _, _), row in zip(reversed(names), reversed(rows.tolist())):
            found[i] = row if row >= 0 else found[i]
        for i, id in enumerate(ids if self._vocab.has_qids else ()):
            row = self._vocab.by_qid(id) if id[:1] == "Q" and id[1:].isdigit() else -1
            found[i] = row if row >= 0 else found[i]
        return found


def _chunks(files: list[Path], standard: bool) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    mean, deviation = 0.0, 1.0
    if standard and files:
        first = numpy.concatenate([numpy.load(file)["vectors"] for file in files[:64]]).astype("float32")
        if first.any(axis=1).sum() > 1:
            _, mean, deviation = standardise(first)
    for file in files:
        found = numpy.load(file)
        vectors = found["vectors"].astype("float32")
        given = vectors.any(axis=1, keepdims=True)
        yield numpy.where(given, (vectors - mean) / deviation, 0.0), found["biases"]
