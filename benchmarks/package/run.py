"""What a released pipeline weighs, how long it takes to load, and what half precision does to its scores.

    python benchmarks/package/run.py PIPELINE CARD TEST.spacy [--docs 200]

PIPELINE is trained, CARD a card for `luke release`. Each row: released, made a wheel, loaded three times in a process
of its own (processor time and memory without the imports), scored on the first Docs of TEST.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOAD = """
import json, resource, sys, time
import spacy, torch, safetensors.torch, tokenizers
from spacy_luke.encoder.encoder import LukeEncoder
from spacy_luke.pipeline import factories

def resident(key):
    return next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith(key))

spacy.blank(sys.argv[2])
torch.set_num_threads(1)
before, start = resident("VmRSS"), time.process_time()
spacy.load(sys.argv[1])
seconds = time.process_time() - start
print(json.dumps({"load_s": seconds, "resident_mb": resident("VmRSS") - before, "peak_mb": resident("VmHWM") - before}))
"""


def measure(pipeline: Path, card: Path, test: Path, weights: str, n_docs: int, folder: Path) -> dict:
    import spacy
    from spacy.cli.package import package
    from spacy.tokens import DocBin
    from spacy.training import Example

    from spacy_luke.cli.release import release

    out = folder / weights
    name = release(pipeline, out, card, weights=weights)
    package(out, folder, create_sdist=False)
    [source] = folder.glob(f"{name}-*")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder / f"{weights}_wheel"), str(source)]
    subprocess.run(pip, check=True)
    [wheel] = (folder / f"{weights}_wheel").glob("*.whl")
    nlp = spacy.load(out)
    loads = [json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", LOAD, out, nlp.lang])) for _ in range(3)]
    docs = list(DocBin().from_disk(test).get_docs(nlp.vocab))[:n_docs]
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])
    return {
        "weights": weights,
        "directory_mb": sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e6,
        "wheel_mb": wheel.stat().st_size / 1e6,
        **{key: min(load[key] for load in loads) for key in loads[0]},
        "ents_f": 100 * scores["ents_f"],
        "docs": len(docs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("card", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--docs", type=int, default=200)
    args = parser.parse_args()
    print("| weights | directory, MB | wheel, MB | load, s | memory, MB | at its peak, MB | NER F1 |\n|---|---|---|---|---|---|---|")
    for weights in ("float32", "float16"):
        with tempfile.TemporaryDirectory() as folder:
            row = measure(args.pipeline, args.card, args.test, weights, args.docs, Path(folder))
        numbers = f"{row['directory_mb']:.0f} | {row['wheel_mb']:.0f} | {row['load_s']:.2f} | {row['resident_mb']} | {row['peak_mb']}"
        print(f"| {weights} | {numbers} | {row['ents_f']:.2f} |", flush=True)
        print(json.dumps(row), file=sys.stderr)


if __name__ == "__main__":
    main()
