"""What model.dtype costs and gains on a trained luke_ner: the same texts in float32, bfloat16 and int8.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/dtypes.py PIPELINE DEV.spacy

Processor time of `predict`, from Docs to scores, rounds in turns. Labels are those of all spans that were asked, entities and F1 what
the pipeline writes. Fails if int8 changes F1 by more than 2 points.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from speed_common import paired, report, trained_pipeline

from spacy_luke.models.encoder import get_shim

DTYPES = ("float32", "bfloat16", "int8")


def main(argv: list[str] | None = None) -> int:
    args, nlp, gold = trained_pipeline(__doc__, argv)
    (pipe,) = (pipe for name, pipe in nlp.pipeline if nlp.get_pipe_meta(name).factory == "luke_ner")
    shim = get_shim(pipe.model.get_ref("encoder"))
    fast, systems = {}, {}
    for dtype in DTYPES:
        shim.settings = replace(shim.settings, dtype=dtype)
        shim._forget()
        fast[dtype] = shim.fast

    def run(dtype: str):
        shim._forget()
        shim._fast = fast[dtype]
        return pipe.predict([plain(doc) for doc in gold])

    systems = {dtype: (lambda dtype=dtype: run(dtype)) for dtype in DTYPES}
    found = {dtype: run(dtype) for dtype in DTYPES}
    seconds = paired(systems, args.rounds)
    words, rows, scores = sum(map(len, gold)), [], {}
    for dtype in DTYPES:
        docs = [plain(doc) for doc in gold]
        pipe.set_annotations(docs, found[dtype])
        scores[dtype] = 100 * Scorer.score_spans([Example(*pair) for pair in zip(docs, gold)], "ents")["ents_f"]
        rows.append([dtype, words / seconds[dtype], *labels(found["float32"], found[dtype]), entities(docs), f"{scores[dtype]:.2f}"])
    same = [f"{100 * len(row[-2] & rows[0][-2]) / max(len(rows[0][-2]), 1):.2f} %" for row in rows]
    rows = [[*row[:-2], len(row[-2]), share, row[-1]] for row, share in zip(rows, same)]
    columns = ["dtype", "words/s", "spans asked", "same label", "entities", "those of float32", "F1"]
    report(args, columns, rows, docs_=len(gold), words_=words)
    return int(abs(scores["int8"] - scores["float32"]) > 2)


def plain(doc: Doc) -> Doc:
    """The same words and sentences."""
    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    starts = [token.is_sent_start for token in doc] if doc.has_annotation("SENT_START") else None
    return Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts)


def labels(expected, found) -> tuple[int, str]:
    """How many spans both asked, and how many of these have the same best class."""
    both = ~numpy.isnan(expected.scores[:, 0]) & ~numpy.isnan(found.scores[:, 0])
    same = expected.scores[both].argmax(1) == found.scores[both].argmax(1)
    return int(both.sum()), f"{100 * same.mean():.3f} %"


def entities(docs: list[Doc]) -> set:
    return {(i, ent.start, ent.end, ent.label_) for i, doc in enumerate(docs) for ent in doc.ents}


if __name__ == "__main__":
    sys.exit(main())
