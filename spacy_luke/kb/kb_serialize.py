"""Saving and loading an MMapKB: the base is copied or pointed to, never changed; the additions lie beside it.

                    base                                             additions
    to_disk         carry: hard links or a copy; else a pointer      additions.jsonl
    to_disk, same   left alone: it is there already                  additions.jsonl
    to_bytes        its path and checksum                            in full
    pickle          its path and checksum                            in full
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import srsly
from spacy.kb import KnowledgeBase

from ..errors import Errors
from .kb_base import Base
from .kb_files import ADDITIONS, copy_base, manifest_sha256, write_pointer
from .overlay import Additions, read_additions
from .store import find_directory

if TYPE_CHECKING:
    from spacy.vocab import Vocab


class Serialized:
    """The part of MMapKB that knows about files and bytes."""

    base: Base | None
    added: Additions
    carry: bool

    def _to_disk(self, path: Path) -> None:
        path = path.absolute()
        if self.base is None:
            from .build import build_kb

            build_kb(path, [], width=self.entity_vector_length)  # type: ignore[attr-defined]
        elif manifest_sha256(self.base.home) != self.base.manifest_sha256:
            raise ValueError(Errors.LK332.format(path="This knowledge base", target=self.base.home))
        elif self._is_mine(path):
            pass
        elif self.carry:
            copy_base(self.base.home, self.base.about, path)
        else:
            write_pointer(self.base.home, path)
        self.added.save(path / ADDITIONS)

    def _is_mine(self, path: Path) -> bool:
        """Is `path` the directory that holds the base, or already points to it?"""
        try:
            there = Base(path)
        except (ValueError, OSError):
            return False
        same = path.is_dir() and there.home.samefile(self.base.home)
        return same and (not self.carry or path.samefile(there.home))

    def _from_disk(self, path: Path):
        base, home = Base(path), find_directory(path)
        file = home / ADDITIONS
        self._set(base, file.read_text(encoding="utf8") if file.is_file() else None, file)
        self.carry = base.home == home
        return self

    def _set(self, base: Base | None, additions: str | None, where: Path | str, width: int = 0) -> None:
        """Take a base and additions; on an error this object is as it was."""
        width = width if base is None else base.width
        kb = type(self)(self.vocab, width)  # type: ignore[attr-defined, call-arg]
        kb.base, kb.added = base, Additions(0 if base is None else len(base), width)
        if additions is not None:
            entities, aliases = read_additions(additions, where)
            kb.add_entities(entities)
            kb.add_aliases(aliases)
        KnowledgeBase.__init__(self, self.vocab, width)  # its width can only be set here
        self.base, self.added = kb.base, kb.added

    def to_bytes(self, **kwargs) -> bytes:
        """The path and checksum of the base and all additions: bytes for this machine. Another one needs
        to_disk, or the base at the same path."""
        return srsly.msgpack_dumps(self._state())

    def from_bytes(self, bytes_data: bytes, *, exclude=tuple()):
        """Raises LK347 for other bytes, LK331 and LK332 where the base is gone or changed."""
        try:
            state = srsly.msgpack_loads(bytes_data)
            state["path"], state["carry"], state["width"], state["sha256"], state["additions"]
        except (ValueError, KeyError, TypeError) as e:
            raise ValueError(Errors.LK347.format(path="The argument of from_bytes", reason=e)) from e
        self._set_state(state)
        return self

    def _state(self) -> dict:
        base = self.base
        return {
            "path": None if base is None else str(base.path),
            "sha256": None if base is None else base.manifest_sha256,
            "carry": self.carry,
            "width": self.entity_vector_length,  # type: ignore[attr-defined]
            "additions": self.added.to_text() if self.added else None,
        }

    def _set_state(self, state: dict) -> None:
        base = None
        if state["path"] is not None:
            if not Path(state["path"]).is_dir():
                raise ValueError(Errors.LK331.format(path="What was saved", target=state["path"]))
            base = Base(Path(state["path"]))
            if base.manifest_sha256 != state["sha256"]:
                raise ValueError(Errors.LK332.format(path="What was saved", target=state["path"]))
        self._set(base, state["additions"], "additions", state["width"])
        self.carry = state["carry"]

    def __reduce__(self):
        return _restore, (type(self), self.vocab, self._state())  # type: ignore[attr-defined]


def _restore(cls, vocab: Vocab, state: dict):
    kb = cls(vocab, state["width"])
    kb._set_state(state)
    return kb
