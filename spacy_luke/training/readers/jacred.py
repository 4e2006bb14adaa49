"""JacRED and DocRED: documents with entities, each of one or more mentions, and relations between entities."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from .related import RelatedText, RelationReader, from_words, read_json


def build_jacred_reader_v1(path: Path, gold_words: bool = False, space: bool = False) -> RelationReader:
    """A file in the format of JacRED (github.com/YoumiMa/JacRED), which is that of DocRED: a list of {"sents":
    [[word, ...]], "vertexSet": [[{"sent_id", "pos", "type"}]], "labels": [{"h", "t", "r"}]}.

    Each entity is asked about at its first mention in the text, whose type is its label; other mentions are
    ordinary text. The gold Doc has the file's sentences. Where first mentions overlap, only the longest is in
    predicted.ents: a pair getter with entities_key "luke_relations" sees all.

    path (Path): *.json or *.json.gz.
    gold_words (bool): take the file's words. Else the pipeline's tokenizer makes words of the text, and relations
        of entities that do not begin and end with them are left out; a warning counts them.
    space (bool): words have spaces between them, as in DocRED; Japanese has none.
    """
    parse = partial(_document, space=space)
    return RelationReader(Path(path), partial(read_json, parse=parse, records=iter), gold_words)


def _document(record: dict[str, Any], space: bool) -> RelatedText:
    sents = record["sents"]
    first_words = list(accumulate(map(len, sents), initial=0))
    spans = []
    for mentions in record["vertexSet"]:
        # a few of JacRED's mentions have no words: the word at their place, if the entity has no other
        places = [(m["pos"][0] >= m["pos"][1], first_words[m["sent_id"]], *m["pos"], m["type"]) for m in mentions]
        _, offset, start, end, label = min(places)
        end = max(end, start + 1)
        spans.append((offset + start, offset + end, label, ""))
    relations = [(label["h"], label["t"], label["r"]) for label in record.get("labels", [])]
    for head, tail, _ in relations:
        if not (0 <= head < len(spans) and 0 <= tail < len(spans)):
            raise ValueError(f"a relation between the entities {head} and {tail} of {len(spans)}")
    words = [word for sent in sents for word in sent]
    return from_words(words, spans, space=space, relations=relations, sentences=first_words[:-1])
