"""The rows of run.py as a table, and how often each system beats the one before it.

    python benchmarks/linking/table.py out.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import numpy
from counts import resampled, scores

ORDER = [("prior", ""), ("stock", ""), ("luke", "local"), ("luke", "global"), ("luke", "exact")]
END_TO_END = ("end_to_end_micro", "end_to_end_with_nil")
HEADER = "set | system | seeds | accuracy | InKB F1 | F1 with NIL | NIL F1 | accuracy, several candidates | end to end, InKB F1 | end to end, with NIL | passes a document | as exact | documents per processor second"


def main() -> None:
    rows = defaultdict(list)
    for line in open(sys.argv[1], encoding="utf8"):
        row = json.loads(line)
        rows[row["set"], row["system"], row["mode"]].append(row)
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count('|') + 1)}")
    for name in dict.fromkeys(key[0] for key in rows):
        found = [rows[(name, *key)] for key in ORDER if (name, *key) in rows]
        for group in found:
            print(f"| {' | '.join(cells(group))} |")
        for low, high in [*zip(found, found[1:]), *((found[0], high) for high in found[2:])]:
            print(f"<!-- {name}: {label(high)} over {label(low)}: {difference(low, high)} -->", file=sys.stderr)


def label(group: list[dict]) -> str:
    return f"{group[0]['system']} {group[0]['mode']}".strip()


def cells(group: list[dict]) -> list[str]:
    def mean(key: str, digits: int = 1) -> str:
        values = [row[key] for row in group if row.get(key) is not None]
        return f"{numpy.mean(values):.{digits}f}" if values else ""

    def with_interval(key: str) -> str:
        if len(group) > 1:
            values = [row[key] for row in group if row.get(key) is not None]
            return f"{mean(key)} ± {numpy.std(values, ddof=1):.1f}" if values else ""
        if key not in group[0]["intervals"]:
            return mean(key)
        return "{} [{}, {}]".format(mean(key), *group[0]["intervals"][key])

    shares = [with_interval(key) for key in ("accuracy", "in_kb_f", "with_nil_f", "nil_f", "hard_accuracy", *END_TO_END)]
    return [group[0]["set"], label(group), str(len(group)), *shares, mean("passes_per_doc"), mean("as_exact"), mean("docs_per_cpu_s")]


def difference(low: list[dict], high: list[dict]) -> str:
    """Of the accuracy with NIL: the mean over seeds, and the interval over the same resampled documents."""
    sums = [sum(resampled(numpy.asarray(row["docs"])) for row in group) for group in (low, high)]
    a, b = (scores(x)["with_nil_f"] for x in sums)
    return f"{(b - a).mean():+.2f} [{numpy.percentile(b - a, 2.5):+.2f}, {numpy.percentile(b - a, 97.5):+.2f}] F1 with NIL"


if __name__ == "__main__":
    main()
