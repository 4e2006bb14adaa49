"""ELEVANT's benchmark format: one JSON document a line, labels with spans and QIDs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...annotations import NIL
from ...errors import Errors
from .gold import GoldMention, GoldReader, GoldText, open_text

# <NO_MAPPING>: linked in the source, to an entity that Wikidata does not have.
_NIL = ("<NIL>", "<NO_MAPPING>")
_QID = re.compile("Q[0-9]+")


def build_elevant_reader_v1(path: Path, coref: bool = False) -> GoldReader:
    """A file in the format of ELEVANT (github.com/ad-freiburg/elevant) as Examples with links.

    Of each line: `text`, `labels` (`span` in characters, `entity_id`, `type`, and maybe `optional` and
    `coref`) and, if it is there, `evaluation_span`: only this stretch of the text is annotated.
    A label's type is the entity's label (ENTITY without one), its QID the kb_id, <NIL> and <NO_MAPPING> are "NIL".
    Labels that are optional, are a date, a quantity or have another id count as not annotated, and so do,
    without `coref`, coreferent ones (he, the town). Where labels overlap (parents and children) the longest is
    the entity, the others are in spans["nel_alternatives"].

    path (Path): *.jsonl or *.jsonl.gz.
    coref (bool): are coreferent mentions to be linked?
    """
    return GoldReader(Path(path), partial(read_elevant, coref=coref))


def read_elevant(path: Path, *, coref: bool = False) -> Iterator[GoldText]:
    """The documents of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                gold = _document(json.loads(line), coref)
            except (ValueError, KeyError, TypeError, AttributeError) as err:
                reason = f"{type(err).__name__}: {err}"
                raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason)) from err
            yield gold


def _document(record: dict[str, Any], coref: bool) -> GoldText:
    text, mentions = record["text"], []
    first, last = record.get("evaluation_span") or (0, len(text))
    unknown = [(0, first), (last, len(text))]
    for label in record["labels"]:
        start, end = label["span"]
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the span {start} to {end} is not in the text of {len(text)} characters")
        kb_id = NIL if label["entity_id"] in _NIL else label["entity_id"]
        is_link = kb_id == NIL or _QID.fullmatch(kb_id)
        if is_link and not label.get("optional") and (coref or not label.get("coref")):
            mentions.append(GoldMention(start, end, label.get("type") or "ENTITY", kb_id))
        else:
            unknown.append((start, end))
    return GoldText(text, mentions, unknown)
