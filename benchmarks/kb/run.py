"""Measure knowledge bases: `python benchmarks/kb/run.py FOLDER [--entities N --aliases N --width N] [--spacy]`.

Builds a made-up knowledge base in FOLDER, prints a table and writes FOLDER/results.json. Linux. --spacy also
measures InMemoryLookupKB, which holds everything in memory: 50,000 and 500,000 entities are sizes it can do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

COLUMNS = ["seconds", "processor", "MB more", "peak MB more", "MB in all", "per second"]


def run_step(step: str, args: argparse.Namespace) -> list[dict]:
    """The rows of one step, run in a process of its own."""
    sizes = map(str, (args.entities, args.aliases, args.width, args.seed))
    command = [sys.executable, str(Path(__file__).with_name("steps.py")), step, str(args.folder), *sizes]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=5_000_000)
    parser.add_argument("--aliases", type=int, default=15_000_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spacy", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    results: dict = {"python": platform.python_version(), **{key: value for key, value in vars(args).items() if key != "folder"}}
    print("| step | | " + " | ".join(COLUMNS) + " |\n" + "| --- " * (len(COLUMNS) + 2) + "|")
    remarks = []
    for step in ["build", "use", *(["spacy_build", "spacy_use"] if args.spacy else [])]:
        results[step] = run_step(step, args)
        for row in results[step]:
            cells = [f"{row[key]:,.4g}" if row.get(key, 1e4) < 1000 else f"{row[key]:,.0f}" if key in row else "" for key in COLUMNS]
            print(f"| {step} | {row['what']} | " + " | ".join(cells) + " |", flush=True)
            remarks += [f"{step}, {row['what']}, {key}: {value:,.1f}" for key, value in row.items() if key not in ("what", *COLUMNS)]
    print("\n" + "\n".join(f"- {remark}" for remark in remarks))
    (args.folder / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
