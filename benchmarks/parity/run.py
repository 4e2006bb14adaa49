"""How far our encoder is from transformers with the same random weights, as a table.

    python -m benchmarks.parity.run [--seeds 5] [--no-base] [--out parity.json]

Run it in the root of the repository: the comparison itself is that of tests/encoder/.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

SIZES = {"tiny": "2 x 32", "base": "12 x 768"}
LIMITS = {"tiny": 1e-5, "base": 1e-4}


def measure(size: str, aware: bool, seeds: int) -> list[dict]:
    """One row for each class of transformers: the worst of some seeds, padded and not."""
    from tests.encoder.hf import BASE, TINY, make_inputs
    from tests.encoder.parity import HEADS, differences

    base = size == "base"
    settings = {**(BASE if base else TINY), "use_entity_aware_attention": aware}
    shape = dict(batch=2, pieces=64, slots=20, mention=10) if base else {}
    rows = []
    for name in HEADS:
        found = []
        for seed in range(seeds):
            for padded in (True, False):
                inputs = make_inputs(settings, seed=seed, padded=padded, types=not padded, **shape)
                found.append(differences(name, inputs, seed=seed, noise=0.02 if base else 0.1, **settings))
        worst = {field: max(getattr(f, field) for f in found) for field in found[0]._fields}
        attention = "entity-aware" if aware else "plain"
        rows.append({"class": name, "size": size, "attention": attention, "runs": len(found), **worst})
    return rows


def table(rows: list[dict]) -> str:
    """Markdown, one line per row."""
    lines = [
        "| class of transformers | size | attention | runs | states | logits | gradients | largest gradient |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = [f"{row[name]:.1e}" for name in ("states", "logits", "gradients")]
        cells = [row["class"], SIZES[row["size"]], row["attention"], str(row["runs"]), *numbers]
        lines.append("| " + " | ".join([*cells, f"{row['largest_gradient']:.2f}"]) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="seeds at tiny size; base size takes one")
    parser.add_argument("--no-base", action="store_true", help="tiny size only (seconds instead of minutes)")
    parser.add_argument("--out", type=Path, help="also write the numbers as JSON")
    args = parser.parse_args()
    import torch
    import transformers

    rows = []
    for size in ("tiny",) if args.no_base else ("tiny", "base"):
        for aware in (True, False):
            rows += measure(size, aware, args.seeds if size == "tiny" else 1)
    print(table(rows))
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    versions["transformers"] = transformers.__version__
    print("\n" + ", ".join(f"{name} {version}" for name, version in versions.items()))
    if args.out:
        args.out.write_text(json.dumps({"versions": versions, "rows": rows}, indent=2) + "\n", encoding="utf8")
    names = ("states", "logits", "gradients")
    return int(any(row[name] > LIMITS[row["size"]] for row in rows for name in names))


if __name__ == "__main__":
    sys.exit(main())
