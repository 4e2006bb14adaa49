"""The sample corpus as spaCy's DocBin.

    python scripts/corpus.py assets/sample corpus

writes {ja,en,xx}_{train,dev,test}.spacy; xx has the Docs of both languages, words as each language's own
tokenizer makes them. {ja,en,xx}_{train,dev,test}_sentences.spacy have the same sentence by sentence: a question about a
pair of entities costs the whole Doc, and a relation of the sample is stated in one sentence. In a Doc: doc.ents with kb_id ("NIL": no entity in the table) and sentence starts;
doc.spans["luke_typing"], one span per entity and type, with the scores 1.0; doc.spans["luke_relations"],
the entities, with attrs["relations"] = [[head, tail, label, 1.0], ...], head and tail counted in that group.

entities.jsonl has the table of entities as `python -m spacy luke kb build` reads it.

A mention that does not begin and end on a word border cannot be an entity of a Doc. It is left out with
its relations, not stretched, and counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import spacy
import srsly
from sample import Sample, read_sample
from sample_rules import problems
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup

TYPING, RELATIONS = "luke_typing", "luke_relations"
SENTENCES = "_sentences"


def to_doc(record: dict, nlp: Language) -> tuple[Doc, list[str], int]:
    """RETURNS (tuple): the Doc of a document of the sample, the mentions left out because they are not on
    word borders, and the number of relations left out with them."""
    doc = nlp.make_doc(record["text"])
    starts = {start for start, _ in record["sents"]}
    for token in doc:
        token.is_sent_start = token.idx in starts
    spans = [doc.char_span(ent["start"], ent["end"], ent["label"], ent["kb_id"]) for ent in record["ents"]]
    lost = [record["text"][e["start"] : e["end"]] for e, span in zip(record["ents"], spans) if span is None]
    kept = [number for number, span in enumerate(spans) if span is not None]
    doc.ents = [spans[number] for number in kept]
    typed = [
        Span(doc, spans[number].start, spans[number].end, label=label)
        for number in kept
        for label in record["ents"][number]["types"]
    ]
    doc.spans[TYPING] = SpanGroup(doc, spans=typed, attrs={"scores": [1.0] * len(typed)})
    place = {number: index for index, number in enumerate(kept)}
    relations = [
        [place[r["head"]], place[r["tail"]], r["label"], 1.0]
        for r in record["relations"]
        if r["head"] in place and r["tail"] in place
    ]
    doc.spans[RELATIONS] = SpanGroup(doc, spans=list(doc.ents), attrs={"relations": relations})
    return doc, lost, len(record["relations"]) - len(relations)


def by_sentence(record: dict) -> Iterator[dict]:
    """Each sentence of a document of the sample as a document."""
    for start, end in record["sents"]:
        inside = [n for n, ent in enumerate(record["ents"]) if start <= ent["start"] < end]
        place = {number: index for index, number in enumerate(inside)}
        ents = [record["ents"][n] for n in inside]
        yield {
            **record,
            "text": record["text"][start:end],
            "sents": [[0, end - start]],
            "ents": [{**ent, "start": ent["start"] - start, "end": ent["end"] - start} for ent in ents],
            "relations": [
                {**relation, "head": place[relation["head"]], "tail": place[relation["tail"]]}
                for relation in record["relations"]
                if relation["head"] in place and relation["tail"] in place
            ],
        }


def to_kb_entity(entity: dict) -> dict:
    """An entity of the table as a line for `kb build`: names and descriptions of all languages in one."""
    aliases = [alias for found in (entity["titles"].values(), *entity["aliases"].values()) for alias in found]
    return {
        "id": entity["id"],
        "labels": entity["labels"],
        "aliases": list(dict.fromkeys(aliases)),
        "description": " / ".join(entity["descriptions"].values()),
        "types": entity["types"],
    }


def write(sample: Sample, out: Path, langs: Iterable[str]) -> dict[str, list]:
    """Write the DocBins of these languages and of all of them together, as xx.

    RETURNS (dict): for each file its numbers of Docs, entities and relations, then the names of the
        mentions left out, then the number of relations left out.
    """
    blank = {lang: spacy.blank(lang) for lang in langs}
    splits = [split + form for split in sample.schema["splits"] for form in ("", SENTENCES)]
    names = [f"{lang}_{split}" for lang in (*blank, "xx") for split in splits]
    bins = {name: DocBin() for name in names}
    counts: dict[str, list] = {name: [0, 0, 0, [], 0] for name in names}
    for record in sample.docs:
        if record["lang"] not in blank:
            continue
        for form, part in [("", record), *((SENTENCES, part) for part in by_sentence(record))]:
            doc, lost, relations_lost = to_doc(part, blank[record["lang"]])
            for lang in (record["lang"], "xx"):
                name = f"{lang}_{record['split']}{form}"
                bins[name].add(doc)
                numbers = 1, len(doc.ents), len(doc.spans[RELATIONS].attrs["relations"]), lost, relations_lost
                counts[name] = [old + new for old, new in zip(counts[name], numbers)]
    out.mkdir(parents=True, exist_ok=True)
    srsly.write_jsonl(out / "entities.jsonl", map(to_kb_entity, sample.entities))
    for name, docs in bins.items():
        docs.to_disk(out / f"{name}.spacy")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the sample corpus")
    parser.add_argument("out", type=Path, help="folder to write")
    args = parser.parse_args()
    try:
        sample = read_sample(args.folder)
        found = problems(sample)
        if found:
            sys.exit("\n".join([*found, f"{args.folder}: {len(found)} problems, nothing is written"]))
        counts = write(sample, args.out, sample.schema["languages"])
    except (ValueError, OSError, ImportError) as err:
        sys.exit(str(err))
    for name, (docs, ents, relations, lost, relations_lost) in counts.items():
        left_out = f"; left out: {', '.join(lost)}, and {relations_lost} relations of theirs" if lost else ""
        print(
            f"{name}: {docs} Docs, {ents:,} entities, {relations} relations, "
            f"{len(lost)} mentions not on word borders{left_out}"
        )


if __name__ == "__main__":
    main()
