"""Four pipes on one encoder against four pipelines with an encoder each: scores, size, memory, speed.

    python benchmarks/joint/run.py train joint CORPUS ENCODER KB OUT/joint --budget 400
    python benchmarks/joint/run.py train separate CORPUS ENCODER KB OUT/separate --budget 400
    python benchmarks/joint/run.py score OUT/joint CORPUS

CORPUS: what scripts/corpus.py and scripts/mix.py make of assets/sample (xx_mixed.spacy, xx_test.spacy). Both are
configs/xx.cfg, `separate` with one pipe behind each `luke`. The budget is processor time of training, all threads
together; the separate pipelines share it as the pipes' questions did in joint training: each sees the same Docs as often,
that is, all make as many steps as the budget allowed the joint one (--steps). `score` loads what was trained in a fresh
process, annotates the test Docs end to end, and prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Corpus, Example
from spacy.training.initialize import init_nlp

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # training.py, of several benchmarks
from training import begin, train  # noqa: E402

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "xx.cfg"
PIPES = ("luke_ner", "luke_linker", "luke_relations", "luke_typing")
SCORES = ("ents_f", "nel_micro_f", "rel_micro_f", "types_micro_f")
# as `smoke` trains
SETTINGS = {"components.luke_relations.negatives": 1.0, "components.luke_relations.get_pairs.max_words": 15}


def make_pipeline(pipes: tuple[str, ...], args: argparse.Namespace) -> Language:
    train = args.corpus / "xx_mixed.spacy"
    paths = {"train": train, "dev": train, "encoder": args.encoder, "kb": args.kb}
    overrides = {**{f"paths.{name}": str(path) for name, path in paths.items()}, **SETTINGS}
    config = spacy.util.load_config(CONFIG, overrides=overrides, interpolate=False)
    config["components"]["luke"]["model"]["dtype"] = args.dtype
    config["nlp"]["pipeline"] = ["luke", *pipes]
    for name in set(PIPES).difference(pipes):
        del config["components"][name]
        config["initialize"]["components"].pop(name, None)
    return init_nlp(config)


def score(folder: Path, corpus: Path, limit: int) -> dict:
    """All pipelines in the folder, one after the other, on the same Docs."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    pipelines: list[Language] = []
    for name in json.loads((folder / "trained.json").read_text(encoding="utf8")):
        vocab = pipelines[0].vocab if pipelines else True
        pipelines.append(spacy.load(folder / name, vocab=vocab))
    loaded = time.process_time() - start
    gold = list(DocBin().from_disk(corpus / "xx_test.spacy").get_docs(pipelines[0].vocab))[: limit or None]
    docs = [pipelines[0].make_doc(doc.text) for doc in gold]
    start = time.process_time()
    for nlp in pipelines:
        docs = list(nlp.pipe(docs))
    seconds = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    examples, scores = [Example(*pair) for pair in zip(docs, gold)], {}
    for pipe in (pipe for nlp in pipelines for name, pipe in nlp.pipeline if name in PIPES):
        scores |= {name: value for name, value in pipe.score(examples).items() if name in SCORES}
    return {
        "docs": len(docs),
        **{name: round(100 * (scores[name] or 0), 2) for name in SCORES if name in scores},
        "mb_on_disk": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6),
        "load_cpu_s": round(loaded, 1),
        "peak_rss_mb": round((after - before) / 1024),
        "docs_per_cpu_s": round(len(docs) / seconds, 2),
    }


def main(argv: list[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    trains, scored = commands.add_parser("train"), commands.add_parser("score")
    trains.add_argument("system", choices=["joint", "separate"])
    for name in ("corpus", "encoder", "kb", "out"):
        trains.add_argument(name, type=Path)
    trains.add_argument("--budget", type=float, default=400.0, help="processor seconds of a pipeline's training")
    trains.add_argument("--steps", type=int, default=0, help="train for so many steps instead")
    trains.add_argument("--rate", type=float, default=3e-4)
    trains.add_argument("--head-rate", type=float, default=4e-3)
    trains.add_argument("--batch", type=int, default=8)
    trains.set_defaults(warmup=0.1, verbose=0)
    trains.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    scored.add_argument("folder", type=Path)
    scored.add_argument("corpus", type=Path)
    scored.add_argument("--limit", type=int, default=0, help="score this many Docs only")
    for command in (trains, scored):
        command.add_argument("--threads", type=int, default=1)
        command.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    begin(args)
    row = {"versions": {"python": platform.python_version(), "torch": torch.__version__, "spacy": spacy.__version__}}
    if args.what == "score":
        row = {"system": args.folder.name, **score(args.folder, args.corpus, args.limit), **row}
    else:
        groups = {"joint": PIPES} if args.system == "joint" else {name: (name,) for name in PIPES}
        trained = {}
        for name, pipes in groups.items():
            args.out.mkdir(parents=True, exist_ok=True)
            nlp = make_pipeline(pipes, args)
            trained[name] = train(nlp, list(Corpus(args.corpus / "xx_mixed.spacy")(nlp)), args)
            nlp.to_disk(args.out / name)
        (args.out / "trained.json").write_text(json.dumps(trained), encoding="utf8")
        row = {"system": args.system, "trained": trained, **row}
    print(json.dumps(row, ensure_ascii=False), flush=True)
    return row


if __name__ == "__main__":
    main()
