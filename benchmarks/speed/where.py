"""Where the time of nlp.pipe goes, pipe by pipe: in the encoder, in spaCy's tokenizer, in all else.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/where.py PIPELINE DEV.spacy

Each pipe that asks an encoder gets the texts by itself; those that read entities get the gold ones. All else is pieces, alignment,
windows, suggesting, heads, decoding, and writing to Docs. Processor time; the round with the median sum.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from spacy.language import Language
from spacy.tokens import Doc, Span
from speed_common import report, trained_pipeline

from spacy_luke.encoder.packed import PackedEncoder

ENCODER = ("__call__", "words", "ask")  # of PackedEncoder: what pipes call
COLUMNS = ["pipe", "words/s", "encoder", "spaCy's tokenizer", "all else", "seconds"]


def main(argv: list[str] | None = None) -> int:
    args, nlp, gold = trained_pipeline(__doc__, argv)
    words, rows = sum(map(len, gold)), []
    for name in [name for name, pipe in nlp.pipeline if "encoder" in getattr(getattr(pipe, "model", None), "ref_names", ())]:
        reads_entities = nlp.get_pipe_meta(name).factory != "luke_ner"
        rounds = [run(nlp, name, gold, reads_entities) for _ in range(args.rounds + 1)][1:]  # the first one makes the fast encoder
        total, encoder, tokenizer = sorted(rounds)[len(rounds) // 2]
        shares = [f"{100 * part / total:.0f} %" for part in (encoder, tokenizer, total - encoder - tokenizer)]
        rows.append([name, words / total, *shares, total])
    report(args, COLUMNS, rows, docs_=len(gold), words_=words)
    return 0


def run(nlp: Language, name: str, gold: list[Doc], reads_entities: bool) -> tuple[float, float, float]:
    """Seconds of all, of the encoder, and of making Docs."""
    start = time.process_time()
    docs = [nlp.make_doc(doc.text) for doc in gold]
    tokenizer = time.process_time() - start
    if reads_entities:
        docs = [with_entities(doc) for doc in gold]
    start = time.process_time()
    with nlp.select_pipes(enable=[name]), timed() as encoder:
        list(nlp.pipe(docs))
    return time.process_time() - start + tokenizer, encoder[0], tokenizer


def with_entities(gold: Doc) -> Doc:
    doc = Doc(gold.vocab, words=[t.text for t in gold], spaces=[bool(t.whitespace_) for t in gold])
    doc.set_ents([Span(doc, ent.start, ent.end, label=ent.label) for ent in gold.ents])
    return doc


@contextmanager
def timed() -> Iterator[list[float]]:
    """Seconds in the encoder; what it calls of itself counts once."""
    spent, depth, originals = [0.0], [0], {name: getattr(PackedEncoder, name) for name in ENCODER}

    def wrap(original):
        def call(*args, **kwargs):
            depth[0] += 1
            start = time.process_time()
            try:
                return original(*args, **kwargs)
            finally:
                depth[0] -= 1
                spent[0] += 0.0 if depth[0] else time.process_time() - start

        return call

    for name, original in originals.items():
        setattr(PackedEncoder, name, wrap(original))
    try:
        yield spent
    finally:
        for name, original in originals.items():
            setattr(PackedEncoder, name, original)


if __name__ == "__main__":
    sys.exit(main())
