"""Floor 2: what is kept on the disk and looked up: names of entities, their vectors, the knowledge base."""

from __future__ import annotations


def __getattr__(name: str):
    if name == "MMapKB":  # imported when asked for: spaCy and NumPy's files are not needed by every import
        from .mmap_kb import MMapKB

        return MMapKB
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
