"""A corpus that one of spacy_luke's readers knows, as spaCy's DocBin.

    python scripts/read_data.py KBP37 train.txt corpus/kbp37.spacy
    python scripts/read_data.py JacRED train.json corpus/jacred.spacy --lang ja
    python scripts/read_data.py OpenEntity train.json types.spacy --lang en

READER is the middle of a reader's name: JacRED for spacy_luke.JacRED.v1. Gold that does not begin and end with words of
the language's tokenizer is left out and counted in a warning.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import spacy
from spacy.tokens import DocBin

READERS = ("KBP37", "FewRel", "JacRED", "TACRED", "RelationsJSONL", "OpenEntity", "Figer", "Hipe", "Elevant")


def convert(reader: str, source: Path, out: Path, lang: str) -> int:
    """RETURNS (int): how many Docs. RAISES FileNotFoundError, ValueError as the reader does."""
    examples = spacy.registry.readers.get(f"spacy_luke.{reader}.v1")(path=source)(spacy.blank(lang))
    docs = [example.reference for example in examples]
    out.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs).to_disk(out)
    return len(docs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("source", type=Path, help="the file as its authors publish it, .gz or not")
    parser.add_argument("out", type=Path, help="DocBin to write")
    parser.add_argument("--lang", default="xx", help="whose tokenizer makes words")
    args = parser.parse_args()
    try:
        print(f"{args.out}: {convert(args.reader, args.source, args.out, args.lang):,} Docs")
    except (ValueError, OSError, ImportError) as err:
        sys.exit(str(err))


if __name__ == "__main__":
    main()
