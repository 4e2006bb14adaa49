"""A training step of NER: forward, backward and AdamW.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/train.py --size 6x384

LukeForEntitySpanClassification with all spans, in batches of 8, against our layers with all spans and with one
negative for each word beside an entity in ten words, as luke_ner trains. Embeddings are frozen on both sides. Memory is what a
step takes beyond weights and moments.
Fails if the losses of the first step differ.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy
import torch
from speed_common import paired, parser, peak_mb, report, sentences, sizes
from speed_models import batches_of, ours, padded, theirs, with_view
from thinc.api import NumpyOps

from spacy_luke.training.optimizer import AdamW

NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def main(argv: list[str] | None = None) -> int:
    args = parser(__doc__).parse_args(argv)
    torch.set_num_threads(args.threads)
    shape = {**sizes(args.size), **NO_DROPOUT}
    batches = batches_of(sentences(args), 8)
    rng = numpy.random.default_rng(0)
    classes = [[rng.integers(0, 5, len(q.slot_ids)) for q in batch] for batch in batches]
    few = [[rng.permutation(len(q.slot_ids))[: round(len(q.piece_ids) / 1.37 * 1.1)] for q in batch] for batch in batches]
    sampled = [
        [replace(q, slot_ids=q.slot_ids[rows], slot_spans=q.slot_spans[rows]) for q, rows in zip(*pair)] for pair in zip(batches, few)
    ]
    sampled_classes = [[c[rows] for c, rows in zip(*pair)] for pair in zip(classes, few)]

    model = theirs("LukeForEntitySpanClassification", **shape)
    systems = {
        "HF, all spans": Theirs(model, batches, classes),
        "all spans": Ours(model, batches, classes),
        "one negative a word": Ours(model, sampled, sampled_classes),
        "one negative a word, words": Ours(model, [with_view(batch, "words") for batch in sampled], sampled_classes),
        "one negative a word, bfloat16": Ours(model, sampled, sampled_classes, dtype="bfloat16"),
    }
    first = [run(is_step=False) for run in list(systems.values())[:2]]
    memory = {name: peak_mb(run) for name, run in systems.items()}
    seconds = paired(systems, args.rounds)
    pieces = sum(len(q.piece_ids) for batch in batches for q in batch)
    rows = [[name, pieces / s, seconds["HF, all spans"] / s, memory[name]] for name, s in seconds.items()]
    spans = sum(len(q.slot_ids) for batch in batches for q in batch)
    report(args, ["system", "pieces/s", "x HF", "MB of a step"], rows, loss=[round(x, 5) for x in first], pieces=pieces, spans=spans)
    return int(abs(first[0] - first[1]) > 1e-3)


class Theirs:
    def __init__(self, model, batches, classes):
        self.model = model
        model.luke.embeddings.requires_grad_(False)
        self.optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-5)
        self.batches = [padded(batch) for batch in batches]
        self.classes = [torch.as_tensor(numpy.concatenate(each)) for each in classes]

    def __call__(self, is_step: bool = True) -> float:
        losses = []
        for batch, gold in zip(self.batches, self.classes):
            logits = self.model(**batch).logits[batch["entity_attention_mask"].bool()]
            loss = torch.nn.functional.cross_entropy(logits, gold)
            losses.append(loss.item())
            loss.backward()
            if is_step:
                self.optimizer.step()
            self.optimizer.zero_grad()
        return sum(losses) / len(losses)


class Ours:
    def __init__(self, model, batches, classes, **settings):
        self.layer = ours(model, batch_size=10**6, freeze_embeddings=True, **settings)
        self.optimizer = AdamW((1e-5, 1e-5), 0, None, L2=0.01, beta1=0.9, beta2=0.999, eps=1e-6, grad_clip=1.0)
        self.batches, self.classes, self.ops = batches, [numpy.concatenate(each) for each in classes], NumpyOps()

    def __call__(self, is_step: bool = True) -> float:
        losses = []
        for batch, gold in zip(self.batches, self.classes):
            scores, backprop = self.layer.begin_update(batch)
            d_scores, rows = self.ops.softmax(scores), numpy.arange(len(gold))
            losses.append(float(-numpy.log(d_scores[rows, gold]).mean()))
            d_scores[rows, gold] -= 1.0
            if is_step:
                backprop(d_scores / len(gold))
                self.layer.finish_update(self.optimizer)
        return sum(losses) / len(losses)


if __name__ == "__main__":
    sys.exit(main())
