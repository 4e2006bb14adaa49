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
import json
import platform
import random
import resource
import time
from contextlib import nullcontext
from pathlib import Path

import spacy
import torch
from relation_systems import SYSTEMS, make_pipeline
from spacy.language import Language
from spacy.training import Example

from spacy_luke.annotations import RELATIONS_KEY
from spacy_luke.layers.shim import ENCODER_PREFIX
from spacy_luke.relation_scorers import score_relations
from spacy_luke.training.optimizer import AdamW
from spacy_luke.training.readers.jacred import build_jacred_reader_v1
from spacy_luke.training.readers.kbp37 import build_kbp37_reader_v1

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


class TwoRates(AdamW):
    """Our optimizer for spaCy's pipes: the transformer's weights at one rate, those of what listens at another."""

    def __call__(self, key, weights, gradient, **kwargs):
        if key[1].startswith(("encoder.", "embeddings.")):
            key = (key[0], ENCODER_PREFIX + key[1])
        return super().__call__(key, weights, gradient, **kwargs)


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
    shuffle = random.Random(args.seed)
    start, wall, steps, total = time.process_time(), time.time(), 0, 0.0
    while (share := steps / args.steps if args.steps else (time.process_time() - start) / args.budget) < 1:
        ramp = min((share + 1e-3) / args.warmup, (1 - share) / (1 - args.warmup))
        optimizer.learn_rate = args.rate * ramp
        optimizer.rates = (args.rate * ramp, args.head_rate * ramp)
        if len(order) < args.batch:
            order += shuffle.sample(range(len(examples)), len(examples))
        batch, order = [examples[i] for i in order[: args.batch]], order[args.batch :]
        with autocast(args):
            losses = nlp.update(batch, sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        steps += 1
        total += sum(losses.values())
        if args.verbose and steps % args.verbose == 0:
            print(f"step {steps}, {share:.0%} of the training, loss {total / args.verbose:.3f}", flush=True)
            total = 0.0
    spent = time.process_time() - start
    seen = steps * args.batch / len(examples)
    return {"train_cpu_s": round(spent), "train_wall_s": round(time.time() - wall), "steps": steps, "epochs": round(seen, 2)}


def autocast(args: argparse.Namespace):
    """spacy-transformers has mixed precision for CUDA only: on a CPU it gets torch's from outside."""
    if args.dtype == "bfloat16" and args.system == "mean-pooling":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


def float32_outputs(module, inputs, output):
    """What leaves the transformer under autocast, in the type that Thinc takes."""
    for name, value in output.items():
        if torch.is_tensor(value):
            output[name] = value.float()
    return output


def score(nlp: Language, path: Path, args: argparse.Namespace) -> dict:
    reader, _, _, names = CORPORA[args.corpus]
    examples = list(reader(path, gold_words=True)(nlp))[: args.limit or None]
    start = time.process_time()
    with autocast(args):
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
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=900.0, help="processor seconds of training")
    parser.add_argument("--steps", type=int, default=0, help="train so many steps instead, whatever they cost")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--rate", type=float, required=True, help="highest learning rate of the encoder")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=float, default=0.06, help="share of the budget")
    parser.add_argument("--batch", type=int, default=32, help="texts of a step")
    parser.add_argument("--batch-size", type=int, default=2048, help="luke: pieces and slots of a padded batch")
    parser.add_argument("--max-pieces", type=int, help="luke: most pieces of a question")
    parser.add_argument("--limit", type=int, default=0, help="score this many texts only")
    parser.add_argument("--verbose", type=int, default=0, help="print the loss every so many steps")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)

    reader, lang, pairs, _ = CORPORA[args.corpus]
    sizes = {"batch_size": args.batch_size, "max_pieces": args.max_pieces}
    nlp = make_pipeline(args.system, args.encoder, pairs, lang=lang, dtype=args.dtype, **sizes)
    trained = train(nlp, list(reader(args.train, gold_words=True)(nlp)), args)
    return [write_row(args, {**score(nlp, path, args), **trained}) for path in args.test]


def write_row(args: argparse.Namespace, result: dict) -> dict:
    names = ("budget", "steps", "threads", "dtype", "rate", "head_rate", "warmup", "batch", "batch_size", "max_pieces")
    row = {
        "corpus": args.corpus,
        "system": args.system,
        "seed": args.seed,
        **result,
        "settings": {name: getattr(args, name) for name in names},
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
