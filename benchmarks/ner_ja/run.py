"""Japanese NER: `luke_ner` against what spaCy has on a spacy-transformers `transformer`, same encoder, same budget.

    python benchmarks/ner_ja/run.py CORPUS ENCODER --system luke --seed 0 --budget 1200 --output out.jsonl

CORPUS: a folder with train.spacy, dev.spacy and test.spacy (scripts/ner_data.py writes one). ENCODER: a BERT-like
checkpoint in Hugging Face layout. The budget is processor time of the whole process, all threads together, so that
runs on a busy machine compare; it counts training only. The learning rate follows the share of the budget that is
used: up for 6 %, then down to 0. All systems see batches of 16 sentences, keep the embeddings of pieces as they
are, and are scored at the last step; nothing is chosen on the test set. Prints one JSON line per run.

    luke           `luke_ner` as in configs/ner.cfg
    spacy-ner      `ner` as `spacy init config --gpu` writes it: a transition-based parser
    spacy-tagger   `tagger`, trained to say B-X, I-X, O of every word: token classification with stock parts
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
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_luke.layers.shim import ENCODER_PREFIX
from spacy_luke.training.optimizer import AdamW

LUKE_NER = {
    "factory": "luke_ner",
    "model": {
        "@architectures": "spacy_luke.LukeNER.v1",
        "encoder": {"@architectures": "spacy_luke.LukeEncoder.v1", "freeze_embeddings": True},
    },
}
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}
# What `spacy init config --pipeline ner --gpu` writes.
TRANSFORMER = {
    "factory": "transformer",
    "model": {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "tokenizer_config": {"use_fast": True},
        "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
    },
}
NER = {
    "factory": "ner",
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LISTENER,
    },
}
TAGGER = {
    "factory": "tagger",
    "overwrite": True,
    "model": {"@architectures": "spacy.Tagger.v2", "normalize": False, "tok2vec": LISTENER},
}
COMPONENTS = {
    "luke": {"luke_ner": LUKE_NER},
    "spacy-ner": {"transformer": TRANSFORMER, "ner": NER},
    "spacy-tagger": {"transformer": TRANSFORMER, "tagger": TAGGER},
}
ALL = 1e9  # slots for each word


class TwoRates(AdamW):
    """Our optimizer for spaCy's pipes: the transformer's weights at one rate, those of what listens at another."""

    def __call__(self, key, weights, gradient, **kwargs):
        if key[1].startswith(("encoder.", "embeddings.")):
            key = (key[0], ENCODER_PREFIX + key[1])
        return super().__call__(key, weights, gradient, **kwargs)


def make_pipeline(args: argparse.Namespace) -> tuple[Language, object]:
    nlp = spacy.blank(args.lang)
    for name, settings in COMPONENTS[args.system].items():
        settings = json.loads(json.dumps(settings))
        factory, model = settings.pop("factory"), settings["model"]
        if factory == "luke_ner":
            settings["negatives"] = args.negatives
            model |= {"view": args.view, "proposals": 1.0 if args.tune else args.proposals[0] if args.proposals else None}
            model["encoder"] |= {"name": args.encoder, "dtype": args.dtype}
        elif factory == "transformer":
            model["name"] = args.encoder
        nlp.add_pipe(factory, name=name, config=settings)
    kind = AdamW if args.system == "luke" else TwoRates
    return nlp, kind((0.0, 0.0), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)


def train(nlp: Language, optimizer, gold: list, args: argparse.Namespace) -> dict:
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold]
    nlp.initialize(lambda: examples)
    if "transformer" in nlp.pipe_names:
        transformer = nlp.get_pipe("transformer").model.transformer
        transformer.embeddings.requires_grad_(False)
        transformer.register_forward_hook(float32_outputs)
    order: list[int] = []
    start, wall, steps = time.process_time(), time.time(), 0
    while (share := (time.process_time() - start) / args.budget) < 1:
        rate = min(share / 0.06, (1 - share) / 0.94)
        optimizer.learn_rate = args.rate * rate
        optimizer.rates = (args.rate * rate, args.head_rate * rate)
        if len(order) < args.batch:
            order += random.sample(range(len(gold)), len(gold))
        batch, order = order[: args.batch], order[args.batch :]
        batch = [Example(nlp.make_doc(gold[i].text), gold[i]) for i in batch]
        with autocast(args):
            nlp.update(batch, sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        steps += 1
    spent = time.process_time() - start
    return {"train_cpu_s": round(spent), "train_wall_s": round(time.time() - wall), "steps": steps}


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


def with_tags_of_ents(doc: Doc) -> Doc:
    """Gold for the tagger: B-X, I-X, O."""
    for token in doc:
        token.tag_ = f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O"
    return doc


def with_ents_of_tags(doc: Doc) -> Doc:
    """What the tagger said, as entities: I-X goes on with what stands before it if that is X, else begins."""
    tags = [token.tag_ for token in doc]
    starts = [i for i, tag in enumerate(tags) if tag != "O" and (tag[0] == "B" or i == 0 or tags[i - 1][2:] != tag[2:])]
    ends = [next((k for k in range(i + 1, len(tags)) if tags[k] != "I" + tags[i][1:]), len(tags)) for i in starts]
    doc.set_ents([Span(doc, start, end, label=tags[start][2:]) for start, end in zip(starts, ends)])
    return doc


def read(path: Path, nlp: Language) -> list:
    """A Doc for each sentence."""
    docs = DocBin().from_disk(path).get_docs(nlp.vocab)
    return [part for doc in docs for part in ([s.as_doc() for s in doc.sents] if doc.has_annotation("SENT_START") else [doc])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("encoder")
    parser.add_argument("--system", choices=list(COMPONENTS), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=1200.0, help="processor seconds of training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--rate", type=float, required=True, help="highest learning rate of the encoder")
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--negatives", type=float, default=1.0)
    parser.add_argument("--proposals", type=float, nargs="*", help="luke: score with these many slots for each word")
    parser.add_argument("--tune", action="store_true", help="luke: score all spans, then those that `tune_proposals` chose on dev")
    parser.add_argument("--view", choices=["words", "full"], default=None)
    parser.add_argument("--batch", type=int, default=16, help="sentences")
    parser.add_argument("--lang", default="ja")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--limit", type=int, default=0, help="score this many sentences only")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)

    nlp, optimizer = make_pipeline(args)
    docs = {k: read(args.corpus / f"{k}.spacy", nlp) for k in ("train", args.split)}
    if args.system == "spacy-tagger":
        docs["train"] = [with_tags_of_ents(doc) for doc in docs["train"]]
    result = train(nlp, optimizer, docs["train"], args)
    gold = docs[args.split][: args.limit or None]
    for proposals in [ALL] if args.tune else args.proposals or [None]:
        if proposals is not None:
            nlp.get_pipe("luke_ner").model.layers[0].attrs["per_word"] = proposals
        print_row(args, {"proposals": "all" if proposals == ALL else proposals, **score(nlp, gold, args), **result})
    if args.tune:
        dev = [Example(nlp.make_doc(doc.text), doc) for doc in read(args.corpus / "dev.spacy", nlp)]
        chosen = nlp.get_pipe("luke_ner").tune_proposals(dev)
        print_row(args, {"proposals": "tuned", "on_dev": chosen._asdict(), **score(nlp, gold, args), **result})


def score(nlp: Language, gold: list[Doc], args: argparse.Namespace) -> dict:
    start = time.process_time()
    with autocast(args):
        found = list(nlp.pipe([doc.text for doc in gold], batch_size=64))
    seconds = time.process_time() - start
    if args.system == "spacy-tagger":
        found = [with_ents_of_tags(doc) for doc in found]
    scores = Scorer.score_spans([Example(*pair) for pair in zip(found, gold)], "ents")
    row = {"sentences": len(gold), **{k: round(100 * scores[f"ents_{k}"], 2) for k in "prf"}}
    if args.system == "luke":  # gold entities that got a slot
        spans = [{(span.start, span.end) for span in doc.spans["luke_ner"]} for doc in found]
        ents = [(ent.start, ent.end) in known for doc, known in zip(gold, spans) for ent in doc.ents]
        row["recall_of_scored_spans"] = round(100 * sum(ents) / max(len(ents), 1), 2)
    return {**row, "words_per_cpu_s": round(sum(len(doc) for doc in gold) / seconds)}


def print_row(args: argparse.Namespace, result: dict) -> None:
    row = {
        "corpus": args.corpus.name,
        "system": args.system,
        "seed": args.seed,
        "split": args.split,
        **result,
        "settings": {k: getattr(args, k) for k in ("budget", "threads", "dtype", "rate", "head_rate", "batch", "negatives", "view")},
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "spacy": spacy.__version__},
    }
    line = json.dumps(row, ensure_ascii=False)
    print(line, flush=True)
    if args.output:
        with args.output.open("a", encoding="utf8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
