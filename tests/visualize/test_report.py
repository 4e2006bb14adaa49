"""Plots, confusion tables and the page of `luke evaluate`."""

from __future__ import annotations

import re

from spacy_luke.mistakes import Mistakes
from spacy_luke.visualize.plots import confusion_table, score_plot
from spacy_luke.visualize.report import Task, report

from .docs import IMAGE, LINK, QUOTE, SCRIPT
from .reader import ATTRIBUTES, ELEMENTS, Reader


def scores(p, r, f):
    return {"p": p, "r": r, "f": f}


def test_bars_are_as_long_as_scores():
    html = score_plot({"A": scores(0.5, 1.0, 2 / 3), "B": scores(0.0, 0.25, None)}, {"A": 3, "B": 5})
    assert re.findall(r'width="([\d.]+)" height="8"', html) == ["0.0", "105.0", "0.0", "210.0", "420.0", "280.0"]
    assert "F1 0.667, 3 gold" in html and html.index(">B<") < html.index(">A<")  # the more frequent one first


def test_of_many_labels_the_most_frequent_are_shown():
    html = score_plot({f"L{i}": scores(1, 1, 1) for i in range(100)}, {f"L{i}": i for i in range(100)})
    assert ">L99<" in html and ">L39<" not in html and "40 less frequent labels" in html


def cells(html: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_confusion_rows_are_gold():
    html = confusion_table({("A", "A"): 3, ("A", "B"): 1, ("B", ""): 2, ("", "B"): 4})
    assert cells(html) == [
        ["gold ↓ found →", "A", "B", "—"],
        ["A", "3", "1", ""],
        ["B", "", "", "2"],
        ["—", "", "4", ""],
    ]


def test_rare_labels_are_taken_together():
    confusion = {(f"L{i:02}", f"L{i:02}"): 100 - i for i in range(40)} | {("L39", "L38"): 1}
    rows = cells(confusion_table(confusion))
    assert len(rows) == 27 and rows[-1][0] == "(others)"
    assert sum(int(cell.replace(",", "") or 0) for row in rows[1:] for cell in row[1:]) == sum(confusion.values())


def page_of_one(mistakes, texts, **settings):
    task = Task("Entities", "ents_per_type", mistakes, **settings)
    return report(
        "a on b", {"ents_f": 0.5, "speed": 1234.5, "ents_per_type": None, "token_acc": 1.0}, [task], texts, {}
    )


def test_mistakes_with_their_context():
    mistakes = Mistakes({"missed": "not found", "type": "wrong"}, right=7)
    text = "x" * 100 + "Tokyo" + "y" * 100
    mistakes.add("missed", 1, (100, 105), "LOC", "", note="why")
    for _ in range(60):
        mistakes.add("type", 1, (100, 105), "LOC", "ORG")
    read = Reader(page_of_one(mistakes, ["", text]))
    assert "7 right, 61 mistakes" in read.text and "1,234 words/s" in read.text and "0.5000" in read.text
    assert "x" * 60 + "Tokyo" + "y" * 60 in read.text and "x" * 61 not in read.text
    assert (
        "gold LOC, found — (why)" in read.text and read.text.count("found ORG") == 50 and "10 more are in" in read.text
    )


def test_nothing_runs():
    for label in (SCRIPT, IMAGE, QUOTE, LINK):
        mistakes = Mistakes({label: label})
        mistakes.confusion[label, ""] = mistakes.confusion["", label] = 1
        mistakes.add(label, 0, (0, len(label)), label, label, label)
        for is_link in (True, False):
            task = Task(label, "ents_per_type", mistakes, is_link=is_link)
            options = {"lang": label, "kb_url_template": "https://x/{}" + label}
            found = {label: 0.5, "ents_per_type": {label: scores(1, 1, 1)}}
            read = Reader(report(label, found, [task], [label * 2], options))
            assert read.elements <= ELEMENTS and read.attributes <= ATTRIBUTES and not read.open
            assert read.text.count(label) >= 10 and not any(link.startswith("javascript") for link in read.links)


def test_without_tasks():
    assert "no" in page_of_one(Mistakes({}), []) and "None of the pipes" in report("a", {}, [], [], {})
