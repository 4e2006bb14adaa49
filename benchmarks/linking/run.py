"""Entity linking on gold mentions: `luke_linker` against spaCy's `entity_linker` and the prior alone, with the same
encoder, knowledge base, candidates and budget.

    python benchmarks/linking/run.py PREPARED SET --system luke --encoder ENCODER --rate 1e-4 --output out.jsonl

PREPARED: what prepare.py wrote. ENCODER: for luke a directory of `python -m spacy luke convert`; for stock
(--peer-encoder) the same checkpoint in Hugging Face layout. The budget is processor time of the whole process and
counts training only; the learning rate follows the share that is used: up for 6 %, then down to 0. Both
systems train on documents cut to the stretch that has mentions, keep the embeddings of pieces and the lowest
layers as they are, and are scored at the last step. Nothing is chosen on the test part. Prints a JSON line
per row; --output has the counts of each document, too. Where recognise.py has written its mentions, test documents are
scored end to end, too.

    prior   the candidate with the highest prior
    stock   `entity_linker`: sentence and entity vector by cosine, with the prior
    luke    `luke_linker`, trained once, then scored local (one pass), global and exact (one mention a pass)
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy
import spacy
import torch
from corpora import SETS, read_docs
from counts import count_doc, intervals, scores
from prepare import FOLDS, fold_of
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from systems import Remembering, freeze_encoder, make_pipeline, prepare_peer

from spacy_luke.features.candidates import build_candidate_generator_v1
from spacy_luke.kb import MMapKB
from spacy_luke.layers.shim import ENCODER_PREFIX
from spacy_luke.pipeline import linker as linker_module
from spacy_luke.scorers import build_linker_scorer_v1
from spacy_luke.training.optimizer import AdamW

AROUND = 60  # words before the first and behind the last mention of a training document
LONGEST = 350  # words of a training document


class TwoRates(AdamW):
    """Our optimizer for spaCy's pipe: the transformer's weights at one rate, the linker's at another."""

    def __call__(self, key, weights, gradient, **kwargs):
        if key[1].startswith(("encoder.", "embeddings.")):
            key = (key[0], ENCODER_PREFIX + key[1])
        return super().__call__(key, weights, gradient, **kwargs)


def training_docs(docs: list[Doc], sentencizer) -> list[Doc]:
    """Stretches of at most LONGEST words, cut between sentences, that have mentions."""
    found = []
    for doc in (with_sentences(doc, sentencizer) for doc in docs if doc.ents):
        first, last = max(0, doc.ents[0].start - AROUND), min(len(doc), doc.ents[-1].end + AROUND)
        inside = {i for ent in doc.ents for i in range(ent.start + 1, ent.end)}
        ends = [s.end for s in doc.sents if first < s.end < last and s.end not in inside] + [last]
        start = first
        for end, following in zip(ends, [*ends[1:], None]):
            if following is None or following - start > LONGEST:
                part = doc[start:end]
                start = end
                if part.ents:
                    found.append(part.as_doc())
    return found


def with_sentences(doc: Doc, sentencizer) -> Doc:
    return doc if doc.has_annotation("SENT_START") else sentencizer(doc)


def unlinked(doc: Doc) -> Doc:
    """The same words, sentences and mentions, without links."""
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    found = Doc(doc.vocab, words=words, spaces=spaces, sent_starts=[bool(token.is_sent_start) for token in doc])
    found.set_ents([spacy.tokens.Span(found, e.start, e.end, label=e.label) for e in doc.ents])
    return found


def train(nlp: Language, linker, kb_path: Path, gold: list[Doc], args: argparse.Namespace) -> dict:
    examples = [Example(unlinked(doc), doc) for doc in gold]
    load = partial(MMapKB.open, path=kb_path)
    linker.initialize(lambda: examples, nlp=nlp, kb_loader=load)
    kind = AdamW if args.system == "luke" else TwoRates
    optimizer = kind((0.0, 0.0), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)
    if args.system == "stock":
        prepare_peer(linker, args.freeze)
    elif not args.rate:
        freeze_encoder(linker)
    order: list[int] = []
    start, wall, steps, curve = time.process_time(), time.time(), 0, []
    while (share := (time.process_time() - start) / max(args.budget, 1e-9)) < 1:
        rate = min(share / 0.06, (1 - share) / 0.94)
        optimizer.learn_rate = args.rate * rate
        optimizer.rates = (args.rate * rate, args.head_rate * rate)
        if len(order) < args.batch:
            order += random.sample(range(len(gold)), len(gold))
        batch, order = order[: args.batch], order[args.batch :]
        with autocast(args):
            losses = linker.update([Example(unlinked(gold[i]), gold[i]) for i in batch], drop=args.drop)
        linker.finish_update(optimizer)
        curve.append(losses[linker.name])
        steps += 1
    tenths = [round(float(part.mean()), 3) for part in numpy.array_split(curve, 10) if len(part)]
    spent = {"train_cpu_s": round(time.process_time() - start), "train_wall_s": round(time.time() - wall)}
    return {**spent, "steps": steps, "epochs": round(steps * args.batch / len(gold), 1), "losses": tenths}


def autocast(args: argparse.Namespace):
    """spacy-transformers has mixed precision for CUDA only: on a CPU it gets torch's from outside."""
    return torch.autocast("cpu", dtype=torch.bfloat16) if args.system == "stock" else nullcontext()


def measure(linker, gold: list[Doc], candidates: list[list[list[str]]], args: argparse.Namespace) -> tuple[dict, list]:
    passes: list[int] = []
    original = linker_module.disambiguate

    def counting(*positional, **named):
        decided = original(*positional, **named)
        passes.extend(decided.passes.tolist())
        return decided

    linker_module.disambiguate = counting
    start = time.process_time()
    with autocast(args):
        found = [linker(unlinked(doc)) for doc in gold]
    seconds = time.process_time() - start
    linker_module.disambiguate = original
    counts = [count_doc(*three) for three in zip(gold, found, candidates)]
    row = {name: round(float(x), 2) for name, x in scores(numpy.asarray(counts).sum(axis=0)).items()}
    row |= {"intervals": intervals(counts), "docs_per_cpu_s": round(len(gold) / seconds, 3)}
    row |= {"passes_per_doc": round(sum(passes) / len(gold), 2)} if passes else {}
    return row | {"docs": counts}, [[ent.kb_id_ for ent in doc.ents] for doc in found]


def end_to_end(linker, found: list[Doc], gold: list[Doc], args: argparse.Namespace) -> dict[str, float]:
    """F1 with the mentions of recognise.py: a missed mention is a missed link."""
    with autocast(args):
        examples = [Example(linker(doc), reference) for doc, reference in zip(found, gold)]
    got = build_linker_scorer_v1()(examples)
    return {f"end_to_end_{k}": round(100 * (got[f"nel_{k}_f"] or 0.0), 2) for k in ("micro", "with_nil")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("set", choices=list(SETS))
    parser.add_argument("--system", choices=["prior", "stock", "luke"], required=True)
    parser.add_argument("--encoder")
    parser.add_argument("--peer-encoder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=200.0, help="processor seconds of training")
    parser.add_argument("--rate", type=float, default=1e-4, help="highest learning rate of the encoder; luke: 0 = none of it is trained")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--drop", type=float, default=0.1)
    parser.add_argument("--batch", type=int, default=4, help="stretches of documents")
    parser.add_argument("--freeze", type=int, default=0, help="lowest layers; stock needs one that is trained")
    parser.add_argument("--top-k", type=int, default=30)
    parser.add_argument("--fuzzy", type=float, default=0.75, help="the least similarity of an alias that stands in")
    parser.add_argument("--all-priors", action="store_true", help="train with the text's own mentions counted")
    parser.add_argument("--no-prior", action="store_true")
    parser.add_argument("--n-sents", type=int, default=0, help="stock: sentences of context before and after")
    parser.add_argument("--confidence", type=float, nargs="*", default=[0.9])
    parser.add_argument("--modes", nargs="*", default=["local", "global", "exact"])
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--limit", type=int, default=0, help="score this many documents only")
    parser.add_argument("--save", type=Path, help="folder for the trained pipeline")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)

    get_candidates = Remembering(build_candidate_generator_v1(top_k=args.top_k, fuzzy=args.fuzzy))
    nlp, linker = make_pipeline(args, SETS[args.set][0], get_candidates)
    kb, corpus = args.prepared / "kb" / args.set, args.prepared / "corpus" / args.set
    sentencizer = spacy.blank("xx").add_pipe("sentencizer")
    docs = {k: read_docs(corpus / f"{k}.spacy", nlp.vocab) for k in ("train", args.split)}
    gold = [with_sentences(doc, sentencizer) for doc in docs[args.split] if doc.ents][: args.limit or None]
    result = {}
    if args.system == "prior":
        linker.kb = MMapKB.open(nlp.vocab, kb)
    else:
        parts = {}
        folds = [MMapKB.open(nlp.vocab, f"{kb}.{fold}") for fold in range(FOLDS)]
        for doc in docs["train"]:
            parts |= {part.text: (part, folds[fold_of(doc.text)]) for part in training_docs([doc], sentencizer)}
        get_candidates.others = {} if args.all_priors else {text: other for text, (_, other) in parts.items()}
        result = train(nlp, linker, kb, [part for _, (part, _) in parts.items()], args)
    candidates = [[c.ids for c in get_candidates(linker.kb, [list(doc.ents)])[0]] for doc in gold]
    if args.save:
        nlp.to_disk(args.save)
    rows, ids = [], {}
    for mode in args.modes if args.system == "luke" else [""]:
        for confidence in args.confidence if mode == "global" else [None]:
            if mode:
                linker.cfg |= {"mode": mode, "confidence": confidence or 0.0}
            row, found = measure(linker, gold, candidates, args)
            ids[mode, confidence] = found
            about = {"set": args.set, "system": args.system, "mode": mode, "confidence": confidence, "seed": args.seed}
            rows.append({**about, "split": args.split, "documents": len(gold), **row})
            if args.split == "test" and (corpus / "found.spacy").is_file():
                rows[-1] |= end_to_end(linker, read_docs(corpus / "found.spacy", nlp.vocab), gold, args)
    exact = ids.get(("exact", None))
    settings = ("budget", "rate", "head_rate", "drop", "batch", "freeze", "top_k", "fuzzy", "all_priors", "no_prior", "n_sents")
    for row in rows:
        if exact is not None:
            found = ids[row["mode"], row["confidence"]]
            same = [a == b for docs in zip(exact, found) for a, b in zip(*docs)]
            row["as_exact"] = round(100 * sum(same) / len(same), 2)
        row |= result | {"settings": {k: getattr(args, k) for k in settings}}
        row["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        row["versions"] = {"python": platform.python_version(), "torch": torch.__version__, "spacy": spacy.__version__}
        if args.output:
            with args.output.open("a", encoding="utf8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        del row["docs"]
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
