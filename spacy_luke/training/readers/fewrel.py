"""FewRel: sentences of words, grouped by relation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from .related import RelatedText, RelationReader, from_words, read_json


def build_fewrel_reader_v1(path: Path, gold_words: bool = False) -> RelationReader:
    """A file in the format of FewRel (github.com/thunlp/FewRel): {"P177": [{"tokens": [...], "h": [name, id, [[26,
    27]]], "t": ...}]}. The relation is from the head to the tail, with the key as label; the entities have the
    labels HEAD and TAIL, and their id as kb_id. Of an entity that is named several times the first place is taken.

    path (Path): *.json or *.json.gz.
    gold_words (bool): take the file's words. Else the pipeline's tokenizer makes words of the text, and relations
        of entities that do not begin and end with them are left out; a warning counts them.
    """
    return RelationReader(Path(path), partial(read_json, parse=_document, records=_records), gold_words)


def _records(content: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for label, instances in content.items():
        for instance in instances:
            yield label, instance


def _document(record: tuple[str, dict[str, Any]]) -> RelatedText:
    label, instance = record
    spans = []
    for key, kind in (("h", "HEAD"), ("t", "TAIL")):
        _, kb_id, places = instance[key]
        spans.append((places[0][0], places[0][-1] + 1, kind, kb_id or ""))
    return from_words(instance["tokens"], spans, relations=[(0, 1, label)])
