"""The sample corpus in numbers."""

from __future__ import annotations

from collections import Counter, defaultdict

from sample import NIL, Sample


def docs_of(sample: Sample, lang: str, split: str) -> list[dict]:
    return [doc for doc in sample.docs if (doc["lang"], doc["split"]) == (lang, split)]


def sentences(doc: dict) -> list[str]:
    return [doc["text"][start:end] for start, end in doc["sents"]]


def ambiguous_forms(sample: Sample) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """RETURNS (dict): (language, form) -> its ids in the documents, two or more, and its splits."""
    forms: dict = defaultdict(lambda: (set(), set()))
    for doc in sample.docs:
        for ent in doc["ents"]:
            ids, splits = forms[doc["lang"], doc["text"][ent["start"] : ent["end"]]]
            ids.add(ent["kb_id"])
            splits.add(doc["split"])
    return {form: (ids, splits) for form, (ids, splits) in forms.items() if len(ids - {NIL}) > 1}


def table(sample: Sample) -> str:
    """The corpus in numbers."""
    rows = [["", "documents", "sentences", "mentions", "NIL", "entities", "relations"]]
    for lang in sample.schema["languages"]:
        for split in sample.schema["splits"]:
            docs = docs_of(sample, lang, split)
            ids = [ent["kb_id"] for doc in docs for ent in doc["ents"]]
            cells = [len(docs), sum(len(d["sents"]) for d in docs), len(ids), ids.count(NIL), len({*ids} - {NIL})]
            rows.append([f"{lang} {split}", *cells, sum(len(d["relations"]) for d in docs)])
    lines = ["".join(f"{cell!s:>11}" if i else f"{cell:<10}" for i, cell in enumerate(row)) for row in rows]
    for kind, counts in (
        ("labels", Counter(ent["label"] for doc in sample.docs for ent in doc["ents"])),
        ("relations", Counter(r["label"] for doc in sample.docs for r in doc["relations"])),
        ("types", Counter(t for doc in sample.docs for ent in doc["ents"] for t in ent["types"])),
    ):
        lines += [f"{kind}: " + ", ".join(f"{name} {n}" for name, n in counts.most_common())]
    forms = ambiguous_forms(sample)
    both = sum({"train", "test"} <= splits for _, splits in forms.values())
    most = sorted(forms, key=lambda form: -len(forms[form][0]))
    lines.append(f"ambiguous forms in the documents: {len(forms)}, of them in train and test: {both}")
    lines.append("  " + ", ".join(f"{form} {len(forms[lang, form][0])}" for lang, form in most))
    names = Counter(
        (lang, name)
        for entity in sample.entities
        for lang in sample.schema["languages"]
        for name in (entity["labels"][lang], *entity["aliases"][lang])
    )
    lines.append(f"ambiguous names in the table: {sum(n > 1 for n in names.values())}")
    qids = [e for e in sample.entities if e["id"].startswith("Q")]
    checked = sum(e["checked"] for e in qids)
    lines.append(
        f"entities: {len(sample.entities)}, Wikidata ids: {len(qids)} ({checked} checked, {len(qids) - checked} from "
        f"memory), local ids: {len(sample.entities) - len(qids)}"
    )
    return "\n".join(lines)
