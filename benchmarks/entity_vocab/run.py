"""Measure entity vocabularies: `python benchmarks/entity_vocab/run.py FOLDER [--indexes]`.

Writes a made-up vocabulary of 1.2 M entities (2 GB with everything built from it) to FOLDER, prints a table
and writes FOLDER/results.json. Linux. --indexes also measures marisa-trie, sqlite3 and sorted arrays.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import synthetic

STEPS = ["questions", "build", "build_jsonl", "open", "json", "mluke"]


def run_step(step: str, folder: Path) -> dict:
    """One step in a process of its own; a step whose library is missing says so."""
    command = [sys.executable, str(Path(__file__).with_name("steps.py")), step, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    lines = (done.stdout or "").strip().splitlines()
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1]}
    return json.loads(lines[-1])


UNITS = ["seconds", "processor seconds", "MB more", "peak MB more"]


def table(step: str, found: dict) -> tuple[list[str], list[str]]:
    """The rows of a step, one for each thing measured, and remarks for the other numbers."""
    rows, remarks = {}, []
    for key, value in found.items():
        name, _, unit = key.rpartition(": ")
        if unit in UNITS:
            rows.setdefault(name, {})[unit] = value
        else:
            remarks.append(f"{step}, {key}: {value}")
    lines = []
    for name, row in rows.items():
        numbers = [f"{row[unit]:,.4g}" if unit in row else "" for unit in UNITS]
        many = found.get("look-ups", 0) if not name.startswith(("open", "5,000")) else 0
        many = many if "seconds" in row else 0
        numbers += [f"{many / row[unit]:,.0f}" if many else "" for unit in ("seconds", "processor seconds")]
        lines.append(f"| {step} | {name} | " + " | ".join(numbers) + " |")
    return lines, remarks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=1_200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--indexes", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    results = {"python": platform.python_version(), "seed": args.seed}
    results["data"] = synthetic.write(args.folder, args.entities, args.seed)
    steps = list(STEPS)
    if args.indexes:
        steps += [f"index_{name}.{what}" for name in ("ours", "marisa", "sorted", "sqlite") for what in ("build", "use")]
    print(f"| step | | {' | '.join(UNITS)} | per second | per processor second |")
    print("| --- " * (len(UNITS) + 4) + "|")
    remarks = [f"data, {key}: {value}" for key, value in results["data"].items()]
    for step in steps:
        results[step] = run_step(step, args.folder)
        lines, more = table(step, results[step])
        remarks += more
        if lines:
            print("\n".join(lines), flush=True)
    print("\n" + "\n".join(f"- {remark}" for remark in remarks))
    (args.folder / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
