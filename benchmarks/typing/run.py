"""Entity typing: `luke_typing` against spaCy's `spancat` on the same mentions, same encoder, same budget.

    python benchmarks/typing/run.py ufet ENCODER --train train.wex.json --dev dev.wex.json --test test.wex.json \
        --system luke --rate 2e-4 --budget 300 --output out.jsonl

Mentions are given, words are the file's own. ENCODER: for luke a directory in LUKE's layout or a BERT-like checkpoint,
for spancat a BERT-like one in Hugging Face layout. The budget is processor time of training, all threads together. The
learning rate follows the share of the budget that is used: up for 6 %, then down to 0. Scored is the last step, at the
threshold of the best micro F1 on dev, the same rule for both. Prints one JSON line.

    luke       `luke_typing` as in configs/typing.cfg
    spancat    `spancat` as `spacy init config --gpu` writes it, with the suggester spacy.preset_spans_suggester.v1
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy
import spacy
from spacy.language import Language
from spacy.tokens import Span, SpanGroup
from spacy.training import Example

from spacy_luke.annotations import TYPES_KEY
from spacy_luke.training.readers.figer import build_figer_reader_v1
from spacy_luke.training.readers.open_entity import GENERAL_TYPES, build_open_entity_reader_v1
from spacy_luke.training.type_targets import gold_types, type_targets
from spacy_luke.training.type_thresholds import global_threshold
from spacy_luke.typing_scorers import score_types

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # training.py, of several benchmarks
from training import add_arguments, autocast, begin, train, write_row  # noqa: E402

MENTIONS = "mentions"
# name -> reader, the types that are gold (None = all)
CORPORA = {
    "ufet": (build_open_entity_reader_v1, None),
    "open-entity": (build_open_entity_reader_v1, list(GENERAL_TYPES)),
    "figer": (build_figer_reader_v1, None),
}
LUKE = {
    "model": {
        "@architectures": "spacy_luke.LukeTyping.v1",
        "encoder": {"@architectures": "spacy_luke.LukeEncoder.v1", "freeze_embeddings": True},
    },
    "spans_key": MENTIONS,
}
# What `spacy init config --pipeline spancat --gpu` writes, but for the suggester.
TRANSFORMER = {
    "model": {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "tokenizer_config": {"use_fast": True},
        "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
    }
}
SPANCAT = {
    "max_positive": None,
    "spans_key": TYPES_KEY,
    "threshold": 0.5,
    "model": {
        "@architectures": "spacy.SpanCategorizer.v1",
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 128},
        "scorer": {"@layers": "spacy.LinearLogistic.v1", "nO": None, "nI": None},
        "tok2vec": {
            "@architectures": "spacy-transformers.TransformerListener.v1",
            "grad_factor": 1.0,
            "pooling": {"@layers": "reduce_mean.v1"},
        },
    },
    "suggester": {"@misc": "spacy.preset_spans_suggester.v1", "spans_key": MENTIONS},
}


def make_pipeline(args: argparse.Namespace) -> Language:
    nlp = spacy.blank("en")
    luke, transformer = (json.loads(json.dumps(config)) for config in (LUKE, TRANSFORMER))
    if args.system == "luke":
        luke["model"]["encoder"] |= {"name": args.encoder, "dtype": args.dtype}
        nlp.add_pipe("luke_typing", config=luke)
    else:
        transformer["model"]["name"] = args.encoder
        nlp.add_pipe("transformer", config=transformer)
        nlp.add_pipe("spancat", config=SPANCAT)
    return nlp


def read(path: Path, nlp: Language, args: argparse.Namespace) -> list[Example]:
    """The gold mentions stand in predicted.spans: for luke_typing to ask about, for spancat as suggestions."""
    reader, labels = CORPORA[args.corpus]
    examples = list(reader(path, labels=labels, gold_words=True)(nlp))[: args.limit or None]
    for eg in examples:
        borders = [mention[:2] for mention in gold_types(eg, TYPES_KEY) or ()]
        eg.predicted.spans[MENTIONS] = [Span(eg.predicted, *border) for border in borders]
        group = eg.reference.spans[TYPES_KEY]  # spancat knows no mention without a type: leave these out
        eg.reference.spans[TYPES_KEY] = SpanGroup(eg.reference, spans=[span for span in group if span.label])
    return examples


def probabilities(nlp: Language, examples: list[Example], args: argparse.Namespace) -> numpy.ndarray:
    """(mentions, types), mentions in the order of the Docs."""
    pipe, rows = nlp.get_pipe(nlp.pipe_names[-1]), []
    for start in range(0, len(examples), 64):
        docs = [eg.predicted for eg in examples[start : start + 64]]
        if args.system == "luke":
            mentions = [numpy.asarray([(s.start, s.end) for s in doc.spans[MENTIONS]]).reshape(-1, 2) for doc in docs]
            scores = pipe.model.predict((docs, mentions))
            rows.append(1 / (1 + numpy.exp(-scores)))
            continue
        with autocast(nlp, args.dtype):
            nlp.get_pipe("transformer").set_annotations(docs, nlp.get_pipe("transformer").predict(docs))
            rows.append(pipe.predict(docs)[1])
    return numpy.concatenate(rows)


def tune(nlp: Language, examples: list[Example], args: argparse.Namespace) -> float:
    """The threshold of the best micro F1 on these Examples."""
    pipe = nlp.get_pipe(nlp.pipe_names[-1])
    gold = [mention for eg in examples for mention in gold_types(eg, TYPES_KEY) or ()]
    places = type_targets(gold, {label: row for row, label in enumerate(pipe.labels)}, None)
    found = global_threshold(probabilities(nlp, examples, args), *places, sum(len(mention.types) for mention in gold))
    return 0.5 if found is None else found


def score(nlp: Language, examples: list[Example], threshold: float, args: argparse.Namespace) -> dict:
    """Types of mentions that have at least one gold type."""
    labels = nlp.get_pipe(nlp.pipe_names[-1]).labels
    start = time.process_time()
    found = probabilities(nlp, examples, args)
    seconds, row = time.process_time() - start, 0
    for eg in examples:
        spans = [
            Span(eg.predicted, mention.start, mention.end, label=labels[label])
            for number, mention in enumerate(eg.predicted.spans[MENTIONS])
            for label in numpy.flatnonzero(found[row + number] >= threshold)
        ]
        row += len(eg.predicted.spans[MENTIONS])
        eg.predicted.spans[TYPES_KEY] = SpanGroup(eg.predicted, spans=spans)
    scores = score_types(examples, types_key=TYPES_KEY)
    names = [f"{kind}_{what}" for kind in ("micro", "macro", "strict") for what in "prf"]
    values = {name: round(100 * (scores[f"types_{name}"] or 0.0), 2) for name in names}
    return {"mentions": len(found), "threshold": round(threshold, 3), **values, "mentions_per_cpu_s": round(len(found) / seconds, 1)}


def main(argv: list[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=list(CORPORA))
    parser.add_argument("encoder")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True, help="for the threshold")
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--system", choices=["luke", "spancat"], required=True)
    add_arguments(parser, budget=300.0, batch=16)
    parser.add_argument("--limit", type=int, default=0, help="read this many texts of a file only")
    args = parser.parse_args(argv)
    begin(args)

    nlp = make_pipeline(args)
    examples = read(args.train, nlp, args)
    nlp.initialize(lambda: examples)
    found = {"corpus": args.corpus, "test": args.test.name, **train(nlp, examples, args)}
    dev, test = (read(path, nlp, args) for path in (args.dev, args.test))
    return write_row(args, {**found, **score(nlp, test, tune(nlp, dev, args), args)})


if __name__ == "__main__":
    main()
