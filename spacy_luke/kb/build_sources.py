"""Several sources together -> one knowledge base: what `kb build` of the command line does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from ..errors import Errors
from .build import DuplicateEntity, build_kb
from .build_files import entity_place, read_entities, read_links, read_priors
from .build_links import Progress
from .build_spacy import SpacyEntities, read_docbin_links, read_spacy_kb


def build_from_sources(
    out: Path,
    *,
    entities: Sequence[Path] = (),
    aliases: Sequence[Path] = (),
    docs: Sequence[Path] = (),
    spacy_kbs: Sequence[Path] = (),
    vectors: Path | None = None,
    vector_dtype: str = "float16",
    language: str = "xx",
    progress: Progress = lambda what, done: None,
) -> dict:
    """Files of entities and of aliases (build_files.py), DocBins, directories of InMemoryLookupKB, any number
    of each. The same entity may be in a file and in a directory of spaCy, whose count and vector then fill in
    what the file lacks; in two files it is an error. vectors: a .npy file, row i of the i-th entity.
    RETURNS the numbers of build_kb. Raises LK350 where there is nothing to build from or vectors come from two
    places, LK333 with both lines, and what the readers and build_kb raise."""
    if not (entities or aliases or docs or spacy_kbs):
        raise ValueError(Errors.LK350.format(problem="There is nothing to build from", way="--entities, --aliases, --docs or --spacy-kb"))
    if vectors is not None and spacy_kbs:
        raise ValueError(Errors.LK350.format(problem="Vectors come from two places", way="--vectors or --spacy-kb, not both"))
    kbs = [read_spacy_kb(path) for path in spacy_kbs]
    from_files = (entity for path in entities for entity in read_entities(path, language))
    joined = SpacyEntities(kbs).join(from_files) if kbs else from_files
    priors = (entry for path in aliases for entry in read_priors(path))
    try:
        return build_kb(
            out,
            joined,
            chain(_links(aliases), read_docbin_links(docs)),
            priors=chain(priors, (entry for kb in kbs for entry in kb.aliases)),
            vectors=vectors,
            vector_dtype=vector_dtype,
            progress=progress,
        )
    except DuplicateEntity as e:
        first, second = (entity_place(entities, number) for number in sorted(e.numbers))
        raise ValueError(Errors.LK333.format(id=e.id, places=f"{first} and {second}")) from e


def _links(paths: Sequence[Path]) -> Iterator[tuple[str, str, int]]:
    for path in paths:
        yield from read_links(path)
