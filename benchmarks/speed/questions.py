"""Typing and relations: one question for each mention or pair, with one or two slots.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/questions.py --size base

LukeForEntityClassification and LukeForEntityPairClassification against the layers of luke_typing and luke_relations.
Same random weights and questions, processor time. Fails if exact scores differ by more than 1e-4.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy
import torch
from speed_common import flops, paired, parser, peaks, report, sentences, sizes
from speed_models import batches_of, ours, padded, theirs

CLASSES = {"typing": ("LukeForEntityClassification", 1), "relations": ("LukeForEntityPairClassification", 2)}


def main(argv: list[str] | None = None) -> int:
    args = parser(__doc__).parse_args(argv)
    torch.set_num_threads(args.threads)
    rows, worst = [], 0.0
    peak = peaks()
    for task, (name, slots) in CLASSES.items():
        model = theirs(name, **sizes(args.size))
        questions = [
            replace(q, slot_ids=numpy.arange(2, 2 + slots), slot_spans=q.slot_spans[:slots], reads_pieces=False)
            for q in sentences(args)
        ]
        systems = {}
        for kind, size, is_sorted in (("HF, batches of 8", 8, False), ("HF, batches of 8, sorted", 8, True), ("HF, one by one", 1, False)):
            batches = [padded(batch) for batch in batches_of(questions, size, is_sorted)]
            systems[kind] = lambda batches=batches, model=model: run_theirs(model, batches)
        for dtype in ("float32", "bfloat16"):
            layer = ours(model, slots, dtype=dtype)
            systems[dtype] = lambda layer=layer, questions=questions: layer.predict(questions)
        expected = systems["HF, one by one"]().numpy()
        seconds = paired(systems, args.rounds)
        best = min(s for kind, s in seconds.items() if kind[:2] == "HF")
        for kind, s in seconds.items():
            row = [task, kind, len(questions) / s, seconds["HF, batches of 8"] / s, best / s, flops(args, questions) / s / 1e9]
            if kind[:2] == "HF":
                rows.append([*row, "", ""])
                continue
            found = systems[kind]()
            difference = float(numpy.abs(found - expected).max())
            worst = max(worst, difference if kind == "float32" else 0.0)
            rows.append([*row, f"{difference:.1e}", f"{100 * float((found.argmax(1) == expected.argmax(1)).mean()):.1f} %"])
    columns = ["task", "system", "questions/s", "x HF, batches of 8", "x HF at its best", "GFLOP/s", "largest difference", "same label"]
    report(args, columns, rows, **{k: round(v) for k, v in peak.items()})
    return int(worst > 1e-4)


def run_theirs(model, batches) -> torch.Tensor:
    names = ("input_ids", "attention_mask", "entity_ids", "entity_attention_mask", "entity_position_ids")
    with torch.inference_mode():
        return torch.cat([model(**{name: batch[name] for name in names}).logits for batch in batches])


if __name__ == "__main__":
    sys.exit(main())
