"""Corpora and knowledge bases of the linking benchmark.

    python benchmarks/linking/prepare.py DATA OUT --encoder ENCODER

DATA: the shared data. ENCODER: of the vectors of entities, in the format of `python -m spacy luke convert`.
Writes OUT/corpus/SET/{train,dev,test}.spacy, OUT/kb/SET and OUT/kb/SET.0 to SET.3: each without the texts of the
mentions in a quarter of the training documents. With its own mentions counted, the prior of a training
document is nearly always right, and a linker would learn to look at nothing else.

The entities are the same for all sets: those that the data names (ELEVANT's and GUM's names of entities, also
of entities that only test documents mention: Wikidata has them all; OpenTapioca's items), and those linked
in training parts, under their most frequent text. The aliases: texts of training mentions with their counts, those of
the own set times ten; links in dump samples to titles that are such names; parts of names, without a count. Nothing
comes from the mentions of any dev or test part of a measured set.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from corpora import MORE, SETS, read_parts, write_corpora
from names import parts_of, read_dumps, read_elevant_names, read_gum_names, read_wikidata_sample

from spacy_luke.annotations import NIL
from spacy_luke.kb.build_sources import build_from_sources
from spacy_luke.kb.export import export_kb
from spacy_luke.kb.normalise import normalise_alias
from spacy_luke.pipeline.embed_kb import embed_kb

OWN = 10  # how much more often a training mention of the own set counts than one of another
FOLDS = 4  # of the training part, see main

def fold_of(text: str) -> int:
    """Of a training document."""
    return hashlib.sha256(text.encode("utf8")).digest()[1] % FOLDS


Mentions = Counter[tuple[str, str, str]]  # text, id, label


def count_mentions(docs: Iterable) -> Mentions:
    return Counter((e.text, e.kb_id_, e.label_) for doc in docs for e in doc.ents if e.kb_id_ not in ("", NIL))


def collect_entities(data: Path, mentions: Mentions, links, sentences) -> tuple[list[dict], list[tuple[str, str, int]]]:
    """Entities as `kb build` reads them, and the links of dumps to them."""
    entities: dict[str, dict] = {}
    for entity in [*read_wikidata_sample(data), *read_elevant_names(data), *read_gum_names(data)]:
        known = entities.setdefault(entity["id"], {"labels": {}, "types": []})
        known["labels"] = {**entity["labels"], **known["labels"]}
        known["types"] = list(dict.fromkeys([*known["types"], *entity.get("types", ())]))
        known.setdefault("description", entity.get("description", ""))
        known.setdefault("aliases", set()).update(entity.get("aliases", ()), entity["labels"].values())
    texts, labels = defaultdict(Counter), defaultdict(Counter)
    for (text, id, label), count in mentions.items():
        texts[id][text] += count
        labels[id][label.lower()] += count
    titles = {("en", normalise_alias(alias)): id for id, e in entities.items() for alias in e["aliases"]}
    titles |= {(k, normalise_alias(name)): id for id, e in entities.items() for k, name in e["labels"].items()}
    found = [(a, titles.get((k, normalise_alias(t)), ""), n) for (k, a, t), n in links.items()]
    found = [(anchor, id, count) for anchor, id, count in found if id]
    popular = Counter({id: sum(texts[id].values()) for id in texts})
    for _, id, count in found:
        popular[id] += count
    articles = {titles[k, normalise_alias(t)]: s for (k, t), s in sentences.items() if (k, normalise_alias(t)) in titles}
    words = {"loc": "place", "pers": "person", "per": "person", "org": "organization", "prod": "product"}
    for id in texts:
        entities.setdefault(id, {"labels": {}, "types": [], "aliases": set()})
    for id, entity in entities.items():
        if not entity["labels"]:
            entity["labels"] = {"xx": texts[id].most_common(1)[0][0]}
        if not entity["types"] and labels[id]:
            label = labels[id].most_common(1)[0][0]
            entity["types"] = [words.get(label, label)] if label != "entity" else []
        name = next(iter(entity["labels"].values()))
        about = articles.get(id) or f"{name}: {entity.get('description') or ', '.join(entity['types'])}".rstrip(": ")
        entity |= {"id": id, "description": about, "count": popular[id], "aliases": sorted(_aliases(entity))}
    return list(entities.values()), found


def _aliases(entity: dict) -> set[str]:
    names = {*entity["aliases"], *entity["labels"].values()}
    return names.union(*map(parts_of, entity["labels"].values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    args = parser.parse_args()
    corpus, kbs = args.out / "corpus", args.out / "kb"
    if not corpus.is_dir():
        write_corpora(args.data, corpus)
    mentions = {name: count_mentions(read_parts(corpus / name, ["train"])) for name in SETS}
    mentions |= {name: count_mentions(read_parts(corpus / name, ["train", "dev", "test"])) for name in MORE}
    entities, links = collect_entities(args.data, sum(mentions.values(), Counter()), *read_dumps(args.data, args.out / "work"))
    kbs.mkdir(exist_ok=True)
    _write(kbs / "entities.jsonl", entities)
    vectors = None
    for name in args.sets:
        docs = list(read_parts(corpus / name, ["train"]))
        for fold in (None, *range(FOLDS)):
            mine = mentions[name] if fold is None else count_mentions(d for d in docs if fold_of(d.text) != fold)
            counted = Counter({(anchor, id): count for anchor, id, count in links})
            for other, found in mentions.items():
                for (text, id, _), count in (mine if other == name else found).items():
                    counted[text, id] += count * (OWN if other == name else 1)
            _write(kbs / "links.jsonl", [{"alias": a, "entity": id, "count": n} for (a, id), n in counted.items()])
            path = kbs / (name if fold is None else f"{name}.{fold}")
            build_from_sources(path, entities=[kbs / "entities.jsonl"], aliases=[kbs / "links.jsonl"], vectors=vectors)
            if vectors is None:
                print(embed_kb(path, args.encoder, progress=lambda done, n: print(f"{done}/{n}", flush=True)))
                export_kb(path, kbs / "export")
                vectors = kbs / "export" / "vectors.npy"


def _write(path: Path, rows: Iterable[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8")


if __name__ == "__main__":
    main()
