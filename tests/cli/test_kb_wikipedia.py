from __future__ import annotations

from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_luke.cli import luke_cli
from spacy_luke.cli.kb_wikipedia import source
from spacy_luke.kb.mmap_kb import MMapKB

from ..kb.wikipedia.dumps import dump, page

COMMAND = ["kb", "from-wikipedia"]


def test_the_command_builds_and_reports(tmp_path):
    (tmp_path / "a.xml").write_text(dump(page("Rome", "[[Rome]]s are more than one."), "<page>"), encoding="utf8")
    result = CliRunner().invoke(luke_cli, [*COMMAND, str(tmp_path / "kb"), f"zz={tmp_path / 'a.xml'}", "-w", "1"])
    assert result.exit_code == 0, result.output
    assert "1 entities with 2 aliases" in result.output
    assert "1 broken pages, skipped" in result.output
    kb = MMapKB.open(Vocab(), tmp_path / "kb")
    assert kb.entity_ids(kb.look_up(["Romes"]).entities) == ["zz:Rome"]
    assert kb.info("zz:Rome")["description"] == "Romes are more than one."


def test_an_error_is_shown_without_a_traceback(tmp_path):
    result = CliRunner().invoke(luke_cli, [*COMMAND, str(tmp_path / "kb"), str(tmp_path / "no.xml")])
    assert result.exit_code == 1 and "LK361" in result.output


def test_the_language_of_a_file(tmp_path, monkeypatch):
    assert [str(part) for part in source("zh-yue=a=b.xml")] == ["a=b.xml", "zh-yue"]
    assert source("Ja=b.xml")[1] is None and source("b.xml")[1] is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ja=x.xml").touch()
    assert str(source("ja=x.xml")[0]) == "ja=x.xml"
