"""What the benchmarks that train share: one loop for a fixed budget, whatever the system, and one line for each result."""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.training import Example

from spacy_luke.layers.shim import ENCODER_PREFIX
from spacy_luke.training.optimizer import AdamW

SETTINGS = ("budget", "steps", "threads", "dtype", "rate", "head_rate", "warmup", "batch")


def add_arguments(parser: argparse.ArgumentParser, *, budget: float, batch: int, what: str = "texts") -> None:
    """Arguments of `train` and `write_row`. what: of which there are `batch` in a step."""
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=budget, help="processor seconds of training")
    parser.add_argument("--steps", type=int, default=0, help="train so many steps instead, whatever they cost")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--rate", type=float, required=True, help="highest learning rate of the encoder")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--warmup", type=float, default=0.06, help="share of the training")
    parser.add_argument("--batch", type=int, default=batch, help=f"{what} of a step")
    parser.add_argument("--verbose", type=int, default=0, help="print the loss every so many steps")
    parser.add_argument("--output", type=Path)


def begin(args: argparse.Namespace) -> None:
    """Threads and seeds."""
    torch.set_num_threads(args.threads)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)


class TwoRates(AdamW):
    """Our optimizer for spaCy's pipes: the transformer's weights at one rate, those of what listens at another."""

    def __call__(self, key, weights, gradient, **kwargs):
        if key[1].startswith(("encoder.", "embeddings.")):
            key = (key[0], ENCODER_PREFIX + key[1])
        return super().__call__(key, weights, gradient, **kwargs)


def train(nlp: Language, examples: list[Example], args: argparse.Namespace) -> dict:
    """Train an initialised pipeline until its budget of processor time, all threads together, or its steps are used up.
    The learning rates follow the share that is used: up for `warmup` of it, then down to 0. A `transformer` keeps the
    embeddings of pieces, as ours do, and all systems see the same texts in the same order."""
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
        with autocast(nlp, args.dtype):
            losses = nlp.update(batch, sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        steps += 1
        total += sum(losses.values())
        if args.verbose and steps % args.verbose == 0:
            print(f"step {steps}, {share:.0%} of the training, loss {total / args.verbose:.3f}", flush=True)
            total = 0.0
    spent, seen = time.process_time() - start, steps * args.batch / len(examples)
    return {"train_cpu_s": round(spent), "train_wall_s": round(time.time() - wall), "steps": steps, "epochs": round(seen, 2)}


def autocast(nlp: Language, dtype: str) -> AbstractContextManager:
    """spacy-transformers has mixed precision for CUDA only: on a CPU it gets torch's from outside."""
    if dtype == "bfloat16" and "transformer" in nlp.pipe_names:
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return nullcontext()


def float32_outputs(module, inputs, output):
    """What leaves the transformer under autocast, in the type that Thinc takes."""
    for name, value in output.items():
        if torch.is_tensor(value):
            output[name] = value.float()
    return output


def write_row(args: argparse.Namespace, result: dict, settings: tuple[str, ...] = ()) -> dict:
    """Print what was found as a line of JSON, and add it to the file `output`. settings: further arguments that say
    how it was found."""
    row = {
        "system": args.system,
        "seed": args.seed,
        **result,
        "settings": {name: getattr(args, name) for name in (*SETTINGS, *settings)},
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "spacy": spacy.__version__},
    }
    line = json.dumps(row, ensure_ascii=False)
    print(line, flush=True)
    if args.output:
        with args.output.open("a", encoding="utf8") as file:
            file.write(line + "\n")
    return row
