"""What the shared data says about entities apart from the annotated texts: names, types, descriptions, links."""

from __future__ import annotations

import bz2
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from spacy_luke.kb.wikipedia.work import read_dump
from spacy_luke.training.readers.gold import open_text

# ELEVANT's types, in words.
TYPES = {
    "Q215627": "person", "Q27096213": "place", "Q43229": "organization", "Q12737077": "occupation",
    "Q4164871": "position", "Q2424752": "product", "Q16521": "taxon", "Q17537576": "work", "Q1656682": "event",
    "Q483394": "genre", "Q33829": "people", "Q349": "sport", "Q11862829": "academic discipline", "Q618779": "award",
    "Q1075": "colour", "Q431289": "brand", "Q17376908": "language", "Q12136": "disease", "Q7257": "ideology",
}  # fmt: skip
DUMPS = {
    "wikidump_en_gensim": ["enwiki-*.bz2"],
    "wikidump_en_wikipedia2vec": ["enwiki-*.bz2"],
    "wikidump_multi_dbpedia_minidumps": ["en/*.bz2", "de/*.bz2", "fr/*.bz2"],
}


def read_elevant_names(data: Path) -> Iterator[dict]:
    """The labels and types that ELEVANT took from Wikidata, of all documents; nothing about their mentions."""
    with open_text(data / "el_en_wiki_fair" / "wiki-fair-v2.benchmark.jsonl.gz") as file:
        for line in file:
            for label in json.loads(line)["labels"]:
                if re.fullmatch("Q[0-9]+", label["entity_id"]):
                    types = [TYPES[t] for t in label["type"].split("|") if t in TYPES]
                    yield {"id": label["entity_id"], "labels": {"en": label["name"]}, "types": types}


def read_gum_names(data: Path) -> Iterator[dict]:
    """Titles of the English Wikipedia with QIDs."""
    with (data / "el_en_gum" / "wiki_map.tab").open(encoding="utf8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["WikidataID"].startswith("Q"):
                yield {"id": row["WikidataID"], "labels": {"en": unquote(row["URLTitle"]).replace("_", " ")}}


def read_wikidata_sample(data: Path, languages: tuple[str, ...] = ("en", "de", "fr")) -> Iterator[dict]:
    """The 100 items of OpenTapioca's sample."""
    with bz2.open(data / "kb_wikidata_sample_opentapioca" / "sample_wikidata_items.json.bz2", "rt", encoding="utf8") as file:
        for line in file:
            if line.startswith('{"'):
                item = json.loads(line.strip().rstrip(","))
                yield {
                    "id": item["id"],
                    "labels": {k: item["labels"][k]["value"] for k in languages if k in item["labels"]},
                    "description": item["descriptions"].get("en", {}).get("value", ""),
                    "aliases": [alias["value"] for k in languages for alias in item["aliases"].get(k, ())],
                }


def read_dumps(data: Path, work: Path) -> tuple[Counter[tuple[str, str, str]], dict[tuple[str, str], str]]:
    """Of all dump samples: counts of (language, anchor, title), and first sentences by (language, title)."""
    links: Counter[tuple[str, str, str]] = Counter()
    sentences = {}
    for folder, patterns in DUMPS.items():
        for path in (path for pattern in patterns for path in sorted((data / folder).glob(pattern))):
            language = path.parent.name if len(path.parent.name) == 2 else "en"
            part = read_dump(work, path, language, 1)
            for line in (part / "links.tsv").read_text(encoding="utf8").split("\n"):
                count, _, link = line.partition("\t")
                anchor, _, title = link.partition("\t")
                if title:
                    links[language, anchor, title] += int(count)
            for line in (part / "pages.tsv").read_text(encoding="utf8").split("\n"):
                kind, _, title, text, *_ = [*line.split("\t"), "", "", "", ""]
                if kind == "a" and text:
                    sentences[language, title] = text
    return links, sentences


def parts_of(name: str, longest: int = 4) -> set[str]:
    """Names for which this one may be shortened to: each stretch of up to `longest` words, what stands before
    a comma or bracket, the initials. "Ludwig IX, Landgrave of Hesse": Ludwig, Ludwig IX, Landgrave of Hesse ..."""
    found = {re.split(r",| \(", name)[0].strip()}
    words = re.findall(r"[^\s,()]+", name)
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            part = " ".join(words[start:end])
            if len(part) > 2 and (words[start][:1].isupper() or end - start == len(words)):
                found.add(part)
    capitals = [word[0] for word in words if word[0].isupper()]
    found |= {"".join(capitals), ".".join([*capitals, ""])} if len(capitals) > 1 else set()
    return found - {name, ""}
