"""Public data with links to Wikidata as spaCy's DocBin.

    python scripts/linking_data.py wiki_fair assets/wiki_fair corpus/wiki_fair
    python scripts/linking_data.py gum assets/gum corpus/gum --names
    python scripts/linking_data.py istex assets/istex corpus/istex
    python scripts/linking_data.py hipe assets/hipe2020/de corpus/hipe2020_de --gold-words

wiki_fair: ELEVANT's Wiki-Fair v2; test are the documents of wiki-fair-v2-test, dev the others; no train.
gum: by its splits.md. istex: its train and test; dev is a tenth of train, by a hash of the text. hipe: the
files *-train-LANGUAGE.tsv, -dev- and -test- that the folder has.

Writes train.spacy, dev.spacy and test.spacy where there is such a split, and counts.json: what was
read, and which mentions are left out because they do not begin and end with words.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import spacy
from gum import read_gum
from nif import read_nif
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_luke.errors import Errors
from spacy_luke.training.readers.elevant import read_elevant
from spacy_luke.training.readers.gold import ALTERNATIVES, GoldText, gold_doc
from spacy_luke.training.readers.hipe import read_hipe

SPLITS = ("train", "dev", "test")
ATTRS = ["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE", "ENT_KB_ID"]

Rows = Iterator[tuple[str, GoldText]]


def read_wiki_fair(folder: Path, *, coref: bool = False) -> Rows:
    """(split, document). RAISES FileNotFoundError LK610, ValueError LK611."""
    test = list(read_elevant(_one(folder, "wiki-fair-v2-test.benchmark.jsonl"), coref=coref))
    texts = {gold.text for gold in test}
    yield from (("test", gold) for gold in test)
    for gold in read_elevant(_one(folder, "wiki-fair-v2.benchmark.jsonl"), coref=coref):
        if gold.text not in texts:
            yield "dev", gold


def read_istex(folder: Path) -> Rows:
    """(split, string). RAISES FileNotFoundError LK610, ValueError LK611."""
    for gold in read_nif(_one(folder, "istex_train.ttl")):
        tenth = int.from_bytes(hashlib.sha256(gold.text.encode("utf8")).digest()[:8], "big") % 10
        yield "train" if tenth else "dev", gold
    yield from (("test", gold) for gold in read_nif(_one(folder, "istex_test.ttl")))


def read_hipe_splits(folder: Path) -> Rows:
    """(split, document). RAISES FileNotFoundError LK610 if the folder has none of the splits."""
    found = [(split, path) for split in SPLITS for path in sorted(folder.glob(f"*-{split}-??.tsv*"))]
    if not found:
        raise FileNotFoundError(Errors.LK610.format(path=folder / "*-train-LANGUAGE.tsv"))
    for split, path in found:
        yield from ((split, gold) for gold in read_hipe(path))


def write_splits(rows: Rows, nlp: Language, out: Path, *, gold_words: bool = False) -> dict[str, dict]:
    """Write a DocBin per split and counts.json.

    gold_words (bool): the corpus's own words where it has them, else those of the tokenizer.
    RETURNS (dict): for each split how many "texts", "links", "NIL", entities "without link", "alternatives"
        (mentions that lie in or across others, in doc.spans), and the mentions "left out", by name.
    """
    bins: dict[str, DocBin] = {}
    counts: dict[str, dict] = {}
    for split, gold in rows:
        use_words = gold_words and gold.words is not None
        doc = Doc(nlp.vocab, words=gold.words, spaces=gold.spaces) if use_words else nlp.make_doc(gold.text)
        lost = gold_doc(gold, doc)
        bins.setdefault(split, DocBin(attrs=ATTRS)).add(doc)
        zeros = {"texts": 0, "links": 0, "NIL": 0, "without link": 0, "alternatives": 0, "left out": []}
        count = counts.setdefault(split, zeros)
        ids = [ent.kb_id_ for ent in doc.ents]
        count["texts"] += 1
        count["NIL"] += ids.count("NIL")
        count["without link"] += ids.count("")
        count["links"] += len(ids) - ids.count("NIL") - ids.count("")
        count["alternatives"] += len(doc.spans.get(ALTERNATIVES, ()))
        count["left out"] += lost
    out.mkdir(parents=True, exist_ok=True)
    for split, docs in bins.items():
        docs.to_disk(out / f"{split}.spacy")
    (out / "counts.json").write_text(json.dumps(counts, ensure_ascii=False, indent=2) + "\n", encoding="utf8")
    return counts


def _one(folder: Path, name: str) -> Path:
    """The file of that name, or its .gz."""
    packed = folder / f"{name}.gz"
    return packed if packed.is_file() else folder / name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="format", required=True)
    readers = {"wiki_fair": read_wiki_fair, "gum": read_gum, "istex": read_istex, "hipe": read_hipe_splits}
    for name in readers:
        command = commands.add_parser(name)
        command.add_argument("source", type=Path, help="the folder with the files of the data set")
        command.add_argument("out", type=Path, help="folder to write")
        command.add_argument("--language", help="whose tokenizer makes words; hipe: by the name of the folder, else en")
        if name == "wiki_fair":
            command.add_argument("--coref", action="store_true", help="link coreferent mentions (he, the town) too")
        if name == "gum":
            command.add_argument("--names", action="store_true", help="only mentions with a capital letter")
        if name in ("gum", "hipe"):
            command.add_argument("--gold-words", action="store_true", help="the data set's words")
    args = vars(parser.parse_args())
    name, source, out = args.pop("format"), args.pop("source"), args.pop("out")
    language = args.pop("language") or (source.name if name == "hipe" and len(source.name) == 2 else "en")
    gold_words = args.pop("gold_words", False)
    try:
        counts = write_splits(readers[name](source, **args), spacy.blank(language), out, gold_words=gold_words)
    except (ValueError, FileNotFoundError) as err:
        sys.exit(str(err))
    for split, count in counts.items():
        numbers = ", ".join(f"{len(n) if isinstance(n, list) else n:,} {what}" for what, n in count.items())
        print(f"{split}: {numbers}")


if __name__ == "__main__":
    main()
