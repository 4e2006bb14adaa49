"""The mentions that a recogniser finds in the test part, the same for all systems: end-to-end scores of run.py.

    python benchmarks/linking/recognise.py PREPARED SET --encoder ENCODER --budget 60

Trains `luke_ner` on the mentions of the training part for some processor seconds, writes the test documents with what
it finds to PREPARED/corpus/SET/found.spacy, and prints its scores. Nothing is chosen.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import spacy
import torch
from corpora import SETS, read_docs
from spacy.tokens import DocBin
from spacy.training import Example

from run import training_docs, unlinked, with_sentences
from spacy_luke.training.optimizer import AdamW

RATE, HEAD_RATE, BATCH = 1e-4, 2e-3, 4
SETTINGS = {
    "negatives": 1.0,
    "suggester": {"@misc": "spacy_luke.word_span_suggester.v1", "max_words": 8},
    "model": {
        "@architectures": "spacy_luke.LukeNER.v1",
        "encoder": {
            "@architectures": "spacy_luke.LukeEncoder.v1",
            "freeze_layers": 6,
            "freeze_embeddings": True,
            "dtype": "bfloat16",
        },
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("set", choices=list(SETS))
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--budget", type=float, default=60.0, help="processor seconds of training")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    spacy.util.fix_random_seed(args.seed)
    torch.manual_seed(args.seed)
    nlp, corpus = spacy.blank(SETS[args.set][0]), args.prepared / "corpus" / args.set
    SETTINGS["model"]["encoder"]["name"] = args.encoder
    ner = nlp.add_pipe("luke_ner", config=SETTINGS)
    sentencizer = spacy.blank("xx").add_pipe("sentencizer")
    gold = training_docs(read_docs(corpus / "train.spacy", nlp.vocab), sentencizer)
    nlp.initialize(lambda: [Example(nameless(doc), doc) for doc in gold])
    optimizer = AdamW((0.0, 0.0), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)
    start = time.process_time()
    while (share := (time.process_time() - start) / args.budget) < 1:
        ramp = min(share / 0.06, (1 - share) / 0.94)
        optimizer.learn_rate, optimizer.rates = RATE * ramp, (RATE * ramp, HEAD_RATE * ramp)
        ner.update([Example(nameless(doc), doc) for doc in random.sample(gold, BATCH)], drop=0.1)
        ner.finish_update(optimizer)
    test = [with_sentences(doc, sentencizer) for doc in read_docs(corpus / "test.spacy", nlp.vocab) if doc.ents]
    found = [ner(nameless(doc)) for doc in test]
    for doc in found:
        doc.spans.clear()
    DocBin(attrs=["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"], docs=found).to_disk(corpus / "found.spacy")
    scores = ner.score([Example(*pair) for pair in zip(found, test)])
    print(json.dumps({"set": args.set, "budget": args.budget, **{k: scores[k] for k in ("ents_p", "ents_r", "ents_f")}}))


def nameless(doc):
    """The same words and sentences, without mentions."""
    found = unlinked(doc)
    found.ents = []
    return found


if __name__ == "__main__":
    main()
