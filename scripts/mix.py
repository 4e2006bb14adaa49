"""One corpus of several: each Doc is gold for the tasks that its file is named for, and for no other.

    python scripts/mix.py corpus/mixed.spacy --ner news.spacy --linker news.spacy --relations kbp37.spacy

A file may be named for several tasks, a task may have several files. A pipe learns nothing from a Doc that is not
gold for its task, so configs/ja.cfg and configs/xx.cfg take the result as it is. (In a config,
spacy_luke.MixedCorpus.v1 does the same without a new file.) --limit keeps one large file from crowding out the rest.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_luke.errors import Errors
from spacy_luke.training.readers.mixed_corpus import MixedCorpus
from spacy_luke.training.task_gold import TASKS, gold_keys, has_gold


def read(path: Path, limit: int | None, nlp: Language) -> Iterator[Example]:
    """The first `limit` Docs of a DocBin, with its words. RAISES FileNotFoundError LK760."""
    if not path.is_file():
        raise FileNotFoundError(Errors.LK760.format(path=path))
    for doc in islice(DocBin().from_disk(path).get_docs(nlp.vocab), limit):
        yield Example(doc, doc)


def mix(files: dict[str, list[Path]], out: Path, limit: int | None = None) -> dict[str, int]:
    """files: task -> DocBins. limit (int): Docs of each; None or 0 = all.
    RETURNS (dict): task -> how many Docs of `out` are gold for it.
    RAISES FileNotFoundError LK760."""
    tasks: dict[str, list[str]] = {}
    for task, paths in files.items():
        for path in dict.fromkeys(paths):
            tasks.setdefault(str(path), []).append(task)
    nlp = spacy.blank("xx")
    corpus = MixedCorpus({path: partial(read, Path(path), limit or None) for path in tasks}, tasks, seed=0)
    docs = [example.reference for example in corpus(nlp)]
    keys = gold_keys(nlp)
    out.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs).to_disk(out)
    return {task: sum(has_gold(doc, task, keys) for doc in docs) for task in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="DocBin to write")
    for task in TASKS:
        parser.add_argument(f"--{task}", type=Path, nargs="+", metavar="DOCBIN", help=f"gold for {task}")
    parser.add_argument("--limit", type=int, help="take the first so many Docs of each file; 0 = all")
    args = vars(parser.parse_args())
    out, limit = args.pop("out"), args.pop("limit")
    files = {task: paths for task, paths in args.items() if paths}
    if not files:
        parser.error("name a file for a task at least")
    try:
        counts = mix(files, out, limit)
    except (ValueError, FileNotFoundError) as err:
        sys.exit(str(err))
    print(f"{out}: " + ", ".join(f"{count:,} Docs for {task}" for task, count in counts.items()))


if __name__ == "__main__":
    main()
