"""What is added to a knowledge base in memory, over its read-only base.

Additions are the dicts of the JSONL format, kept as they came: they are saved as a small file
(additions.jsonl) beside the base and go through build_kb when `kb merge` writes a new base of both.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Errors
from .build_checks import alias_links, check_entity
from .build_entities import names_of
from .links import LINK
from .normalise import normalise_alias
from .store import new_file

if TYPE_CHECKING:
    from thinc.types import Floats1d

HEAD = "spacy_luke.kb.additions"
VERSION = 1


class Additions:
    """Entities and links on top of a base of `first_row` entities: added entities have the rows from there on."""

    def __init__(self, first_row: int, width: int):
        self.first_row, self.width = first_row, width
        self.entities: list[dict] = []
        self.aliases: list[dict] = []
        self.rows: dict[str, int] = {}
        self.vectors: dict[int, Floats1d] = {}
        self.by_alias: dict[str, list] = defaultdict(list)  # alias -> LINK tuples
        self.by_form: dict[str, list] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self.entities or self.aliases)

    def check_entities(self, entities: list[dict], is_known) -> list[np.ndarray | None]:
        """The vectors of entities that may be added, or an error before anything is. is_known: ids -> bool array."""
        vectors = []
        for number, entity in enumerate(entities, 1):
            check_entity(entity, f"entity number {number}")
            vectors.append(self._check_vector(entity, number))
        ids = [entity["id"] for entity in entities]
        seen: dict[str, int] = {}
        for number, (id, known) in enumerate(zip(ids, is_known(ids)), 1):
            if known:
                raise ValueError(Errors.LK343.format(id=id))
            if seen.setdefault(id, number) != number:
                raise ValueError(Errors.LK333.format(id=id, places=f"entities number {seen[id]} and {number}"))
        return vectors

    def _check_vector(self, entity: dict, number: int) -> np.ndarray | None:
        if entity.get("vector") is None:
            return None
        vector = np.asarray(entity["vector"], np.float32).reshape(-1)
        if len(vector) != self.width:
            where = f"the entity {entity['id']!r} (number {number})"
            raise ValueError(Errors.LK337.format(where=where, found=len(vector), width=self.width))
        if not np.isfinite(vector).all():
            raise ValueError(Errors.LK338.format(number=number, dtype="float32"))
        return vector

    def add_entities(self, entities: list[dict], vectors: list[np.ndarray | None]) -> None:
        """Take over entities that `check_entities` let pass, and their vectors."""
        for entity, vector in zip(entities, vectors):
            row = self.first_row + len(self.entities)
            entity = {key: value for key, value in entity.items() if value is not None and key != "vector"}
            self.entities.append(entity)
            self.rows[entity["id"]] = row
            if vector is not None and vector.any():
                self.vectors[row] = vector
            for name in names_of(entity):
                self._link(name, (row, 0.0, 0))

    def check_aliases(self, aliases: Iterable[dict], find_rows) -> list[tuple[dict, list[tuple]]]:
        """The links of each entry, or an error before anything is added. find_rows: ids -> rows, -1 = unknown."""
        found = []
        for number, entry in enumerate(aliases, 1):
            alias, links = alias_links(entry, f"alias number {number}")
            rows = find_rows([id for id, _, _ in links]).tolist()
            if -1 in rows:
                raise ValueError(Errors.LK342.format(id=links[rows.index(-1)][0]))
            found.append((entry, [(row, prior, count) for row, (_, prior, count) in zip(rows, links)]))
        return found

    def add_aliases(self, checked: list[tuple[dict, list[tuple]]]) -> None:
        """Take over what `check_aliases` let pass."""
        for entry, links in checked:
            self.aliases.append(dict(entry))
            for link in links:
                self._link(entry["alias"], link)

    def _link(self, alias: str, link: tuple) -> None:
        self.by_alias[alias].append(link)
        if form := normalise_alias(alias):
            self.by_form[form].append(link)

    def links(self, keys: list[str], *, normalised: bool) -> tuple[np.ndarray, np.ndarray]:
        """(links,) which of the keys, and (links,) LINK, for those keys that have additions."""
        table = self.by_form if normalised else self.by_alias
        found = [(i, link) for i, key in enumerate(keys) for link in table.get(key, ())]
        groups = np.array([i for i, _ in found], np.int64)
        return groups, np.array([link for _, link in found], LINK)

    def counts(self, rows: np.ndarray) -> np.ndarray:
        """(rows,) int64 popularity of added entities, -1 = unknown."""
        found = [self.entities[row - self.first_row].get("count", -1) for row in rows.tolist()]
        return np.array(found, np.int64)

    def to_text(self) -> str:
        """One line that tells what it is and its checksum, then the entities, then the aliases."""
        lines = []
        for row, entity in enumerate(self.entities, self.first_row):
            vector = {"vector": self.vectors[row].tolist()} if row in self.vectors else {}
            lines.append(json.dumps({**entity, **vector}, default=_plain) + "\n")
        lines += [json.dumps(entry, default=_plain) + "\n" for entry in self.aliases]
        body = "".join(lines)
        head = {"kind": HEAD, "version": VERSION, "entities": len(self.entities)}
        return json.dumps({**head, "sha256": hashlib.sha256(body.encode()).hexdigest()}) + "\n" + body

    def save(self, path: Path) -> None:
        """Write the file; nothing to add is no file."""
        if self:
            with new_file(path, encoding="utf8") as file:
                file.write(self.to_text())
        else:
            path.unlink(missing_ok=True)


def read_additions(text: str, path: Path | str) -> tuple[list[dict], list[dict]]:
    """Entities and aliases from what `to_text` gave. Raises LK344."""
    head, _, body = text.partition("\n")
    line = 1
    try:
        about = json.loads(head)
        if (about["kind"], about["version"]) != (HEAD, VERSION):
            raise ValueError(f"it holds {about['kind']} version {about['version']}")
        if hashlib.sha256(body.encode()).hexdigest() != about["sha256"]:
            raise ValueError("the checksum is wrong: it is cut off or was changed")
        entries = []
        for line, entry in enumerate(body.splitlines(), 2):
            entries.append(json.loads(entry))
        return entries[: about["entities"]], entries[about["entities"] :]
    except (ValueError, KeyError, TypeError) as e:
        raise ValueError(Errors.LK344.format(path=path, line=line, reason=e)) from e


def _plain(value):
    """NumPy's numbers and arrays as JSON has them."""
    return value.tolist()
