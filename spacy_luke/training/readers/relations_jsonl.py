"""Prodigy's rel.manual, the format of spaCy's tutorial on relations (explosion/projects, rel_component)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import Errors
from .gold import open_text
from .related import GoldEntity, RelatedText, RelationReader


def build_relations_jsonl_reader_v1(
    path: Path, symmetric: Sequence[str] = (), gold_words: bool = False
) -> RelationReader:
    """One JSON document a line, as Prodigy's rel.manual writes and spaCy's tutorial reads: "text", "spans" with
    "start", "end" and "label", "relations" with "head", "child" (the last words of their spans, or "head_span"
    and "child_span") and "label"; maybe "tokens" with "text" and "ws". Lines whose "answer" is not "accept" are
    skipped. The spans are all entities of the text: gold doc.ents has them, too.

    path (Path): *.jsonl or *.jsonl.gz.
    symmetric (list): labels that hold in both directions; the other one is added.
    gold_words (bool): take the file's words. Else the pipeline's tokenizer makes words of the text, and relations
        of entities that do not begin and end with them are left out; a warning counts them.
    """
    return RelationReader(Path(path), partial(read_jsonl, symmetric=frozenset(symmetric)), gold_words)


def read_jsonl(path: Path, *, symmetric: frozenset[str]) -> Iterator[RelatedText]:
    """The accepted documents of a file. RAISES FileNotFoundError LK610, ValueError LK611 with the line."""
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                gold = _document(record, symmetric) if record.get("answer", "accept") == "accept" else None
            except (ValueError, KeyError, TypeError, AttributeError) as err:
                reason = f"{type(err).__name__}: {err}"
                raise ValueError(Errors.LK611.format(path=path, line=number, reason=reason)) from err
            if gold is not None:
                yield gold


def _document(record: dict[str, Any], symmetric: frozenset[str]) -> RelatedText:
    text = record["text"]
    entities = []
    by_place: dict[tuple[str, int, int], int] = {}
    for number, span in enumerate(record.get("spans") or ()):
        start, end = span["start"], span["end"]
        if not 0 <= start < end <= len(text):
            raise ValueError(f"the span {start} to {end} is not in the text of {len(text)} characters")
        entities.append(GoldEntity(start, end, span["label"]))
        by_place["characters", start, end] = number
        if "token_end" in span:
            by_place["last word", span["token_end"], 0] = number
    found: dict[tuple[int, int, str], None] = {}
    for relation in record.get("relations") or ():
        head, tail = (by_place[_place(relation, role)] for role in ("head", "child"))
        found[head, tail, relation["label"]] = None
        if relation["label"] in symmetric:
            found[tail, head, relation["label"]] = None
    gold = RelatedText(text, entities, list(found), has_all_entities=True)
    if "tokens" in record:
        gold.words = [token["text"] for token in record["tokens"]]
        gold.spaces = [token["ws"] for token in record["tokens"]]
    return gold


def _place(relation: dict[str, Any], role: str) -> tuple[str, int, int]:
    if f"{role}_span" in relation:
        span = relation[f"{role}_span"]
        return "characters", span["start"], span["end"]
    return "last word", relation[role], 0
