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
import sys
import time
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # training.py, of several benchmarks
from training import add_arguments, autocast, begin, train, write_row  # noqa: E402

from spacy_luke.convert.checkpoint import load_checkpoint  # noqa: E402
from spacy_luke.convert.save import save_checkpoint  # noqa: E402
from spacy_luke.models.encoder import get_shim  # noqa: E402

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


def make_pipeline(args: argparse.Namespace) -> Language:
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
    return nlp


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


def main(argv: list[str] | None = None) -> list[dict]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("encoder")
    parser.add_argument("--system", choices=list(COMPONENTS), required=True)
    add_arguments(parser, budget=1200.0, batch=16, what="sentences")
    parser.add_argument("--negatives", type=float, default=1.0)
    parser.add_argument("--proposals", type=float, nargs="*", help="luke: score with these many slots for each word")
    parser.add_argument("--tune", action="store_true", help="luke: score all spans, then those that `tune_proposals` chose on dev")
    parser.add_argument("--view", choices=["words", "full"], default=None)
    parser.add_argument("--save-encoder", type=Path, help="luke: folder for a checkpoint of the trained encoder, as of a LUKE")
    parser.add_argument("--lang", default="ja")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--limit", type=int, default=0, help="score this many sentences only")
    args = parser.parse_args(argv)
    if args.save_encoder and args.system != "luke":  # not after all the training
        parser.error("--save-encoder is for --system luke")
    begin(args)

    nlp = make_pipeline(args)
    docs = {k: read(args.corpus / f"{k}.spacy", nlp) for k in ("train", args.split)}
    if args.system == "spacy-tagger":
        docs["train"] = [with_tags_of_ents(doc) for doc in docs["train"]]
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs["train"]]
    nlp.initialize(lambda: examples)
    found = {"corpus": args.corpus.name, "split": args.split, **train(nlp, examples, args)}
    if args.save_encoder:
        save_encoder(nlp, args)
    gold = docs[args.split][: args.limit or None]
    rows = []

    def write(how: dict) -> None:
        rows.append(write_row(args, {**found, **how, **score(nlp, gold, args)}, ("negatives", "view")))

    for proposals in [ALL] if args.tune else args.proposals or [None]:
        if proposals is not None:
            nlp.get_pipe("luke_ner").model.layers[0].attrs["per_word"] = proposals
        write({"proposals": "all" if proposals == ALL else proposals})
    if args.tune:
        dev = [Example(nlp.make_doc(doc.text), doc) for doc in read(args.corpus / "dev.spacy", nlp)]
        chosen = nlp.get_pipe("luke_ner").tune_proposals(dev)
        write({"proposals": "tuned", "on_dev": chosen._asdict()})
    return rows


def save_encoder(nlp: Language, args: argparse.Namespace) -> None:
    """A checkpoint whose slots are trained, so the view is "full" where nobody says otherwise."""
    checkpoint = load_checkpoint(args.encoder)
    encoder = get_shim(nlp.get_pipe("luke_ner").model.get_ref("encoder")).encoder
    checkpoint.weights = {name: weights.detach().clone() for name, weights in encoder.state_dict().items()}
    checkpoint.config.entities_pretrained = True
    save_checkpoint(checkpoint, args.save_encoder)


def score(nlp: Language, gold: list[Doc], args: argparse.Namespace) -> dict:
    start = time.process_time()
    with autocast(nlp, args.dtype):
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


if __name__ == "__main__":
    main()
