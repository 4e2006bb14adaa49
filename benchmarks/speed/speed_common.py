"""What the tables of this folder share: random models and sentences, paired timing, the peak of the machine."""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import spacy
import torch
from spacy.tokens import DocBin

from spacy_luke.types import Question

# layers, width; 12 heads, entity vectors of 256
SIZES = {"6x384": (6, 384), "base": (12, 768), "2x192": (2, 192), "tiny": (2, 24)}
TABLE = {"vocab_size": 5000, "entity_vocab_size": 50, "entity_emb_size": 256, "max_position_embeddings": 514}
MASK = 2


def parser(doc: str) -> argparse.ArgumentParser:
    args = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--size", choices=SIZES, default="6x384")
    args.add_argument("--sentences", type=int, default=16)
    args.add_argument("--words", type=int, nargs=2, default=(10, 40), help="of a sentence: least, most")
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--output", type=Path, help="JSON")
    return args


def trained_pipeline(doc: str, argv: list[str] | None):
    """Arguments, a pipeline and Docs with gold entities, of tables that are about no random model."""
    args = parser(doc)
    args.add_argument("pipeline")
    args.add_argument("docs", type=Path, help="with gold entities; --sentences of them are taken, -1 = all")
    args = args.parse_args(argv)
    del args.size, args.words
    torch.set_num_threads(args.threads)
    nlp = spacy.load(args.pipeline)
    gold = [doc for doc in DocBin().from_disk(args.docs).get_docs(nlp.vocab) if len(doc)]
    return args, nlp, gold if args.sentences < 0 else gold[: args.sentences]


def sizes(name: str) -> dict:
    """Arguments of LukeConfig, theirs or ours."""
    layers, hidden = SIZES[name]
    shape = {"num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": 4 * hidden, "num_attention_heads": 12}
    return {**TABLE, **shape, "layer_norm_eps": 1e-5}


def sentences(args: argparse.Namespace) -> list[Question]:
    """Random sentences of 1.37 pieces a word; every span of up to 16 words has a slot."""
    rng = numpy.random.default_rng(0)
    found = []
    for _ in range(args.sentences):
        n_words = int(rng.integers(args.words[0], args.words[1] + 1))
        starts = numpy.cumsum([1, *rng.choice([1, 2], n_words, p=[0.63, 0.37])])
        ids = rng.integers(5, TABLE["vocab_size"], starts[-1] + 1)
        spans = [(starts[i], starts[j]) for i in range(n_words) for j in range(i + 1, min(i + 16, n_words) + 1)]
        found.append(Question(ids, numpy.full(len(spans), MASK), numpy.asarray(spans), "full"))
    return found


def flops(args: argparse.Namespace, questions: list[Question]) -> float:
    """Multiplications and additions of the encoder that no padding and no softmax are part of."""
    layers, h = SIZES[args.size]
    total = 0.0
    for q in questions:
        p, s = len(q.piece_ids), len(q.slot_ids)
        queries = 2 * (p + s) if q.view == "full" else p + 2 * s
        total += 2 * h * h * (queries + 2 * (p + s) + 9 * (p + s))
        total += 4 * h * ((p + s) ** 2 if q.view == "full" else p * (p + s) + s)
    return layers * total


def paired(systems: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median processor seconds of each system. They take turns, so that what else the machine does hits all."""
    times: dict[str, list[float]] = {name: [] for name in systems}
    for run in systems.values():
        run()
    for _ in range(rounds):
        for name, run in systems.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def peak_mb(run: Callable[[], object]) -> float | str:
    """Megabytes that a run takes at most beyond what the process holds before it; Linux with glibc only."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    run()
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        forget.write_text("5")  # the highest use so far becomes the present one
    except OSError:
        return ""
    before = _kilobytes(status, "VmRSS")
    run()
    return (_kilobytes(status, "VmHWM") - before) / 1024


def _kilobytes(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))


def peaks() -> dict[str, float]:
    """GFLOP/s of a product (1024, 768) x (768, 3072) in this process: torch's own, oneDNN with packed weights."""
    x, w, b = torch.randn(1024, 768), torch.randn(3072, 768), torch.zeros(3072)
    pack, linear = torch.ops.mkldnn._reorder_linear_weight, torch.ops.mkldnn._linear_pointwise
    with torch.inference_mode():
        fp32, bf16 = pack(w, 1024), pack(w.bfloat16(), 1024)
        xb, bb = x.bfloat16(), b.bfloat16()
        systems = {
            "F.linear fp32": lambda: [torch.nn.functional.linear(x, w, b) for _ in range(4)],
            "oneDNN fp32": lambda: [linear(x, fp32, b, "none", [], "") for _ in range(4)],
            "oneDNN bf16": lambda: [linear(xb, bf16, bb, "none", [], "") for _ in range(4)],
        }
        return {name: 4 * 2 * 1024 * 768 * 3072 / s / 1e9 for name, s in paired(systems, 5).items()}


def report(args: argparse.Namespace, columns: list[str], rows: list[list], **more) -> None:
    """Print a table and where it was measured; write both as JSON."""
    import transformers

    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(f"{x:,.3g}" if isinstance(x, float) else str(x) for x in row) + " |")
    malloc = {name: value for name, value in os.environ.items() if name.startswith("MALLOC_")}
    versions = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__}
    settings = {k: v.name if isinstance(v, Path) else v for k, v in vars(args).items() if k != "output"}
    where = {**settings, **versions, **malloc, "cpu": torch.backends.cpu.get_cpu_capability(), **more}
    print("\n" + ", ".join(f"{name} {value}" for name, value in where.items()))
    if args.output:
        rows_as_dicts = [dict(zip(columns, row)) for row in rows]
        args.output.write_text(json.dumps({"rows": rows_as_dicts, "where": where}, indent=2) + "\n", encoding="utf8")
