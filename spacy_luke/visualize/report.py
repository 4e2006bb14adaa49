"""The page of `luke evaluate`: scores, plots, confusion, and mistakes in their groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..mistakes import Mistake, Mistakes
from .html import entity_link, escape, note, page_of
from .names import names_in
from .plots import confusion_table, score_plot

MOST = 50  # mistakes of a group that are shown
AROUND = 60  # characters of text on each side of one


class Task(NamedTuple):
    """One of the four: its name, what the scorer calls its scores per label, and its mistakes."""

    title: str
    per_type: str
    mistakes: Mistakes
    is_link: bool = False


def report(
    title: str, scores: Mapping[str, Any], tasks: Sequence[Task], texts: Sequence[str], options: Mapping[str, Any]
) -> str:
    """An HTML file. texts: of the Examples, in their order. options: as of `render`, "lang" beside them."""
    shares = {key: value for key, value in scores.items() if isinstance(value, float)}
    rows = "".join(f"<tr><td>{escape(key)}</td><td>{_number(key, value)}</td></tr>" for key, value in shares.items())
    parts = [f"<h1>{escape(title)}</h1><p>{len(texts):,} texts</p><table>{rows}</table>"]
    for task in tasks:
        parts.append(_task(task, scores.get(task.per_type), texts, options))
    if not tasks:
        parts.append(note("None of the pipes has gold annotations to be compared with in these data."))
    return page_of("\n".join(parts), title=title, lang=options.get("lang", "en"))


def _number(key: str, value: float) -> str:
    return f"{value:,.0f} words/s" if key == "speed" else f"{value:.4f}"


def _task(task: Task, per_type: Mapping[str, Any] | None, texts: Sequence[str], options: Mapping[str, Any]) -> str:
    counts: Counter[str] = Counter()
    for (gold, _), n in task.mistakes.confusion.items():
        counts[gold] += n
    plot = score_plot(per_type, {} if task.is_link else counts) if per_type else ""
    groups = "".join(_group(task, group, texts, options) for group in task.mistakes.groups)
    table = confusion_table(task.mistakes.confusion)
    return (
        f"<h2>{escape(task.title)}</h2><p>{task.mistakes.right:,} right, {len(task.mistakes.mistakes):,} mistakes</p>"
        f"{plot}<h3>Confusion</h3>{table}<h3>Mistakes</h3>{groups}"
    )


def _group(task: Task, group: str, texts: Sequence[str], options: Mapping[str, Any]) -> str:
    found = [mistake for mistake in task.mistakes.mistakes if mistake.group == group]
    rows = "".join(_mistake(mistake, texts[mistake.doc], task.is_link, options) for mistake in found[:MOST])
    more = note(f"{len(found) - MOST:,} more are in mistakes.jsonl.") if len(found) > MOST else ""
    meaning = f"<small>{escape(task.mistakes.groups[group])}</small>"
    return f"<details><summary><b>{escape(group)}</b> {len(found):,} {meaning}</summary><ul>{rows}</ul>{more}</details>"


def _mistake(mistake: Mistake, text: str, is_link: bool, options: Mapping[str, Any]) -> str:
    name = names_in(options, options.get("lang", "en"))

    def say(label: str) -> str:
        if not label:
            return "—"
        return f"{entity_link(label, options)} {escape(name(label))}" if is_link else f"<b>{escape(label)}</b>"

    before, after = text[max(mistake.start - AROUND, 0) : mistake.start], text[mistake.end : mistake.end + AROUND]
    words = f"{escape(before)}<mark>{escape(text[mistake.start : mistake.end])}</mark>{escape(after)}"
    more = f" <small>({escape(mistake.note)})</small>" if mistake.note else ""
    return f"<li>{words}<br>gold {say(mistake.gold)}, found {say(mistake.found)}{more}</li>"
