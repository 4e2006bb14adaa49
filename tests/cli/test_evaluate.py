"""python -m spacy luke evaluate"""

from __future__ import annotations

import json

import pytest
import spacy
import spacy.cli
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.cli.evaluate import evaluate, read_examples

from ..joint import TRAIN, gold_doc, joint, train
from ..visualize.reader import ATTRIBUTES, ELEMENTS, Reader

WRONG = (
    "Tokyo is the capital of Japan",  # known by heart, here with other gold
    [(0, 5, "ORG", "Q2", "city"), (13, 20, "LOC", "Q9", "place"), (24, 29, "LOC", "Q3", "place country")],
    [(2, "capital_of", 0)],
)


@pytest.fixture(scope="module")
def pipeline(xlmr, tmp_path_factory):
    nlp, examples = joint(xlmr)
    train(nlp, examples, steps=60)
    path = tmp_path_factory.mktemp("joint") / "four"
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    nlp = spacy.blank("en")
    DocBin(docs=[gold_doc(nlp, *row) for row in TRAIN]).to_disk(path / "right.spacy")
    DocBin(docs=[gold_doc(nlp, *row) for row in (*TRAIN, WRONG)]).to_disk(path / "wrong.spacy")
    return path


def run(*args):
    result = CliRunner().invoke(spacy.cli.app, ["luke", "evaluate", *map(str, args)])
    return result.exit_code, " ".join(result.output.split())


def flat(scores) -> list[float]:
    """The numbers in a score or in scores per type."""
    return [number for each in scores.values() for number in flat(each)] if isinstance(scores, dict) else [scores]


def test_all_is_right(pipeline, data, tmp_path):
    code, output = run(pipeline, data / "right.spacy", "-o", tmp_path / "report")
    assert code == 0, output
    scores = json.loads((tmp_path / "report" / "scores.json").read_text())
    names = ("ents_f", "nel_micro_f", "nel_with_nil_f", "rel_micro_f", "types_micro_f")
    assert [scores[name] for name in names] == [1.0] * 5
    assert {task: sum(groups.values()) for task, groups in scores["mistakes"].items()} == dict.fromkeys(
        ("Entities", "Links", "Relations", "Types"), 0
    )
    assert (tmp_path / "report" / "mistakes.jsonl").read_text() == ""


def test_what_is_wrong(pipeline, data, tmp_path):
    code, output = run(
        pipeline, data / "wrong.spacy", "-o", tmp_path / "a" / "report", "--url", "https://kb.example/{}"
    )
    assert code == 0 and "Links: 6 right" in output, output
    scores = json.loads((tmp_path / "a" / "report" / "scores.json").read_text())
    nlp = spacy.load(pipeline)
    expected = nlp.evaluate(list(spacy.training.Corpus(data / "wrong.spacy")(nlp)))
    assert scores.keys() - {"mistakes"} == expected.keys()
    for key in expected.keys() - {"speed"}:
        values = (flat(scores[key]), flat(expected[key]))
        assert values[0] == pytest.approx(values[1], abs=1e-6), key
    found = {task: {group: n for group, n in groups.items() if n} for task, groups in scores["mistakes"].items()}
    assert found == {
        "Entities": {"type": 1, "missed": 1},
        "Links": {"missed mention": 1, "wrong entity": 1},
        "Relations": {"direction": 1},
        "Types": {"mention": 1, "spurious": 1},
    }
    lines = [json.loads(line) for line in (tmp_path / "a" / "report" / "mistakes.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines if line["task"] == "Entities"] == ["Tokyo", "capital"]
    read = Reader((tmp_path / "a" / "report" / "index.html").read_text(encoding="utf8"))
    assert read.elements <= ELEMENTS and read.attributes <= ATTRIBUTES and not read.open
    assert "https://kb.example/Q9" in read.links and "four on wrong.spacy" in read.text


def test_on_gold_mentions(pipeline, data):
    nlp = spacy.load(pipeline)
    examples = read_examples(nlp, data / "wrong.spacy", gold_mentions=True)
    scores, tasks = evaluate(nlp, examples, gold_mentions=True)
    assert [task.title for task in tasks] == ["Links", "Relations", "Types"] and "ents_f" not in scores
    assert tasks[0].mistakes.counts()["missing candidate"] == 1  # Q9, whose mention is given now
    assert nlp.pipe_names[1] == "luke_ner"  # all pipes are back


def test_only_what_gold_and_pipeline_have(data, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Tokyo"}])
    nlp.to_disk(tmp_path / "rules")
    code, output = run(tmp_path / "rules", data / "right.spacy", "-o", tmp_path / "report")
    assert code == 0 and "Entities: 2 right" in output and "Links" not in output
    DocBin(docs=[nlp.make_doc("nothing is annotated")]).to_disk(tmp_path / "none.spacy")
    code, output = run(tmp_path / "rules", tmp_path / "none.spacy", "-o", tmp_path / "report")
    assert code == 0 and "None of the pipes" in output


@pytest.mark.parametrize(("name", "code"), [("gone.spacy", "LK735"), ("empty", "LK735"), ("broken.spacy", "LK734")])
def test_data_that_cannot_be_read(tmp_path, name, code):
    spacy.blank("en").to_disk(tmp_path / "blank")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.spacy").write_bytes(b"no DocBin")
    exit_code, output = run(tmp_path / "blank", tmp_path / name, "-o", tmp_path / "report")
    assert exit_code == 1 and code in output and not (tmp_path / "report").exists()


def test_no_such_pipeline(data, tmp_path):
    code, output = run("no_such_pipeline", data / "right.spacy", "-o", tmp_path / "report")
    assert code == 1 and "E050" in output
