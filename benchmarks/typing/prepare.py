"""Links of Wikipedia, with the types of the entities that they lead to, in FIGER's format: distant entity typing.

    python benchmarks/typing/prepare.py enwiki-sample.xml.bz2 --train test.tsv.gz --held-out dev.tsv.gz --out corpus

The tables are TextEnt's (Wikipedia title and FIGER types). Links to entities of the first are the training mentions;
those of the second are halved by a hash of the title, into dev and test. So no entity that is tested was trained on,
though its sentence may have been, with another mention. Types imply their parents: person-artist becomes /person and
/person/artist. Writes train.json, dev.json and test.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy
from spacy.language import Language

from spacy_luke.training.readers.figer import read_entity_types

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from wiki_links import with_parents  # noqa: E402
from wiki_text import articles, lines, sentences  # noqa: E402

MAX_WORDS = 100


def records(dumps: Iterable[Path], tables: dict[str, dict[str, list[str]]], nlp: Language) -> Iterator[tuple[str, dict]]:
    """(split, a line of FIGER's format), a sentence each. tables: split -> title -> types. A link that is not on word
    borders is left out."""
    texts = ((text, site) for path in dumps for _, text, site in articles(path, "en"))
    for sentence, links in (cut for text, site in texts for line in lines(text, site) for cut in sentences(*line)):
        doc = nlp.make_doc(sentence)
        spans = [(doc.char_span(link.start, link.end), link.title) for link in links]
        for split, table in tables.items():
            found = [(span, table[title]) for span, title in spans if span is not None and title in table]
            mentions = [{"start": span.start, "end": span.end, "labels": types} for span, types in found]
            if mentions and len(doc) <= MAX_WORDS and not any(token.is_space for token in doc):
                yield split, {"tokens": [token.text for token in doc], "mentions": mentions}


def is_test(title: str) -> bool:
    return hashlib.sha256(title.encode("utf8")).digest()[0] % 2 == 1


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dumps", type=Path, nargs="+")
    parser.add_argument("--train", type=Path, required=True, help="TextEnt's table for training mentions")
    parser.add_argument("--held-out", type=Path, required=True, help="TextEnt's table for dev and test mentions")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)
    train, held_out = (
        {title: with_parents(types) for title, types in read_entity_types(path)} for path in (args.train, args.held_out)
    )
    halves = [{title: types for title, types in held_out.items() if is_test(title) == half} for half in (False, True)]
    tables = dict(zip(("train", "dev", "test"), (train, *halves)))
    found: dict[str, list[dict]] = {split: [] for split in tables}
    for split, record in records(args.dumps, tables, spacy.blank("en")):
        found[split].append(record)
    args.out.mkdir(parents=True, exist_ok=True)
    for split, kept in found.items():
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
        (args.out / f"{split}.json").write_text(text, encoding="utf8")
        mentions = [mention for record in kept for mention in record["mentions"]]
        types = {label for mention in mentions for label in mention["labels"]}
        print(f"{split}: {len(kept):,} sentences, {len(mentions):,} mentions, {len(types)} types")


if __name__ == "__main__":
    main()
