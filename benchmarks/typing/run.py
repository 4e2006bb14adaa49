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
import platform
import random
import resource
import time
from contextlib import nullcontext
from pathlib import Path

import numpy
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Span, SpanGroup
from spacy.training import Example

from spacy_luke.annotations import TYPES_KEY
from spacy_luke.layers.shim import ENCODER_PREFIX
from spacy_luke.training.optimizer import AdamW
from spacy_luke.training.readers.figer import build_figer_reader_v1
from spacy_luke.training.readers.open_entity import GENERAL_TYPES, build_open_entity_reader_v1
from spacy_luke.training.type_targets import gold_types, type_targets
from spacy_luke.training.type_thresholds import global_threshold
from spacy_luke.typing_scorers import score_types

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


class TwoRates(AdamW):
    """Our optimizer for spaCy's pipes: the transformer's weights at one rate, those of what listens at another."""

    def __call__(self, key, weights, gradient, **kwargs):
        if key[1].startswith(("encoder.", "embeddings.")):
            key = (key[0], ENCODER_PREFIX + key[1])
        return super().__call__(key, weights, gradient, **kwargs)


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


def train(nlp: Language, examples: list[Example], args: argparse.Namespace) -> dict:
    nlp.initialize(lambda: examples)
    kind = AdamW
    if "transformer" in nlp.pipe_names:
        kind = TwoRates
        transformer = nlp.get_pipe("transformer").model.transformer
        transformer.embeddings.requires_grad_(False)
        transformer.register_forward_hook(float32_outputs)
    optimizer = kind((0.0, 0.0), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)
    order: list[int] = []
    start, wall, steps = time.process_time(), time.time(), 0
    while (share := (time.process_time() - start) / args.budget) < 1:
        ramp = min(share / 0.06, (1 - share) / 0.94)
        optimizer.learn_rate = args.rate * ramp
        optimizer.rates = (args.rate * ramp, args.head_rate * ramp)
        if len(order) < args.batch:
            order += random.sample(range(len(examples)), len(examples))
        batch, order = [examples[i] for i in order[: args.batch]], order[args.batch :]
        with autocast(args):
            nlp.update(batch, sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        steps += 1
    spent = time.process_time() - start
    seen = steps * args.batch / len(examples)
    return {"train_cpu_s": round(spent), "train_wall_s": round(time.time() - wall), "steps": steps, "epochs": round(seen, 2)}


def autocast(args: argparse.Namespace):
    """spacy-transformers has mixed precision for CUDA only: on a CPU it gets torch's from outside."""
    if args.dtype == "bfloat16" and args.system != "luke":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


def float32_outputs(module, inputs, output):
    """What leaves the transformer under autocast, in the type that Thinc takes."""
    for name, value in output.items():
        if torch.is_tensor(value):
            output[name] = value.float()
    return output


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
        with autocast(args):
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
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=300.0, help="processor seconds of training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--rate", type=float, required=True, help="highest learning rate of the encoder")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=16, help="texts of a step")
    parser.add_argument("--limit", type=int, default=0, help="read this many texts of a file only")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)

    nlp = make_pipeline(args)
    trained = train(nlp, read(args.train, nlp, args), args)
    dev, test = (read(path, nlp, args) for path in (args.dev, args.test))
    row = {
        "corpus": args.corpus,
        "system": args.system,
        "seed": args.seed,
        "test": args.test.name,
        **score(nlp, test, tune(nlp, dev, args), args),
        **trained,
        "settings": {k: getattr(args, k) for k in ("budget", "threads", "dtype", "rate", "head_rate", "batch")},
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "spacy": spacy.__version__},
    }
    line = json.dumps(row, ensure_ascii=False)
    print(line, flush=True)
    if args.output:
        with args.output.open("a", encoding="utf8") as file:
            file.write(line + "\n")
    return row


if __name__ == "__main__":
    main()
