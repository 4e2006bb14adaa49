"""What the README says, run."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.cli import app
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Config
from typer.testing import CliRunner

from spacy_luke.kb.loaders import build_mmap_kb_v1 as load_kb

from . import commands, pages
from .tiny import ner_config

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="the README is not part of the wheel")


def _blocks(language):
    return [block.code for block in pages.blocks(ROOT / "README.md", language)]


@pytest.fixture
def folder(xlmr, tmp_path, monkeypatch):
    """A working directory with a directory `encoder`, as the README has it."""
    (tmp_path / "encoder").symlink_to(xlmr)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ten_lines_of_python(folder, capsys):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    code = _blocks("python")[0]
    assert "range(60)" in code
    exec(code.replace("range(60)", "range(400)"), {})  # the tiny encoder of the tests knows nothing
    assert re.search(r"(PERSON|LOC) 0\.\d", capsys.readouterr().out)


def test_a_knowledge_base_and_new_entities(folder, capsys):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    gold = spacy.blank("ja")("京都は古い。")
    gold.ents = [gold.char_span(0, 2, "LOC", kb_id="Q34600")]
    Path("corpus").mkdir()
    DocBin(docs=[gold]).to_disk("corpus/train.spacy")
    line = re.search(r"`(\{\"id\": \"Q17\".*?\})`", (ROOT / "README.md").read_text(encoding="utf8"), re.DOTALL)[1]
    Path("entities.jsonl").write_text(line.replace("\n", " ") + "\n", encoding="utf8")
    commands = re.findall(r"python -m spacy (luke kb (?:build|embed) .*)", "\n".join(_blocks("bash")))
    assert len(commands) == 2
    spacy.registry.cli.get_all()
    for command in commands:
        result = CliRunner().invoke(app, command.split())
        assert result.exit_code == 0, result.output
    nlp = spacy.blank("ja")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "LOC", "pattern": "京都"}, {"label": "ORG", "pattern": "山田楽器"}])
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": {"name": "encoder"}}})
    example = Example(nlp.make_doc(gold.text), gold)
    kb = load_kb("kb")
    with pytest.warns(UserWarning, match="LKW513"):  # an entity that is known by its links only has no vector
        linker.initialize(lambda: [example], nlp=nlp, kb_loader=kb)
    Path("training").mkdir()
    nlp.to_disk("training/both")
    capsys.readouterr()
    exec(_blocks("python")[1], {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("京都 ") and "'Q34600': " in lines[0]
    assert lines[1].startswith("山田楽器 ") and "'my-1': " in lines[1]


def test_relations_and_types(folder, capsys):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    Path("corpus").mkdir()
    exec(_blocks("python")[2], {})
    expected = ["山田太郎 works_in 京都 1.0", "山田太郎 {'/person': 1.0}", "京都 {'/location': 1.0, '/location/city': 1.0}"]
    assert capsys.readouterr().out.splitlines() == expected
    (doc,) = DocBin().from_disk("corpus/related_train.spacy").get_docs(spacy.blank("ja").vocab)
    assert [(str(r.head), r.label, str(r.tail)) for r in doc._.relations] == [("山田太郎", "works_in", "京都")]


def test_the_conversions(folder):
    commands = re.findall(r"python -m spacy (luke convert .*?) +#", "\n".join(_blocks("bash")))
    assert len(commands) == 2
    spacy.registry.cli.get_all()  # as `python -m spacy` does
    for command in commands:
        arguments = command.replace("SOURCE encoder", "encoder converted").split()
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
    from transformers import LukeModel

    assert LukeModel.from_pretrained("OUT").config.hidden_size == 32


def test_the_shared_encoder(folder):
    (block,) = _blocks("ini")
    config = Config().from_str("[components]\n\n[components.luke_ner]\n\n[components.luke_ner.model]\n\n" + block)["components"]
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": config["luke"]["model"]})
    listener = config["luke_ner"]["model"]["encoder"]
    pipe = nlp.add_pipe("luke_ner", config=ner_config("", model={"encoder": listener}))
    pipe.add_label("X")
    nlp.initialize()
    assert nlp.get_pipe("luke").listening_components == ["luke_ner"]
    nlp("Tokyo")


def _settings() -> list[list[tuple[str, str]]]:
    """(name, default) of each table of settings."""
    text = (ROOT / "README.md").read_text(encoding="utf8")
    tables = re.findall(r"^\| setting \| default.*?\n\n", text, re.MULTILINE | re.DOTALL)
    return [re.findall(r"^\| `([\w.]+)` \| ([^|]+?) \|", table, re.MULTILINE) for table in tables]


def test_the_settings_are_those_of_the_config():
    of_ner, of_linker = _settings()
    assert (len(of_ner), len(of_linker)) == (7, 5)
    config = Config().from_disk(ROOT / "configs" / "ner.cfg", interpolate=False)
    for name, default in of_ner:
        value = config if name.startswith("training") else config["components"]["luke_ner"]
        for part in name.split("."):
            value = value[part]
        if name == "training.optimizer":
            value = value["@optimizers"].split(".")[1]
        assert default == {None: "null"}.get(value, str(value))
    defaults = spacy.blank("en").get_factory_meta("luke_linker").default_config
    for name, default in of_linker:
        value = defaults[name]
        if isinstance(value, dict):
            value = f"`{value['@misc']}`"
        assert default == {None: "null"}.get(value, str(value))


def test_links_lead_to_files():
    text = (ROOT / "README.md").read_text(encoding="utf8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_shell_commands_are_ones_that_exist():
    found = [command for code in _blocks("bash") for command in pages.shell_commands(code)]
    assert len(found) > 10
    for command in found:
        commands.check(command)


# --- the Japanese README -----------------------------------------------------------------------------

_CODE = r"(?<!`)`([^`]+)`(?!`)"


def _written(name: str) -> str:
    """Without what `python -m spacy project document` writes into README.md."""
    return re.sub(r"<!-- WEASEL: .*? DOCS END [^\n]*\n+", "", pages.read(ROOT / name), flags=re.DOTALL)


def _sections(name: str) -> list[str]:
    return re.split(r"^## ", _written(name), flags=re.MULTILINE)


def _facts(section: str) -> dict[str, Counter]:
    """What must be the same in both languages: inline code, links, and all numbers outside of blocks."""
    prose = re.sub(r"^```.*?^```", "", section, flags=re.MULTILINE | re.DOTALL)
    code = Counter(" ".join(found.split()) for found in re.findall(_CODE, prose))
    links = Counter(re.findall(r"\]\(([^)]+)\)", prose))
    text = re.sub(rf"{_CODE}|\]\([^)]+\)", " ", prose)
    text = re.sub(r"ten\s+minutes", "10 minutes", text)
    text = re.sub(r"(\d+) million", lambda found: f"{int(found[1]) * 100:,}", text)
    return {"code": code, "links": links, "numbers": Counter(re.findall(r"\d(?:[\d.,]*\d)?", text))}


def test_the_japanese_readme_says_the_same():
    english, japanese = _sections("README.md"), _sections("README.ja.md")
    japanese[0] = japanese[0].replace("[English](README.md)", "")
    english[0] = english[0].replace("[日本語](README.ja.md)", "")
    assert len(english) == len(japanese)
    for ours, theirs in zip(english, japanese):
        for kind, facts in _facts(ours).items():
            found = _facts(theirs)[kind]
            assert facts == found, f"{kind} of '{ours.splitlines()[0]}': {facts - found} and {found - facts}"


def test_the_japanese_readme_has_the_same_code():
    """But for comments."""
    english, japanese = ([b for b in pages.blocks(ROOT / name)] for name in ("README.md", "README.ja.md"))
    assert len(english) == len(japanese) > 8
    for ours, theirs in zip(english, japanese):
        assert ours.language == theirs.language
        if ours.language == "bash":
            assert pages.shell_commands(ours.code) == pages.shell_commands(theirs.code)
        else:
            assert ours.code == theirs.code


def test_the_japanese_readme_has_the_same_tables():
    english, japanese = (re.findall(r"^\|.*$", _written(n), re.MULTILINE) for n in ("README.md", "README.ja.md"))
    assert len(english) == len(japanese) > 20
    for ours, theirs in zip(english, japanese):
        ours, theirs = ([re.findall(_CODE, cell) for cell in line.split("|")] for line in (ours, theirs))
        assert list(map(sorted, ours)) == list(map(sorted, theirs))
    defaults = [re.findall(r"^\| `[\w.]+` \| ([^|]+) \| [^|]+\|$", "\n".join(lines), re.MULTILINE) for lines in (english, japanese)]
    assert defaults[0] == defaults[1]
