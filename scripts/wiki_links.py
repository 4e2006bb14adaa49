"""Paragraphs of Wikipedia with links to a knowledge base, and types of what they lead to, as spaCy's DocBin.

    python scripts/wiki_links.py corpus/wiki --kb corpus/wiki_kb --dumps ja=jawiki.xml.bz2 en=simplewiki.xml.bz2 \
        --types textent.tsv

Writes {language}_{train,dev,test}.spacy, the split by a hash of the page's title: doc.ents with kb_id, and with types in
doc.spans["luke_typing"], of the entities that have some. Types come from a table of TextEnt (English titles), where there
is one, else from the knowledge base (P31 of a Wikidata dump). Not every name of a paragraph is a link, so nothing here
trains luke_ner: pass the files to mix.py for linking and typing. A link to nothing that the knowledge base knows and one
that is not on word borders is left out, and counted.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.util import filter_spans
from wiki_text import Link, articles, lines

from spacy_luke.annotations import set_types
from spacy_luke.errors import Errors
from spacy_luke.kb import MMapKB
from spacy_luke.training.readers.figer import read_entity_types

SPLITS = ("train", "dev", "test")
LABEL = "ENTITY"
MAX_WORDS = 250
TypesOf = Callable[[str], list[str]]


def split_of(title: str) -> str:
    """18 pages in 20 train, 1 dev, 1 test, the same on every machine."""
    twentieth = int.from_bytes(hashlib.sha256(title.encode("utf8")).digest()[:8], "big") % 20
    return {18: "dev", 19: "test"}.get(twentieth, "train")


def with_parents(types: Iterable[str]) -> list[str]:
    """person-artist, building -> /building, /person, /person/artist."""
    paths = (kind.split("-") for kind in types)
    return sorted({f"/{'/'.join(path[:n])}" for path in paths for n in range(1, len(path) + 1)})


def types_of_table(kb: MMapKB, paths: Iterable[Path]) -> TypesOf:
    """Types of an entity by its English label. RAISES FileNotFoundError LK610, ValueError LK611."""
    table = {title: with_parents(types) for path in paths for title, types in read_entity_types(path)}
    return lambda id: table.get(kb.info(id)["labels"].get("en", ""), [])


def entity_of(kb: MMapKB, title: str, language: str) -> str | None:
    """The id of an article: what has this label in this language, else what the title (a redirect) mostly means."""
    ids = kb.entity_ids(kb.look_up([title]).entities)
    named = [id for id in ids if kb.info(id)["labels"].get(language) == title]
    return (named or ids or [None])[0]


def to_doc(text: str, links: list[Link], kb: MMapKB, types_of: TypesOf, nlp: Language) -> tuple[Doc, Counter[str]]:
    """RETURNS: the Doc, and how many links it has or has not, by reason."""
    doc = nlp.make_doc(text)
    spans, counts = [], Counter[str]()
    for link in links:
        id = entity_of(kb, link.title, nlp.lang)
        span = doc.char_span(link.start, link.end, label=LABEL, kb_id=id or "")
        reason = "unknown to the knowledge base" if id is None else "not on word borders" if span is None else "links"
        counts[reason] += 1
        spans += [span] if reason == "links" else []
    doc.ents = filter_spans(spans)
    typed = [(ent, types_of(ent.kb_id_)) for ent in doc.ents]
    typed = [(Span(doc, ent.start, ent.end), types) for ent, types in typed if types]
    if typed:
        set_types(doc, typed)
        counts["typed"] += len(typed)
    return doc, counts


def read(path: Path, nlp: Language, kb: MMapKB, types_of: TypesOf, pages: int) -> Iterator[tuple[str, Doc, Counter[str]]]:
    """(split, Doc, counts) of the paragraphs with a link. pages (int): of so many; 0 = all. A Doc without a link that
    is left teaches nothing. RAISES LK361, LK362: no dump."""
    for number, (title, text, site) in enumerate(articles(path, nlp.lang)):
        if pages and number == pages:
            return
        for line, links in lines(text, site):
            if links and len(line) < 10 * MAX_WORDS:
                doc, counts = to_doc(line, links, kb, types_of, nlp)
                if len(doc) <= MAX_WORDS:
                    yield split_of(title), doc, counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--kb", type=Path, required=True, help="made of the same dumps by `luke kb from-wikipedia`")
    parser.add_argument("--dumps", nargs="+", required=True, metavar="LANG=DUMP")
    parser.add_argument("--types", type=Path, nargs="*", help="TextEnt's tables; without, the knowledge base's types")
    parser.add_argument("--pages", type=int, default=0, help="read this many articles of a dump only; 0 = all")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        for dump in args.dumps:
            language, is_named, path = dump.partition("=")
            if not is_named:
                raise ValueError(Errors.LK764.format(found=dump))
            nlp = spacy.blank(language)
            kb = MMapKB.open(nlp.vocab, args.kb)
            types_of = types_of_table(kb, args.types) if args.types else lambda id, kb=kb: kb.info(id)["types"]
            bins: dict[str, DocBin] = {split: DocBin() for split in SPLITS}
            counts: Counter[str] = Counter()
            for split, doc, found in read(Path(path), nlp, kb, types_of, args.pages):
                counts += found
                if doc.ents:
                    bins[split].add(doc)
                    counts[f"paragraphs for {split}"] += 1
            for split, docs in bins.items():
                docs.to_disk(args.out / f"{language}_{split}.spacy")
            print(f"{language}: " + ", ".join(f"{n:,} {what}" for what, n in sorted(counts.items())))
    except (ValueError, OSError, ImportError) as err:
        sys.exit(str(err))


if __name__ == "__main__":
    main()
