"""The sample corpus: its markup, the documents that it stands for, and a check of all of it.

    python scripts/sample.py validate assets/sample
    python scripts/sample.py build assets/sample corpus/sample

assets/sample holds one file of markup per language and split (ja.train.wiki), the table of entities
(entities.jsonl) and the inventory of labels, types and relations (schema.json). The markup:

    # ja-honda 町工場から始まったホンダ            a document: its id, its title (not part of the text)
    [[本田技研工業|ホンダ]]は[[浜松市]]で始まった。   a sentence; [[title in the table|mention]] or [[title]]
    > 本田技研工業 headquarters 東京都            a relation that the sentence above it states
    [[?/person|本田]]さんは近所に住む。            a mention without entity in the table, with its type

In a relation "title#2" is the second mention of title in the sentence; without a number it is the first.
`build` writes one JSON object per document and line, with character offsets.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

NIL = "NIL"
MENTION = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]|]+))?\]\]")
BETWEEN = {"ja": "", "en": " "}  # what stands between two sentences


class Sample(NamedTuple):
    """A corpus as it is checked and used.

    A document: {"id", "title", "lang", "split", "text", "sents": [[start, end]],
    "ents": [{"start", "end", "label", "types", "kb_id"}], "relations": [{"head", "tail", "label"}]};
    start and end are characters of text, head and tail are positions in ents. Types include their parents.
    """

    docs: list[dict]
    entities: list[dict]
    schema: dict


def read_sample(folder: Path) -> Sample:
    """Read a folder in the format described above. Raises ValueError with file and line if the markup is
    not well formed or names an entity that the table lacks, FileNotFoundError if a file is missing."""
    schema = json.loads((folder / "schema.json").read_text(encoding="utf8"))
    lines = (folder / "entities.jsonl").read_text(encoding="utf8").splitlines()
    entities = [json.loads(line) for line in lines]
    docs = []
    for lang in schema["languages"]:
        titles = {entity["titles"][lang]: entity for entity in entities}
        for split in schema["splits"]:
            path = folder / f"{lang}.{split}.wiki"
            docs += _Reader(path, lang, split, titles, schema).read()
    return Sample(docs, entities, schema)


def parents(types: list[str]) -> list[str]:
    """Types with their parents, a parent before its children: /work/book -> /work, /work/book."""
    paths = [t.split("/") for t in types]
    return sorted({"/".join(path[:n]) for path in paths for n in range(2, len(path) + 1)})


class _Reader:
    """One file of markup. `here` is the line that an error names."""

    def __init__(self, path: Path, lang: str, split: str, titles: dict[str, dict], schema: dict):
        self.path, self.lang, self.split = path, lang, split
        self.titles, self.schema = titles, schema
        self.label_of = {top: label for label, top in schema["labels"].items()}
        self.docs: list[dict] = []
        self.sentence: dict[str, list[int]] = {}  # title or surface -> its mentions in the last sentence

    def read(self) -> list[dict]:
        for self.here, line in enumerate(self.path.read_text(encoding="utf8").splitlines(), 1):  # noqa: B020
            if line.startswith("# "):
                self._document(line[2:])
            elif line and not self.docs:
                self._fail("text before the first document; begin with '# id title'")
            elif line.startswith("> "):
                self._relation(line[2:])
            elif line:
                self._sentence(line)
        return self.docs

    def _document(self, head: str) -> None:
        doc_id, _, title = head.partition(" ")
        doc = {"id": doc_id, "title": title, "lang": self.lang, "split": self.split}
        self.docs.append({**doc, "text": "", "sents": [], "ents": [], "relations": []})
        self.sentence = {}

    def _sentence(self, line: str) -> None:
        doc, self.sentence = self.docs[-1], {}
        text = doc["text"] + (BETWEEN[self.lang] if doc["text"] else "")
        first, last = len(text), 0
        for match in MENTION.finditer(line):
            text += line[last : match.start()]
            last = match.end()
            mention = match[2] or match[1]
            self.sentence.setdefault(mention if match[1][0] == "?" else match[1], []).append(len(doc["ents"]))
            doc["ents"].append({"start": len(text), "end": len(text) + len(mention), **self._meaning(match[1])})
            text += mention
        doc["text"] = text + line[last:]
        doc["sents"].append([first, len(doc["text"])])
        if "[[" in doc["text"] or "]]" in doc["text"]:
            self._fail("brackets that are no mention")

    def _meaning(self, target: str) -> dict:
        if target.startswith("?"):
            types = parents([target[1:]])
            return {"label": self.label_of.get(types[0], types[0]), "types": types, "kb_id": NIL}
        if target not in self.titles:
            self._fail(f"no entity with the title {target!r}")
        entity = self.titles[target]
        return {"label": entity["label"], "types": parents(entity["types"]), "kb_id": entity["id"]}

    def _relation(self, line: str) -> None:
        names = "|".join(map(re.escape, self.schema["relations"]))
        match = re.fullmatch(rf"(.+?) ({names}) (.+)", line)
        if not match:
            self._fail(f"no relation of the inventory in {line!r}")
        head, tail = self._mention(match[1]), self._mention(match[3])
        pairs = [(head, tail)]
        if self.schema["relations"][match[2]].get("symmetric"):
            pairs.append((tail, head))
        self.docs[-1]["relations"] += [{"head": h, "tail": t, "label": match[2]} for h, t in pairs]

    def _mention(self, name: str) -> int:
        title, _, number = name.partition("#")
        mentions = self.sentence.get(title, [])
        if not 0 < int(number or 1) <= len(mentions):
            self._fail(f"{title!r} has {len(mentions)} mentions in the sentence above")
        return mentions[int(number or 1) - 1]

    def _fail(self, reason: str) -> None:
        raise ValueError(f"{self.path}, line {self.here}: {reason}")


def build(sample: Sample, out: Path) -> None:
    """Write {lang}.{split}.jsonl, a document per line."""
    out.mkdir(parents=True, exist_ok=True)
    for lang in sample.schema["languages"]:
        for split in sample.schema["splits"]:
            docs = [doc for doc in sample.docs if (doc["lang"], doc["split"]) == (lang, split)]
            lines = (json.dumps(doc, ensure_ascii=False) + "\n" for doc in docs)
            (out / f"{lang}.{split}.jsonl").write_text("".join(lines), encoding="utf8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["validate", "build"])
    parser.add_argument("folder", type=Path, help="the folder of the sample corpus")
    parser.add_argument("out", type=Path, nargs="?", help="build: the folder to write")
    args = parser.parse_args()
    if (args.command == "build") != (args.out is not None):
        parser.error("build needs a folder to write, validate takes none")
    from sample_numbers import table
    from sample_rules import plain_text_problems, problems

    try:
        sample = read_sample(args.folder)
    except (ValueError, FileNotFoundError) as err:
        sys.exit(str(err))
    found = problems(sample) + plain_text_problems(sample, args.folder)
    if found:
        sys.exit("\n".join([*found, f"{len(found)} problems"]))
    if args.out:
        build(sample, args.out)
    print(table(sample))


if __name__ == "__main__":
    main()
