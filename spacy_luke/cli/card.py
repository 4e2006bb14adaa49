"""The model card of a released pipeline: what people are told about it, and the README.md made of that."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language

NEEDED = ("name", "description", "license", "sources")
NEEDED_OF_SOURCES = ("name", "license", "used_for")

# Scores by the names that `spacy evaluate` gives them: what a reader takes them for.
SCORES = {
    "ents_p": "named entities, precision",
    "ents_r": "named entities, recall",
    "ents_f": "named entities, F1",
    "nel_micro_f": "links, F1 (gold NIL ignored)",
    "nel_with_nil_f": "links and NIL, F1",
    "nel_accuracy": "links of gold mentions, accuracy",
    "nel_candidate_recall": "links among the candidates (no linker can find more)",
    "rel_micro_f": "relations, micro F1",
    "rel_macro_f": "relations, macro F1",
    "types_micro_f": "types, micro F1",
    "types_macro_f": "types, macro F1",
}


def read_card(path: Path) -> dict[str, Any]:
    """The YAML file. RAISES ValueError LK770: it lacks something, or is no YAML."""
    try:
        card = srsly.read_yaml(path)
    except Exception as e:  # srsly brings its own kinds
        raise ValueError(Errors.LK770.format(path=path, missing=f"YAML ({e})")) from e
    if not isinstance(card, dict):
        raise ValueError(Errors.LK770.format(path=path, missing=", ".join(NEEDED)))
    missing = [key for key in NEEDED if not card.get(key)]
    if card.get("name") and not re.fullmatch(r"[A-Za-z0-9_]+", str(card["name"])):  # the wheel is called so
        missing.append("a name of the letters a to z, digits and _")
    sources = card.get("sources") or []
    if not isinstance(sources, list):
        missing.append("sources as a list")
        sources = []
    for number, source in enumerate(sources, 1):
        of_source = source if isinstance(source, dict) else {}
        missing += [f"{key} of source {number}" for key in NEEDED_OF_SOURCES if not of_source.get(key)]
    if missing:
        raise ValueError(Errors.LK770.format(path=path, missing=", ".join(missing)))
    return {**card, "sources": [{key: str(value) for key, value in source.items()} for source in sources]}


def read_scores(path: Path) -> dict[str, Any]:
    """The scores in a file of `spacy evaluate`, without those that are not defined on the data (null).
    RAISES ValueError LK771."""
    try:
        scores = srsly.read_json(path)
        return {key: value for key, value in scores.items() if value is not None}
    except (ValueError, AttributeError) as e:
        raise ValueError(Errors.LK771.format(path=path, reason=e)) from e


def facts_of(nlp: Language, encoders: list, folder: Path) -> list[tuple[str, str]]:
    """What the package is, row by row. encoders: each LukeShim; folder: where the pipeline was saved."""
    rows = [("pipes", ", ".join(f"`{name}`" for name in nlp.meta["pipeline"]))]
    for shim in encoders:
        config = shim.config
        parameters = sum(parameter.numel() for parameter in shim.encoder.parameters())
        sizes = f"{config.num_hidden_layers} layers x {config.hidden_size}, {config.vocab_size:,} word pieces"
        rows.append(("encoder", f"{sizes}, {parameters / 1e6:,.0f} million parameters, stored as {shim.storage}"))
    for name, pipe in nlp.pipeline:
        if hasattr(pipe, "kb"):
            rows.append((f"knowledge base of `{name}`", f"{pipe.kb.get_size_entities():,} entities"))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    rows.append(("size", f"{size / 1e6:,.0f} MB on disk"))
    rows.append(("needs", ", ".join(f"`{each}`" for each in nlp.meta["requirements"])))
    return rows


def readme(meta: dict, about: dict, facts: list[tuple[str, str]], tests: list[dict], *, is_measured: bool) -> str:
    """README.md. meta: of the pipeline; about: the card; facts: of `facts_of`; tests: of the self-test;
    is_measured: the scores are those of a test set that the user gave."""
    package = f"{meta['lang']}_{meta['name']}"
    parts = [f"# {package} {meta['version']}", meta["description"]]
    parts += ["## Use", _code("bash", f"pip install {package}-{meta['version']}-py3-none-any.whl")]
    parts += [_code("python", f'import spacy\n\nnlp = spacy.load("{package}")\ndoc = nlp({_example(tests)!r})')]
    parts += [_shown(tests[:3])] if tests else []
    parts += ["It loads without network. `python -m spacy luke selftest " + package + "` says whether it works here."]
    terms = [("license", meta["license"]), ("author", meta["author"] or "not given")]
    parts += ["## What it is", _table(("", ""), [*facts, *terms])]
    labels = meta["labels"].items()
    parts += [f"Labels of `{pipe}` ({len(found)}): {_some(found)}" for pipe, found in labels if found]
    parts += ["## Scores and speed", _scores(meta["performance"], about.get("machine"), is_measured)]
    columns = ("name", "used_for", "license", "author")
    rows = [tuple(_linked(source) if key == "name" else source.get(key, "") for key in columns) for source in meta["sources"]]
    parts += ["## Data and licences", _table(("source", "used for", "license", "author"), rows)]
    parts += ["Whoever passes the package on has to keep to these licences (LICENSES_SOURCES)."]
    if about.get("limits"):
        parts += ["## Limits", "\n".join(f"- {limit}" for limit in about["limits"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scores(scores: dict[str, Any], machine: str | None, is_measured: bool) -> str:
    rows = [(text, f"{100 * scores[key]:.1f}") for key, text in SCORES.items() if isinstance(scores.get(key), (int, float))]
    if not rows:
        return "Not measured."
    lines = [
        "On the test set, by `spacy evaluate`:" if is_measured else "On the development set, while it was trained:",
        _table(("score", "%"), rows),
    ]
    if scores.get("speed"):
        lines.append(f"{scores['speed']:,.0f} words a second" + (f" on {machine}." if machine else " where it was evaluated."))
    return "\n\n".join(lines)


def _shown(tests: list[dict]) -> str:
    rows = []
    for test in tests:
        for start, end, label, id in test["ents"]:
            rows.append((test["text"][:60], test["text"][start:end], label, id))
    return _table(("text", "entity", "label", "link"), rows) if rows else ""


def _example(tests: list[dict]) -> str:
    return tests[0]["text"] if tests else "..."


def _linked(source: dict[str, str]) -> str:
    return f"[{source['name']}]({source['url']})" if source.get("url") else source["name"]


def _some(labels: list[str], most: int = 60) -> str:
    shown = ", ".join(f"`{label}`" for label in labels[:most])
    return shown + (f" and {len(labels) - most} more" if len(labels) > most else "")


def _code(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar in a cell stays one."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)
