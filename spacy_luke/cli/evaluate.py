"""python -m spacy luke evaluate PIPELINE DATA -o report/"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from timeit import default_timer
from typing import TYPE_CHECKING, Any, Optional

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

    from ..visualize.report import Task


def evaluate_cli(
    pipeline: str = typer.Argument(..., help="Pipeline: a directory or an installed package"),
    data: Path = typer.Argument(..., help="DocBin (.spacy) with gold annotations, or a directory of them"),
    out: Path = typer.Option(Path("report"), "--output", "-o", help="Directory to write", file_okay=False),
    gold_mentions: bool = typer.Option(
        False,
        "--gold-mentions",
        help="Give the gold entities to links, relations and types, and leave out the pipes that find entities",
    ),
    url: Optional[str] = typer.Option(
        None, help="Where ids lead to, {} is the id; Wikidata and Wikipedia if not given"
    ),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Score a pipeline, and say what it got wrong.

    \b
    OUT/scores.json      all scores, as of `spacy evaluate`, and how many mistakes of each group
    OUT/mistakes.jsonl   every mistake: task, group, text, characters, gold, found
    OUT/index.html       scores per label as a plot, confusion tables, mistakes in groups; needs no network

    \b
    Entities: boundary, type, missed, spurious. Links: missed mention, partial name, missing candidate, NIL, wrong
    entity, spurious. Relations: direction, label, entity, missed, spurious. Types: mention, type, missed, spurious.
    """
    import srsly
    from spacy.util import load_model

    from ..visualize.pipelines import styles_of
    from ..visualize.report import report

    setup_gpu(use_gpu)
    try:
        nlp = load_model(pipeline)
        examples = read_examples(nlp, data, gold_mentions=gold_mentions)
        scores, tasks = evaluate(nlp, examples, gold_mentions=gold_mentions)
        out.mkdir(parents=True, exist_ok=True)
        texts = [eg.reference.text for eg in examples]
        options = {**styles_of(nlp)[1], "kb_url_template": url, "lang": nlp.lang}
        mistakes = {task.title: task.mistakes.counts() for task in tasks}
        srsly.write_json(out / "scores.json", {**scores, "mistakes": mistakes})
        srsly.write_jsonl(out / "mistakes.jsonl", _lines(tasks, texts))
        title = f"{Path(pipeline).name} on {data.name}"
        (out / "index.html").write_text(report(title, scores, tasks, texts, options), encoding="utf8")
    except (ValueError, OSError) as error:
        msg.fail("Not evaluated", str(error), exits=1)
    for task in tasks:
        msg.table(task.mistakes.counts(), title=f"{task.title}: {task.mistakes.right:,} right")
    if not tasks:
        msg.warn("None of the pipes has gold annotations in these data")
    msg.good(f"Wrote {out / 'index.html'}")


def read_examples(nlp: Language, data: Path, *, gold_mentions: bool = False) -> list[Example]:
    """RAISES ValueError LK735: no such file, or no Docs in it; LK734: no DocBin."""
    from spacy.training import Corpus

    from ..training.readers.gold_mentions import GoldMentions

    if not data.exists():
        raise ValueError(Errors.LK735.format(path=data, found="which does not exist"))
    corpus = Corpus(data, gold_preproc=False)
    try:
        examples = list((GoldMentions(corpus) if gold_mentions else corpus)(nlp))
    except (OSError, MemoryError):
        raise
    except Exception as error:  # DocBin has no errors of its own: zlib's, msgpack's, KeyError ...
        raise ValueError(Errors.LK734.format(path=data, reason=error)) from error
    if not examples:
        raise ValueError(Errors.LK735.format(path=data, found="where no Docs are"))
    return examples


def evaluate(
    nlp: Language, examples: list[Example], *, gold_mentions: bool = False
) -> tuple[dict[str, Any], list[Task]]:
    """Run `nlp` on the Examples' predicted Docs, and compare. RETURNS: the scores of all pipes and the speed, and
    the mistakes of each task that these data have gold for."""
    from spacy.scorer import Scorer
    from tqdm import tqdm

    finders = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
    with nlp.select_pipes(disable=finders if gold_mentions else []):
        start = default_timer()
        docs = nlp.pipe(eg.predicted for eg in examples)
        for eg, doc in zip(examples, tqdm(docs, total=len(examples), unit=" texts", disable=None, leave=False)):
            eg.predicted = doc
        seconds = default_timer() - start
        scores = Scorer(nlp).score(examples)
        scores["speed"] = sum(len(eg.predicted) for eg in examples) / seconds
        return _plain(scores), list(_tasks(nlp, examples))


def _tasks(nlp: Language, examples: list[Example]) -> Iterator[Task]:
    from ..mistakes import entity_mistakes, link_mistakes, relation_mistakes, type_mistakes
    from ..visualize.report import Task

    found = []
    if any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names):
        found.append(Task("Entities", "ents_per_type", entity_mistakes(examples)))
    for name in nlp.pipe_names:
        factory = nlp.get_pipe_meta(name).factory
        cfg = getattr(nlp.get_pipe(name), "cfg", {})
        if factory == "luke_linker":
            found.append(Task("Links", "nel_per_type", link_mistakes(examples, spans_key=name), is_link=True))
        elif factory == "luke_relations":
            mistakes = relation_mistakes(examples, spans_key=cfg["spans_key"])
            found.append(Task("Relations", "rel_per_type", mistakes))
        elif factory == "luke_typing":
            mistakes = type_mistakes(examples, types_key=cfg["types_key"], hierarchy=cfg["hierarchy"])
            found.append(Task("Types", "types_per_type", mistakes))
    for task in found:
        if any(gold for gold, _ in task.mistakes.confusion):
            yield task


def _lines(tasks: list[Task], texts: list[str]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        for mistake in task.mistakes.mistakes:
            words = texts[mistake.doc][mistake.start : mistake.end]
            yield {"task": task.title, **mistake._asdict(), "text": words}


def _plain(value: Any) -> Any:
    """Without NumPy's numbers, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.item() if hasattr(value, "item") else value
