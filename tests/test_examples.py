"""The scripts in examples/, run with a tiny encoder: what they print has the form that a user is to see."""

from __future__ import annotations

import re
import runpy
import warnings
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="examples/ is not part of the wheel")


@pytest.fixture
def printed(xlmr, capsys):
    """Runs the main function of an example, and returns the lines that it printed."""

    def run(name: str, *arguments, **settings) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about what so few Examples lack
            runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](str(xlmr), *arguments, **settings)
        return capsys.readouterr().out.splitlines()

    return run


def _losses(lines: list[str], name: str) -> list[float]:
    return [float(found[1]) for line in lines if (found := re.match(rf"step \d+: .*?{name} ([\d.]+)", line))]


def test_ner(printed):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    lines = printed("ner", steps=60)
    first, *_, last = _losses(lines, "loss")
    assert last < first
    (start,) = [row for row, line in enumerate(lines) if line.startswith("Entities: [")]
    for line in lines[start + 1 :]:
        assert re.fullmatch(r"  \S+ (DISH|FOOD|DRINK) [01]\.\d\d", line)


def test_linking(printed, tmp_path):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    lines = printed("linking", tmp_path / "kb", steps=20)
    assert lines[0] == "3 entities, 5 aliases"
    first, *_, last = _losses(lines, "loss")
    assert last < first
    assert sum(bool(re.match(r"松本 -> (city|writer|NIL) \((city|writer) ", line)) for line in lines) == 4
    workshop = [line for line in lines if line.startswith("山田楽器")]
    assert len(workshop) == 2
    assert workshop[0] == "山田楽器 -> NIL (NIL 1.00)"
    assert "(workshop " in workshop[1]


def test_relations(printed):
    lines = printed("relations", steps=60)
    first, *_, last = _losses(lines, "loss")
    assert last < first
    for line in lines:
        if "--" in line:
            assert re.fullmatch(r"Ida Moen -- (works_for|founded) --> Fjordlab [01]\.\d\d", line)


def test_entity_types(printed):
    lines = printed("entity_types", steps=60)
    assert "'/person'" in lines[0] and "'/location/city'" in lines[0]
    first, *_, last = _losses(lines, "loss")
    assert last < first
    assert lines[-2].startswith("Ella Thorn {") and lines[-1].startswith("Italy {")


def test_joint(printed):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    lines = printed("joint", steps=60)
    for pipe in ("luke_ner", "luke_linker", "luke_relations", "luke_typing"):
        first, *_, last = _losses(lines, pipe)
        assert last < first, pipe
    ents = [line for line in lines if re.match(r"\S+ (LOC|PERSON) (\w+|NIL) \[", line)]
    assert len(ents) + sum(" --> " in line for line in lines) == len(lines) - 4  # four lines of losses
