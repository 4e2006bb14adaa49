"""Relation classification: `luke_relations` against the same encoder without entity slots, and against mean pooling.

    python benchmarks/relations/run.py kbp37 ENCODER --train train.txt.gz --test RELX_en.txt RELX_fr.txt \
        --system luke --rate 2e-4 --budget 900 --output out.jsonl

Files as KBP37's, RELX's or JacRED's authors publish them; entities are given, words are the file's own. ENCODER: for
luke a directory in LUKE's layout or a BERT-like one, for mean-pooling a BERT-like one in Hugging Face layout. The budget
is processor time of training, all threads together, or with --steps a number of steps, which all systems take from the
same texts in the same order; on a busy machine a second of a processor does less. The learning rate follows the share
that is used: up for 6 %, then down to 0. Scored is the last step. Prints one JSON line per test file.

    luke           `luke_relations` as in configs/relations.cfg: entity slots (mLUKE-E)
    luke-words     the same encoder, markers and all, without slots: states of the opening markers (mLUKE-W)
    mean-pooling   spaCy's tutorial rel_component on a spacy-transformers `transformer`: means of the words of entities
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from relation_systems import SYSTEMS, make_pipeline
from spacy.language import Language
from spacy.training import Example

from spacy_luke.annotations import RELATIONS_KEY
from spacy_luke.relation_scorers import score_relations
from spacy_luke.training.readers.jacred import build_jacred_reader_v1
from spacy_luke.training.readers.kbp37 import build_kbp37_reader_v1

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # training.py, of several benchmarks
from training import add_arguments, autocast, begin, train, write_row  # noqa: E402

# reader, language, settings of the pair getter and negatives, scores
CORPORA = {
    "kbp37": (
        build_kbp37_reader_v1,
        "xx",
        {"max_words": None, "constraints": {"*": [["E1", "E2"]]}},
        ["rel_directed_macro_f", "rel_micro_f"],
    ),
    "jacred": (
        build_jacred_reader_v1,
        "xx",
        {"max_words": 30, "constraints": "learn", "negatives": 1.0},
        ["rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f"],
    ),
}


def score(nlp: Language, path: Path, args: argparse.Namespace) -> dict:
    reader, _, _, names = CORPORA[args.corpus]
    examples = list(reader(path, gold_words=True)(nlp))[: args.limit or None]
    start = time.process_time()
    with autocast(nlp, args.dtype):
        found = list(nlp.pipe([eg.predicted for eg in examples], batch_size=64))
    seconds = time.process_time() - start
    scores = score_relations([Example(doc, eg.reference) for doc, eg in zip(found, examples)], spans_key=RELATIONS_KEY)
    row = {"test": path.name, "texts": len(examples), **{name: percent(scores[name]) for name in names}}
    return {**row, "texts_per_cpu_s": round(len(examples) / seconds, 1)}


def percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)


def main(argv: list[str] | None = None) -> list[dict]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=list(CORPORA))
    parser.add_argument("encoder")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--system", choices=SYSTEMS, required=True)
    add_arguments(parser, budget=900.0, batch=32)
    parser.add_argument("--batch-size", type=int, default=2048, help="luke: pieces and slots of a padded batch")
    parser.add_argument("--max-pieces", type=int, help="luke: most pieces of a question")
    parser.add_argument("--limit", type=int, default=0, help="score this many texts only")
    args = parser.parse_args(argv)
    begin(args)

    reader, lang, pairs, _ = CORPORA[args.corpus]
    sizes = {"batch_size": args.batch_size, "max_pieces": args.max_pieces}
    nlp = make_pipeline(args.system, args.encoder, pairs, lang=lang, dtype=args.dtype, **sizes)
    examples = list(reader(args.train, gold_words=True)(nlp))
    nlp.initialize(lambda: examples)
    found = {"corpus": args.corpus, **train(nlp, examples, args)}
    return [write_row(args, {**found, **score(nlp, path, args)}, tuple(sizes)) for path in args.test]


if __name__ == "__main__":
    main()
