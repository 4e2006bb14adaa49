"""Score a pipeline of several pipes, each on the corpora of its own task.

    python scripts/evaluate.py training/ja/model-best metrics.json --ner news.spacy --relations jacred_test.spacy

Entities are scored as luke_ner finds them; links, relations and types on gold mentions, with luke_ner left out: a corpus
of one task notes other entities than luke_ner was trained on. For all end to end, on a corpus that has all gold, take
`python -m spacy evaluate`. NAME=PATH gives a corpus a name of its own, for several of one task (--ner de=... ja=...).
Writes {"ner": {"ents_f": ...}, "linker": ..., "ner.ja": ...} and prints the main scores. --flat is for `luke release`: the
scores of the first corpus of each task under their own names, as `spacy evaluate` has them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Corpus, Example
from spacy.util import filter_spans

from spacy_luke.annotations import RELATIONS_KEY, TYPES_KEY
from spacy_luke.errors import Errors
from spacy_luke.scorers import gold_mentions
from spacy_luke.training.task_gold import TASKS

PREFIXES = {"ner": "ents_", "linker": "nel_", "relations": "rel_", "typing": "types_"}
PIPES = {"ner": "luke_ner", "linker": "luke_linker", "relations": "luke_relations", "typing": "luke_typing"}
SHOWN = {"ner": "ents_f", "linker": "nel_micro_f", "relations": "rel_micro_f", "typing": "types_micro_f"}


def on_gold_mentions(examples: list[Example], task: str) -> Iterator[Example]:
    """The mentions of the task's gold, the longest where they overlap, as entities of the predicted Doc."""
    keys = {"relations": RELATIONS_KEY, "typing": TYPES_KEY}
    for example in examples:
        gold = example.reference
        spans = gold_mentions(gold) if task == "linker" else gold.spans.get(keys[task], ())
        found = {(span.start_char, span.end_char): span.label_ for span in spans}
        labels = {(ent.start_char, ent.end_char): ent.label_ for ent in gold.ents}
        doc = example.predicted
        cut = [(doc.char_span(*place), labels.get(place, label)) for place, label in found.items()]
        doc.ents = filter_spans([Span(doc, s.start, s.end, label=label or "ENTITY") for s, label in cut if s is not None])
        yield example


def evaluate(pipeline: str | Path, corpora: dict[str, list[tuple[str, Path]]], gpu: int = -1, limit: int = 0) -> dict[str, dict]:
    """corpora: task -> (name, DocBin). limit: Docs of each; 0 = all. RETURNS: task, or task.name -> its scores.
    RAISES FileNotFoundError LK760; ValueError LK769: the pipeline has no pipe for a task."""
    for path in [path for given in corpora.values() for _, path in given]:
        if not path.is_file():
            raise FileNotFoundError(Errors.LK760.format(path=path))
    if gpu >= 0:
        spacy.require_gpu(gpu)
    whole = spacy.load(pipeline)
    missing = [task for task in corpora if PIPES[task] not in whole.pipe_names]
    if missing:
        raise ValueError(Errors.LK769.format(path=pipeline, found=", ".join(whole.pipe_names), tasks=", ".join(missing)))
    return {
        f"{task}.{name}" if name else task: scores(whole, task, path, limit)
        for task, given in corpora.items()
        for name, path in given
    }


def scores(nlp: Language, task: str, path: Path, limit: int = 0) -> dict:
    """The scores of the pipe of this task, the others switched off."""
    with nlp.select_pipes(enable=[name for name in nlp.pipe_names if name in ("luke", PIPES[task])]):
        examples = list(islice(Corpus(path)(nlp), limit or None))
        if task != "ner":
            examples = list(on_gold_mentions(examples, task))
        found = nlp.evaluate(examples)
    return {name: value for name, value in found.items() if name.startswith(PREFIXES[task])}


def flat(found: dict[str, dict]) -> dict:
    """The scores of the first corpus of each task, without the task's name."""
    first = {name.partition(".")[0]: values for name, values in reversed(found.items())}
    return {key: value for task in TASKS if task in first for key, value in first[task].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("out", type=Path, help="JSON to write")
    for task in TASKS:
        parser.add_argument(f"--{task}", nargs="+", metavar="DOCBIN", help=f"scored for {task}")
    parser.add_argument("--flat", type=Path, help="JSON to write, too")
    parser.add_argument("--limit", type=int, default=0, help="score the first so many Docs of each corpus; 0 = all")
    parser.add_argument("--gpu-id", type=int, default=-1)
    args = parser.parse_args()
    given = {task: [path.rpartition("=")[::2] for path in getattr(args, task) or ()] for task in TASKS}
    corpora = {task: [(name, Path(path)) for name, path in found] for task, found in given.items() if found}
    if not corpora:
        parser.error("name a corpus for a task at least")
    try:
        found = evaluate(args.pipeline, corpora, args.gpu_id, args.limit)
    except (ValueError, OSError) as err:
        sys.exit(str(err))
    for path, content in ((args.out, found), (args.flat, flat(found))):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf8")
    for name, values in found.items():
        print(f"{name}: {_percent(values.get(SHOWN[name.partition('.')[0]]))}")
        if name.startswith("linker"):
            right, prior = (_percent(values.get(f"nel_ambiguous_{key}")) for key in ("accuracy", "prior"))
            print(f"  names with several candidates, the right one among them: {right}, by the prior alone: {prior}")


def _percent(value: float | None) -> str:
    return "no gold" if value is None else format(100 * value, ".2f")


if __name__ == "__main__":
    main()
