"""What a config may name to give a pipe its knowledge base. Nothing heavy is imported before it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.vocab import Vocab

    from .mmap_kb import MMapKB


def build_mmap_kb_v1(path: str | None, carry: bool = True) -> Callable[[Vocab], MMapKB]:
    """spacy_luke.MMapKB.v1, as kb_loader in [initialize.components.NAME.kb_loader]. The stock entity_linker needs
    spacy_luke.EmptyMMapKB.v1 as its generate_empty_kb as well, or it cannot load the pipeline again.

    path (str): the directory that `python -m spacy luke kb build` wrote, or the name of an installed package that `kb
        package` wrote. None is what the configs have until it is named.
    carry (bool): the saved pipeline holds the knowledge base; False: it only points to it.
    RETURNS (Callable[[Vocab], MMapKB]): opens it. Raises LK302 to LK305, LK330 to LK332, LK344, and LK358 without a path."""

    def load(vocab: Vocab) -> MMapKB:
        from .mmap_kb import MMapKB

        if path is None:
            raise ValueError(Errors.LK358)
        return MMapKB.open(vocab, path, carry=carry)

    return load


def build_empty_mmap_kb_v1() -> Callable[[Vocab, int], MMapKB]:
    """spacy_luke.EmptyMMapKB.v1, as generate_empty_kb of the stock entity_linker, which loads a saved
    knowledge base into it.

    RETURNS (Callable[[Vocab, int], MMapKB]): makes an empty one for vectors of that width."""

    def empty(vocab: Vocab, entity_vector_length: int) -> MMapKB:
        from .mmap_kb import MMapKB

        return MMapKB(vocab, entity_vector_length)

    return empty
