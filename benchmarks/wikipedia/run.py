"""Reading a dump: pages a second and links found, against wikipedia2vec's DumpDB and mwparserfromhell.

    python benchmarks/wikipedia/run.py DUMP.xml.bz2 ... --peer PYTHON --out results.json

PYTHON is the interpreter of an environment with wikipedia2vec (pip install wikipedia2vec), which is not installed beside
spacy_luke. One process each, processor time, without the start of the interpreter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

PEER = """
import json, sys, time
import mwparserfromhell
from wikipedia2vec.dump_db import DumpDB
from wikipedia2vec.utils.wiki_dump_reader import WikiDumpReader

path, out = sys.argv[1:]
start = sum(__import__("os").times()[:4])
DumpDB.build(WikiDumpReader(path), out, pool_size=1, chunk_size=100)
seconds = sum(__import__("os").times()[:4]) - start
db = DumpDB(out)
found = [[t, l.title, l.text] for t in db.titles() for p in db.get_paragraphs(t) for l in p.wiki_links]
start, parsed = time.process_time(), 0
for page in WikiDumpReader(path):
    if not page.is_redirect:
        parsed += len(mwparserfromhell.parse(page.wiki_text).filter_wikilinks())
print(json.dumps({"seconds": seconds, "links": found, "parser seconds": time.process_time() - start, "parser links": parsed}))
"""


def ours(path: Path, folder: Path) -> dict:
    """Seconds to read the dump into the work folder, its pages, and its links as (title, anchor)."""
    from spacy_luke.kb.wikipedia.work import load_manifest, read_dump

    start = time.process_time()
    part = read_dump(folder, path, None, 1)
    seconds, links = time.process_time() - start, Counter()
    for line in (part / "links.tsv").read_text(encoding="utf8").splitlines():
        count, anchor, title = line.split("\t")
        links[title, anchor] += int(count)
    return {"seconds": seconds, "counts": load_manifest(part)["counts"], "links": links}


def peer(python: str, path: Path, folder: Path) -> dict:
    """The same of DumpDB; its links without those to other namespaces, as ours."""
    from spacy_luke.kb.wikipedia.files import DumpFile
    from spacy_luke.kb.wikipedia.pages import page_batches
    from spacy_luke.kb.wikipedia.site import read_siteinfo
    from spacy_luke.kb.wikipedia.wikitext import clean_anchor

    done = subprocess.run([python, "-c", PEER, str(path), str(folder / "db")], capture_output=True, text=True, check=True)
    found, site = json.loads(done.stdout.splitlines()[-1]), read_siteinfo(next(page_batches(DumpFile(path))).decode())
    pairs = ((site.title(title), clean_anchor(text)) for _, title, text in found["links"])
    return {**found, "links": Counter(pair for pair in pairs if pair[0])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dumps", nargs="+", type=Path)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = []
    for path in args.dumps:
        with tempfile.TemporaryDirectory() as folder:
            mine, theirs = ours(path, Path(folder)), peer(args.peer, path, Path(folder))
        pages, titles = mine["counts"]["pages"], Counter(title for title, _ in theirs["links"].elements())
        own = Counter(title for title, _ in mine["links"].elements())
        rows.append(
            {
                "dump": path.name,
                "pages": pages,
                "pages/s": round(pages / mine["seconds"]),
                "pages/s of DumpDB": round(pages / theirs["seconds"]),
                "pages/s of mwparserfromhell": round(pages / theirs["parser seconds"]),
                "links": mine["counts"]["links"],
                "links of DumpDB": sum(theirs["links"].values()),
                "of DumpDB's, found": round((own & titles).total() / max(1, titles.total()), 4),
            }
        )
    print("| " + " | ".join(rows[0]) + " |\n|" + " --- |" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()) + " |")
    if args.out:
        args.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
