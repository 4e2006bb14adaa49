"""One command for several seeds, and the mean and spread of what they score.

    python scripts/seeds.py run 0 1 2 -- python -m spacy train CONFIG --output training/ja/{seed} --system.seed {seed}
    python scripts/seeds.py table 0 1 2 --metrics training/ja/{seed}/metrics.json --out training/ja/metrics.json

`run` runs the command once for each seed, {seed} replaced, and stops at the first that fails. `table` reads the numbers
of metrics JSON (of `spacy evaluate` or scripts/evaluate.py) and writes metrics.json, {"ents_f": {"mean", "std", "seeds":
{"0": ...}}}, and metrics.md, a Markdown table. The spread is the standard deviation of a sample (n - 1), nothing for one
seed. Shares are shown as percent, other numbers (speed) as they are.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from spacy_luke.errors import Errors

SEED = "{seed}"


def run(seeds: list[str], command: list[str]) -> None:
    """RAISES ValueError LK766 if it fails for a seed."""
    for seed in seeds:
        code = subprocess.call([part.replace(SEED, seed) for part in command])
        if code:
            raise ValueError(Errors.LK766.format(step=f"Seed {seed}", code=code))


def numbers(metrics: dict, prefix: str = "") -> dict[str, float]:
    """The numbers of nested metrics, {"ents_per_type": {"LOC": {"f": 0.5}}} as {"ents_per_type.LOC.f": 0.5}."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, dict):
            found |= numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[prefix + name] = float(value)
    return found


def summarise(by_seed: dict[str, dict]) -> dict[str, dict]:
    """seed -> metrics. RETURNS: name -> {"mean", "std" (None for one seed), "seeds": {seed: value}}, of the names
    that all seeds have."""
    found = {seed: numbers(metrics) for seed, metrics in by_seed.items()}
    first = next(iter(found.values()))
    summary = {}
    for name in (name for name in first if all(name in values for values in found.values())):
        values = [found[seed][name] for seed in found]
        std = statistics.stdev(values) if len(values) > 1 else None
        summary[name] = {"mean": statistics.fmean(values), "std": std, "seeds": dict(zip(found, values))}
    return summary


def markdown(summary: dict[str, dict]) -> str:
    """A row for each number but those of single labels, a column for each seed."""
    names = [name for name in summary if "per_type" not in name]
    seeds = list(next(iter(summary.values()))["seeds"]) if summary else []
    lines = [["", "mean", "std", *(f"seed {seed}" for seed in seeds)], ["---"] * (3 + len(seeds))]
    for name in names:
        row = summary[name]
        is_share = all(0 <= value <= 1 for value in row["seeds"].values())
        values = [row["mean"], row["std"], *row["seeds"].values()]
        lines.append([name, *("" if v is None else f"{100 * v:.2f}" if is_share else f"{v:,.0f}" for v in values)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def table(seeds: list[str], metrics: str, out: Path) -> str:
    """Write the JSON and, beside it, the table as .md. RETURNS: the table. RAISES FileNotFoundError LK760 for a seed without metrics."""
    by_seed = {}
    for seed in seeds:
        path = Path(metrics.replace(SEED, seed))
        if not path.is_file():
            raise FileNotFoundError(Errors.LK760.format(path=path))
        by_seed[seed] = json.loads(path.read_text(encoding="utf8"))
    summary = summarise(by_seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf8")
    out.with_suffix(".md").write_text(markdown(summary), encoding="utf8")
    return markdown(summary)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    runs = commands.add_parser("run", help="a command for each seed")
    tables = commands.add_parser("table", help="mean and spread of metrics")
    for command in (runs, tables):
        command.add_argument("seeds", nargs="+", help="whole numbers")
    tables.add_argument("--metrics", required=True, help="path of a seed's metrics, with {seed} in it")
    tables.add_argument("--out", type=Path, required=True, help="JSON to write; .md is written beside it")
    ours, _, command = _partition(sys.argv[1:], "--")
    args = parser.parse_args(ours)
    if args.what == "run" and not command:
        runs.error("a command is missing, behind --")
    try:
        if args.what == "run":
            run(args.seeds, command)
        else:
            print(table(args.seeds, args.metrics, args.out), end="")
    except (ValueError, OSError) as err:
        sys.exit(str(err))


def _partition(arguments: list[str], at: str) -> tuple[list[str], list[str], list[str]]:
    place = arguments.index(at) if at in arguments else len(arguments)
    return arguments[:place], arguments[place : place + 1], arguments[place + 1 :]


if __name__ == "__main__":
    main()
