"""Public NER data as spaCy's DocBin.

    python scripts/ner_data.py stockmark assets/stockmark.json corpus/stockmark
    python scripts/ner_data.py gsd assets/gsd corpus/gsd
    python scripts/ner_data.py wikineural assets/wikineural/de corpus/wikineural_de
    python scripts/ner_data.py gsd assets/gsd corpus/gsd_wikineural --only PERSON=PER ORG=ORG GPE=LOC LOC=LOC

stockmark: a JSON list of sentences with character spans; there is no official split, so a sentence goes
to train, dev or test by a hash of its text. gsd: UD_Japanese-GSD with named entities, as DocBin or as
token TAB tag, in its official split. wikineural: number TAB token TAB tag, the files train, val and test of a language
that the folder has. All write train.spacy, dev.spacy, test.spacy and counts.json. --only keeps the entities of these
labels, under other names, for another data set's labels; the others are no entities then.

A gold entity that does not begin and end on a word border cannot be an entity of a Doc. It is left out,
not stretched, and counted: counts.json says how many a recall computed on these files does not know of.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_luke.errors import Errors

SPLITS = ("train", "dev", "test")
WIKINEURAL = {"train": "train", "dev": "val", "test": "test"}


def split_of(text: str) -> str:
    """The split of a sentence, the same on every machine: 8 in 10 train, 1 dev, 1 test."""
    tenth = int.from_bytes(hashlib.sha256(text.encode("utf8")).digest()[:8], "big") % 10
    return {8: "dev", 9: "test"}.get(tenth, "train")


def read_stockmark(path: Path, nlp: Language) -> Iterator[tuple[str, Doc, list[str]]]:
    """Yields (split, Doc with its entities, names of the entities that are not on word borders).
    Raises ValueError LK761 if the file is not of that format."""
    try:
        with _open(path) as file:
            records = [(r["text"], [(*e["span"], e["type"]) for e in r["entities"]]) for r in json.load(file)]
    except (ValueError, KeyError, TypeError) as err:
        raise ValueError(Errors.LK761.format(path=path, reason=f"{type(err).__name__}: {err}")) from err
    for text, entities in records:
        doc = nlp.make_doc(text)
        spans = [(text[start:end], doc.char_span(start, end, label)) for start, end, label in entities]
        doc.ents = [span for _, span in spans if span is not None]
        yield split_of(text), doc, [name for name, span in spans if span is None]


def read_gsd(folder: Path, nlp: Language) -> Iterator[tuple[str, Doc, list[str]]]:
    """Yields as read_stockmark; the words are those of the treebank, so nothing is lost.
    Raises FileNotFoundError LK760 if a split is neither there as DocBin nor as BIO."""
    for split in SPLITS:
        names = f"ja_gsd-ud-{split}.ne.spacy", f"{split}.bio", f"{split}.bio.gz"
        paths = [path for name in names for path in sorted(folder.rglob(name))]
        if not paths:
            raise FileNotFoundError(Errors.LK760.format(path=folder / names[0]))
        docs = _read_docbin(paths[0], nlp) if paths[0].suffix == ".spacy" else read_bio(paths[0], nlp)
        for doc in docs:
            yield split, doc, []


def read_bio(path: Path, nlp: Language) -> Iterator[Doc]:
    """Sentences of word TAB tag lines, a blank line between them; no blanks between the words.
    Raises ValueError LK761 with the line that is not of that format."""
    for words, tags in read_tagged(path, columns=2):
        yield Doc(nlp.vocab, words=words, spaces=[False] * len(words), ents=tags)


def read_tagged(path: Path, columns: int) -> Iterator[tuple[list[str], list[str]]]:
    """Words and tags of each sentence, of lines with tabs between so many columns, the last two of which are word and
    tag, and a blank line between sentences. I- after O begins an entity. Raises ValueError LK761."""
    with _open(path) as file:
        lines = [line.rstrip("\n") for line in file]
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line:
            *_, word, tag = found = ["", *line.split("\t")]
            if len(found) != columns + 1 or not word or not (tag == "O" or tag[:2] in ("B-", "I-")):
                raise ValueError(Errors.LK761.format(path=path, reason=f"line {number} is {line!r}"))
            begins = tag[:2] == "I-" and (not tags or tags[-1] == "O")
            words.append(word)
            tags.append(f"B-{tag[2:]}" if begins else tag)
        elif words:
            yield words, tags
            words, tags = [], []


def read_wikineural(folder: Path, nlp: Language) -> Iterator[tuple[str, Doc, list[str]]]:
    """Yields as read_stockmark; the words are those of the file, blanks between them. A split without a file is empty.
    Raises FileNotFoundError LK760 if there is no file at all, ValueError LK761 with the line that is not of that format."""
    paths = {split: folder / f"{WIKINEURAL[split]}.conllu" for split in SPLITS}
    paths |= {split: packed for split, path in paths.items() if (packed := path.with_suffix(".conllu.gz")).is_file()}
    if not any(path.is_file() for path in paths.values()):
        raise FileNotFoundError(Errors.LK760.format(path=paths["train"]))
    for split, path in paths.items():
        for doc in read_conllu(path, nlp) if path.is_file() else ():
            yield split, doc, []


def read_conllu(path: Path, nlp: Language) -> Iterator[Doc]:
    """Sentences of number TAB word TAB tag lines, a blank line between them. Raises ValueError LK761."""
    for words, tags in read_tagged(path, columns=3):
        yield Doc(nlp.vocab, words=words, spaces=[True] * (len(words) - 1) + [False], ents=tags)


def renamed(doc: Doc, names: dict[str, str]) -> Doc:
    """The entities of these labels, under these names; no other."""
    kept = [Span(doc, ent.start, ent.end, label=names[ent.label_]) for ent in doc.ents if ent.label_ in names]
    doc.set_ents(kept, default="outside")
    return doc


def write_splits(rows: Iterator[tuple[str, Doc, list[str]]], out: Path, names: dict[str, str] | None = None) -> dict[str, dict]:
    """Write a DocBin per split and counts.json. names: keep the entities of these labels, under these names; None = all.

    RETURNS (dict): for each split how many "texts", "entities" and entities "off word borders", and the
        "left out" ones by name.
    """
    bins = {split: DocBin(attrs=["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE"]) for split in SPLITS}
    counts = {split: {"texts": 0, "entities": 0, "off word borders": 0, "left out": []} for split in SPLITS}
    for split, doc, lost in rows:
        doc = doc if names is None else renamed(doc, names)
        bins[split].add(doc)
        counts[split]["texts"] += 1
        counts[split]["entities"] += len(doc.ents)
        counts[split]["off word borders"] += len(lost)
        counts[split]["left out"] += lost
    out.mkdir(parents=True, exist_ok=True)
    for split, docs in bins.items():
        docs.to_disk(out / f"{split}.spacy")
    (out / "counts.json").write_text(json.dumps(counts, ensure_ascii=False, indent=2) + "\n", encoding="utf8")
    return counts


def _read_docbin(path: Path, nlp: Language) -> Iterator[Doc]:
    return DocBin().from_disk(path).get_docs(nlp.vocab)


def _open(path: Path):
    if not path.is_file():
        raise FileNotFoundError(Errors.LK760.format(path=path))
    return gzip.open(path, "rt", encoding="utf8") if path.suffix == ".gz" else path.open(encoding="utf8")


READERS = {"stockmark": read_stockmark, "gsd": read_gsd, "wikineural": read_wikineural}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=READERS)
    parser.add_argument("source", type=Path, help="stockmark: the JSON file (may be .gz); else the folder")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--only", nargs="+", metavar="LABEL=NAME", help="keep the entities of these labels, as NAME")
    args = parser.parse_args()
    names = dict(pair.partition("=")[::2] for pair in args.only) if args.only else None
    try:
        nlp = spacy.blank("xx" if args.format == "wikineural" else "ja")
        counts = write_splits(READERS[args.format](args.source, nlp), args.out, names)
    except (ValueError, FileNotFoundError) as err:
        sys.exit(str(err))
    for split, count in counts.items():
        left_out = f" and left out: {', '.join(count['left out'])}" if count["left out"] else ""
        print(
            f"{split}: {count['texts']:,} texts, {count['entities']:,} entities, {count['off word borders']:,} "
            f"not on word borders{left_out}"
        )


if __name__ == "__main__":
    main()
