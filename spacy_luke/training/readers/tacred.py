"""TACRED: sentences of words with a subject, an object and their relation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from .kbp37 import NO_RELATION
from .related import RelatedText, RelationReader, from_words, read_json

# How the Penn Treebank writes brackets (studio-ousia/luke examples/entity_typing/reader.py undoes them, too).
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


def build_tacred_reader_v1(path: Path, gold_words: bool = False) -> RelationReader:
    """A file in the format of TACRED (and TACREV, Re-TACRED): a list of {"token": [...], "subj_start", "subj_end",
    "subj_type", "obj_start", "obj_end", "obj_type", "relation"}; ends are the last word.

    The relation is from subject to object, and the labels of the entities are SUBJ-PERSON, OBJ-CITY ..., so that
    a pair getter with the constraints "learn" asks from subject to object only, as TACRED is scored.
    no_relation is a Doc without one.

    path (Path): *.json or *.json.gz.
    gold_words (bool): take the file's words. Else the pipeline's tokenizer makes words of the text, and relations
        of entities that do not begin and end with them are left out; a warning counts them.
    """
    return RelationReader(Path(path), partial(read_json, parse=_document, records=iter), gold_words)


def _document(record: dict[str, Any]) -> RelatedText:
    words = [BRACKETS.get(word, word) for word in record["token"]]
    spans = [
        (record[f"{role}_start"], record[f"{role}_end"] + 1, f"{role.upper()}-{record[f'{role}_type']}", "")
        for role in ("subj", "obj")
    ]
    label = record["relation"]
    return from_words(words, spans, relations=[] if label == NO_RELATION else [(0, 1, label)])
