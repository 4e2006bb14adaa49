"""Scores per label and confusion, as SVG and HTML without a plotting library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .html import FONT, escape, note

COLORS = {"p": "#9fd3ff", "r": "#ffc2a8", "f": "#2f7d4f"}
NAMES = {"p": "precision", "r": "recall", "f": "F1"}
MOST_LABELS, MOST_CONFUSED = 60, 25  # rows shown
OTHERS = "(others)"


def score_plot(scores: Mapping[str, Mapping[str, float]], counts: Mapping[str, int]) -> str:
    """Precision, recall and F1 of each label, as bars. counts: how often gold has a label; the most frequent come first."""
    labels = sorted(scores, key=lambda label: (-counts.get(label, 0), label))
    shown = labels[:MOST_LABELS]
    left, width, line, group = 220, 420, 9, 36
    height = group * len(shown) + 24
    drawn = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = left + tick * width
        drawn.append(f'<path d="M{x},0 V{height - 18}" stroke="#ddd"/>')
        drawn.append(f'<text x="{x}" y="{height - 4}" text-anchor="middle" style="font-size: 11px">{tick:g}</text>')
    for row, label in enumerate(shown):
        y, values = row * group, scores[label]
        name = escape(label if len(label) <= 24 else label[:23] + "…")
        drawn.append(f'<text x="{left - 8}" y="{y + 19}" text-anchor="end"><title>{escape(label)}</title>{name}</text>')
        for place, kind in enumerate("prf"):
            value = values[kind] or 0.0
            size = f'x="{left}" y="{y + 4 + place * line}" width="{value * width:.1f}" height="{line - 1}"'
            drawn.append(f'<rect {size} fill="{COLORS[kind]}"><title>{NAMES[kind]} {value:.3f}</title></rect>')
        count = f"F1 {values['f'] or 0.0:.3f}" + (f", {counts[label]:,} gold" if label in counts else "")
        drawn.append(f'<text x="{left + width + 8}" y="{y + 19}" style="font-size: 12px">{count}</text>')
    box = f'width="{left + width + 160}" height="{height}" viewBox="0 0 {left + width + 160} {height}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box} style="font: 14px {FONT}">{"".join(drawn)}</svg>'
    more = note(f"{len(labels) - len(shown)} less frequent labels are not shown.") if len(labels) > len(shown) else ""
    return f'<div style="overflow-x: auto">{svg}</div><p>{_legend()}</p>{more}'


def _legend() -> str:
    square = '<span style="display: inline-block; width: 0.8em; height: 0.8em; background: {}"></span> {}'
    return " &nbsp; ".join(square.format(COLORS[kind], NAMES[kind]) for kind in "prf")


def confusion_table(confusion: Mapping[tuple[str, str], int], *, nothing: str = "—") -> str:
    """Rows are gold, columns what was found; nothing: how the empty label is written. Of many labels, the most
    frequent ones."""
    counts: Counter[str] = Counter()
    for (gold, found), n in confusion.items():
        counts.update({label: n for label in (gold, found) if label})
    kept = {label for label, _ in counts.most_common(MOST_CONFUSED)}
    merged: Counter[tuple[str, str]] = Counter()
    for (gold, found), n in confusion.items():
        gold, found = (label if label in kept or not label else OTHERS for label in (gold, found))
        merged[gold, found] += n
    rows, columns = (_axis({pair[side] for pair, n in merged.items() if n}) for side in (0, 1))
    head = "".join(f'<th style="{_CELL}">{escape(found or nothing)}</th>' for found in columns)
    body = "".join(_row(gold, columns, merged, nothing) for gold in rows)
    return (
        '<div style="overflow-x: auto"><table class="confusion" style="border-collapse: collapse">'
        f'<tr><th style="{_CELL}">gold ↓ found →</th>{head}</tr>{body}</table></div>'
    )


_CELL = "border: 1px solid #ddd; padding: 0.2rem 0.5rem; text-align: right; font-size: 0.85rem"


def _axis(labels: set[str]) -> list[str]:
    """In alphabetical order, others and nothing last."""
    return sorted(labels, key=lambda label: (label == "", label == OTHERS, label))


def _row(gold: str, columns: list[str], counts: Mapping[tuple[str, str], int], nothing: str) -> str:
    total = sum(counts[gold, found] for found in columns)
    cells = []
    for found in columns:
        n = counts[gold, found]
        color = "47, 125, 79" if gold == found and gold != OTHERS else "200, 80, 60"
        shade = f"; background: rgba({color}, {0.1 + 0.6 * n / total:.2f})" if n else ""
        cells.append(f'<td style="{_CELL}{shade}">{f"{n:,}" if n else ""}</td>')
    return f'<tr><th style="{_CELL}">{escape(gold or nothing)}</th>{"".join(cells)}</tr>'
