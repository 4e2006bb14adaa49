"""NER: every span of up to 16 words a [MASK] slot; LukeForEntitySpanClassification against luke_ner's layers.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/ner.py --size 6x384

Same random weights, same sentences, processor time. Transformers gets ready tensors, we get what luke_ner makes of a
Doc: packing, the encoder, the head. Fails if scores of the exact encoder differ by more than 1e-4.
"""

from __future__ import annotations

import sys

import numpy
import torch
from speed_common import flops, paired, parser, peaks, report, sentences, sizes
from speed_models import batches_of, ours, padded, theirs, with_view

SLOTS_PER_WORD = 1.0  # of "proposed"


def main(argv: list[str] | None = None) -> int:
    args = parser(__doc__).parse_args(argv)
    torch.set_num_threads(args.threads)
    model = theirs("LukeForEntitySpanClassification", **sizes(args.size))
    questions = sentences(args)
    words = with_view(questions, "words")

    def run_theirs(batches):
        keys = ("entity_start_positions", "entity_end_positions")
        with torch.inference_mode():
            return [model(**{k: batch[k] for k in batch if k not in keys}, **{k: batch[k] for k in keys}).logits for batch in batches]

    systems = {}
    for name, size, is_sorted in (("HF, batches of 8", 8, False), ("HF, batches of 8, sorted", 8, True), ("HF, one by one", 1, False)):
        if is_sorted and len(questions) <= size:  # the same batch
            continue
        batches = [padded(batch) for batch in batches_of(questions, size, is_sorted)]
        systems[name] = lambda batches=batches: run_theirs(batches)
    asked = {"exact": questions, "words": words, "proposed": words}
    for dtype in ("float32", "bfloat16", "int8"):
        for kind, qs in asked.items():
            layer = ours(model, dtype=dtype, proposals=SLOTS_PER_WORD if kind == "proposed" else None)
            systems[f"{kind}, {dtype}"] = lambda layer=layer, qs=qs: layer.predict(qs)

    expected = torch.cat([x[0] for x in systems["HF, one by one"]()]).numpy()
    # the readable encoder says what the view "words" should give
    truth, _ = ours(model, dropout=0.0).begin_update(words)
    seconds = paired(systems, args.rounds)
    peak = peaks()
    rows, worst = [], 0.0
    for name, s in seconds.items():
        row = [name, len(questions) / s, seconds["HF, batches of 8"] / s, min(v for k, v in seconds.items() if k[:2] == "HF") / s]
        if name[:2] == "HF":
            rows.append([*row, flops(args, questions) / s / 1e9, "", "", ""])
            continue
        found, right = systems[name](), expected if name.startswith("exact") else truth
        kept = ~numpy.isnan(found[:, 0])
        difference = float(numpy.abs(found - right)[kept].max())
        same = float((found.argmax(1) == right.argmax(1))[kept].mean())
        worst = max(worst, difference if "float32" in name else 0.0)
        work = "" if name.startswith("proposed") else flops(args, asked[name.split(",")[0]]) / s / 1e9
        best = peak.get("oneDNN bf16" if "bf" in name else "oneDNN fp32") if "int8" not in name else None
        share = "" if work == "" or best is None else f"{100 * work / best:.0f} %"
        rows.append([*row, work, share, f"{difference:.1e}", f"{100 * same:.2f} %"])
    columns = ["system", "sentences/s", "x HF, batches of 8", "x HF at its best", "GFLOP/s", "of the peak", "largest difference", "same label"]
    n = {"pieces": sum(len(q.piece_ids) for q in questions), "spans": sum(len(q.slot_ids) for q in questions)}
    report(args, columns, rows, **n, **{k: round(v) for k, v in peak.items()})
    return int(worst > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
