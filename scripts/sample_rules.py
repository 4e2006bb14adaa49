"""What must hold for the sample corpus. `problems` returns one line per broken rule; none means valid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sample import NIL, Sample, parents
from sample_numbers import ambiguous_forms, docs_of, sentences

MIN_SENTENCES = {"ja": 300, "en": 150}
SENTENCES_PER_DOC = range(4, 9)
MIN_RELATIONS = 12  # of each label, over both languages
MIN_AMBIGUOUS = 25  # mentions of one form with two or more entities, in the documents
MIN_AMBIGUOUS_IN_TEST = 15  # of those, how many occur in train and in test
MIN_NIL = 10
SHARES = {"train": (0.6, 0.8), "dev": (0.1, 0.2), "test": (0.1, 0.2)}  # of the sentences of a language
LAST_CHARACTERS = {"ja": "。", "en": ".!?"}


def problems(sample: Sample) -> list[str]:
    """All broken rules of the table, of each document, and of the corpus as a whole."""
    table = {entity["id"]: entity for entity in sample.entities}
    found = list(_entities(sample))
    for doc in sample.docs:
        rules = (_sents, _ents, _relations)
        found += [f"{doc['id']}: {problem}" for rule in rules for problem in rule(doc, table, sample.schema)]
    return found or list(_corpus(sample))


def _entities(sample: Sample) -> Iterator[str]:
    """The table: ids, one label, types of that label, names in each language."""
    for entity in sample.entities:
        name = f"entity {entity['id']}"
        if not re.fullmatch(r"Q[1-9]\d*|X-[a-z0-9]+(-[a-z0-9]+)*", entity["id"]):
            yield f"{name}: an id is Q and digits, or X- and lower-case words"
        if entity["checked"] and entity["id"].startswith("X-"):
            yield f"{name}: a local id cannot be checked against Wikidata"
        yield from (f"{name}: {p}" for p in _typing(entity["label"], parents(entity["types"]), sample.schema))
        for lang in sample.schema["languages"]:
            label, aliases = entity["labels"][lang], entity["aliases"][lang]
            names = [label, *aliases]
            if len(set(names)) < len(names) or not all(n and n == n.strip() for n in names):
                yield f"{name}: names in {lang} are empty, padded or given twice"
            if label != re.sub(r" \(.*\)$", "", entity["titles"][lang]):
                yield f"{name}: the label in {lang} is not its title without the bracket"
            if not entity["descriptions"][lang] or "\n" in entity["descriptions"][lang]:
                yield f"{name}: the description in {lang} is not one line"
    for key in ("ja", "en", "id"):
        values = [e["id"] if key == "id" else e["titles"][key] for e in sample.entities]
        yield from (f"table: {value} is there {n} times" for value, n in Counter(values).items() if n > 1)


def _typing(label: str, types: list[str], schema: dict) -> Iterator[str]:
    """A label of the inventory, types of the inventory, parents included, all under the label's own type."""
    if label not in schema["labels"]:
        yield f"label {label} is not in the inventory"
        return
    if types != parents(types):
        yield f"types {types} lack a parent or are not in order"
    for t in types:
        if t not in schema["types"]:
            yield f"type {t} is not in the inventory"
        elif t.split("/")[1] != schema["labels"][label][1:]:
            yield f"type {t} does not belong to {label}"


def _sents(doc: dict, table: dict, schema: dict) -> Iterator[str]:
    """Sentences in order that leave out nothing but blanks, and end as sentences end."""
    end = 0
    for start, stop in doc["sents"]:
        text = doc["text"][start:stop]
        if doc["text"][end:start].strip() or not end <= start < stop or text != text.strip():
            yield f"sentence at {start} overlaps, leaves out text or is padded"
        if not text or text[-1] not in LAST_CHARACTERS[doc["lang"]]:
            yield f"sentence at {start} does not end as a sentence"
        end = stop
    if end != len(doc["text"]):
        yield "text after the last sentence"
    if len(doc["sents"]) not in SENTENCES_PER_DOC:
        yield f"{len(doc['sents'])} sentences"


def _ents(doc: dict, table: dict, schema: dict) -> Iterator[str]:
    """Mentions inside a sentence, in order, without overlap; the table knows the entity by that name."""
    end = 0
    for ent in doc["ents"]:
        name = doc["text"][ent["start"] : ent["end"]]
        where = f"mention {name!r} at {ent['start']}"
        if not name or name != name.strip() or _sentence_of(doc, ent) is None:
            yield f"{where} is empty, padded or not inside a sentence"
        if ent["start"] < end:
            yield f"{where} overlaps the one before"
        end = ent["end"]
        yield from (f"{where}: {p}" for p in _typing(ent["label"], ent["types"], schema))
        if ent["kb_id"] == NIL:
            continue
        entity = table.get(ent["kb_id"])
        if entity is None:
            yield f"{where}: no entity {ent['kb_id']} in the table"
        elif (ent["label"], ent["types"]) != (entity["label"], parents(entity["types"])):
            yield f"{where}: label or types are not those of {entity['id']}"
        elif name not in [entity["labels"][doc["lang"]], *entity["aliases"][doc["lang"]]]:
            yield f"{where} is no name of {entity['id']} in {doc['lang']}"


def _relations(doc: dict, table: dict, schema: dict) -> Iterator[str]:
    """Two mentions of one sentence, labels that the relation allows, one relation per ordered pair."""
    seen = Counter((r["head"], r["tail"]) for r in doc["relations"])
    yield from (f"{n} relations from mention {h} to {t}" for (h, t), n in seen.items() if n > 1)
    triples = {(r["head"], r["tail"], r["label"]) for r in doc["relations"]}
    for head, tail, label in sorted(triples):
        where = f"{label} from mention {head} to {tail}"
        if not (0 <= head < len(doc["ents"]) and 0 <= tail < len(doc["ents"]) and head != tail):
            yield f"{where}: no such pair"
            continue
        if label not in schema["relations"]:
            yield f"{where}: not in the inventory"
            continue
        relation, ends = schema["relations"][label], (doc["ents"][head], doc["ents"][tail])
        if ends[0]["label"] not in relation["head"] or ends[1]["label"] not in relation["tail"]:
            yield f"{where}: cannot go from {ends[0]['label']} to {ends[1]['label']}"
        if ends[0]["kb_id"] == ends[1]["kb_id"] != NIL:
            yield f"{where}: both are {ends[0]['kb_id']}"
        if _sentence_of(doc, ends[0]) != _sentence_of(doc, ends[1]):
            yield f"{where}: not in one sentence"
        if relation.get("symmetric") and (tail, head, label) not in triples:
            yield f"{where}: symmetric, and the way back is missing"


def _sentence_of(doc: dict, ent: dict) -> int | None:
    inside = (i for i, (start, end) in enumerate(doc["sents"]) if start <= ent["start"] < ent["end"] <= end)
    return next(inside, None)


def _corpus(sample: Sample) -> Iterator[str]:
    """Sizes, splits that share no sentence, every label everywhere, ambiguity on both sides."""
    schema = sample.schema
    yield from (f"{n} documents {i}" for i, n in Counter(d["id"] for d in sample.docs).items() if n > 1)
    repeated = Counter(text for doc in sample.docs for text in sentences(doc))
    yield from (f"{n} times the sentence {text!r}" for text, n in repeated.items() if n > 1)
    for lang in schema["languages"]:
        counts = {s: sum(len(d["sents"]) for d in docs_of(sample, lang, s)) for s in schema["splits"]}
        total = sum(counts.values())
        if total < MIN_SENTENCES[lang]:
            yield f"{lang}: {total} sentences, not {MIN_SENTENCES[lang]}"
        for split, (low, high) in SHARES.items():
            if not low <= counts[split] / max(total, 1) <= high:
                yield f"{lang}: {counts[split]} of {total} sentences in {split}"
            labels = {ent["label"] for doc in docs_of(sample, lang, split) for ent in doc["ents"]}
            yield from (f"{lang} {split}: no {label}" for label in schema["labels"] if label not in labels)
        relations = {r["label"] for doc in docs_of(sample, lang, "train") for r in doc["relations"]}
        yield from (f"{lang} train: no {label}" for label in schema["relations"] if label not in relations)
    mentions = [ent for doc in sample.docs for ent in doc["ents"]]
    relations = Counter(r["label"] for doc in sample.docs for r in doc["relations"])
    few = (label for label in schema["relations"] if relations[label] < MIN_RELATIONS)
    yield from (f"{relations[label]} times {label}, not {MIN_RELATIONS}" for label in few)
    used = {t for ent in mentions for t in ent["types"]}
    yield from (f"no mention of type {t}" for t in schema["types"] if t not in used)
    nil = sum(ent["kb_id"] == NIL for ent in mentions)
    if nil < MIN_NIL:
        yield f"{nil} mentions without entity, not {MIN_NIL}"
    forms = ambiguous_forms(sample)
    if len(forms) < MIN_AMBIGUOUS:
        yield f"{len(forms)} ambiguous forms, not {MIN_AMBIGUOUS}"
    both = [splits for _, splits in forms.values() if {"train", "test"} <= splits]
    if len(both) < MIN_AMBIGUOUS_IN_TEST:
        yield f"{len(both)} ambiguous forms in train and test, not {MIN_AMBIGUOUS_IN_TEST}"


def plain_text_problems(sample: Sample, folder: Path) -> list[str]:
    """The lines of {lang}.txt, which a trained pipeline annotates, are three to five and not of the corpus."""
    known = {text for doc in sample.docs for text in sentences(doc)}
    found = []
    for lang in sample.schema["languages"]:
        lines = (folder / f"{lang}.txt").read_text(encoding="utf8").splitlines()
        if not 3 <= len(lines) <= 5:
            found.append(f"{lang}.txt: {len(lines)} lines")
        again = [line for line in lines if any(text in line for text in known)]
        found += [f"{lang}.txt: {line!r} has a sentence of the corpus" for line in again]
    return found
