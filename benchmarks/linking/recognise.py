"""The mentions that a recogniser finds in the test part, the same for all systems: end-to-end scores of run.py.

    python benchmarks/linking/recognise.py PREPARED SET

The recogniser is a rule that needs no training, for languages that write names with capitals: a run of capitalised
words is a mention; a single one at the beginning of a sentence only if it stands elsewhere in the document, too. Writes
the test documents with what it finds to PREPARED/corpus/SET/found.spacy, and prints its scores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import spacy
from corpora import SETS, read_docs
from spacy.scorer import PRFScore
from spacy.tokens import Doc, DocBin, Span

from run import unlinked, with_sentences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("set", choices=list(SETS))
    args = parser.parse_args()
    corpus = args.prepared / "corpus" / args.set
    sentencizer = spacy.blank("xx").add_pipe("sentencizer")
    gold = [with_sentences(doc, sentencizer) for doc in read_docs(corpus / "test.spacy") if doc.ents]
    found, score = [unlinked(doc) for doc in gold], PRFScore()
    for doc, mine in zip(gold, found):
        mine.set_ents(list(mentions(mine)))
        score.score_set({(e.start, e.end) for e in mine.ents}, {(e.start, e.end) for e in doc.ents})
    attrs = ["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"]
    DocBin(attrs=attrs, docs=found).to_disk(corpus / "found.spacy")
    scores = {"precision": score.precision, "recall": score.recall, "f": score.fscore}
    print(json.dumps({"set": args.set, **{name: round(100 * x, 1) for name, x in scores.items()}}))


def mentions(doc: Doc) -> Iterator[Span]:
    inside = {t.text for t in doc if is_name(t.text) and not t.is_sent_start}
    start = None
    for i in range(len(doc) + 1):
        if i < len(doc) and is_name(doc[i].text) and (start is None or not doc[i].is_sent_start):
            start = i if start is None else start
            continue
        if start is not None and (i - start > 1 or not doc[start].is_sent_start or doc[start].text in inside):
            yield Span(doc, start, i, label="ENTITY")
        start = i if i < len(doc) and is_name(doc[i].text) else None


def is_name(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and not all(c.isdigit() or c == "." for c in word[1:])


if __name__ == "__main__":
    main()
