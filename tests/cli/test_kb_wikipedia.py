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


def test_a_dump_that_says_another_language_than_its_folder(tmp_path):
    """As DBpedia's mini dumps do: all of them say that they are English."""
    (tmp_path / "ja").mkdir()
    path = tmp_path / "ja" / "wiki.xml"
    path.write_text(dump(page("ベルリン", "[[ドイツ]]の首都。"), language="en"), encoding="utf8")

    def run(out: str, source: str) -> tuple[str, str]:
        result = CliRunner().invoke(luke_cli, [*COMMAND, str(tmp_path / out), source, "-w", "1"])
        assert result.exit_code == 0, result.output
        return MMapKB.open(Vocab(), tmp_path / out).get_entity_strings()[0], " ".join(result.output.split())

    id, said = run("one", str(path))
    assert id == "en:ベルリン" and "language en" in said and "folder says ja" in said and f"ja={path}" in said
    id, said = run("two", f"ja={path}")
    assert id == "ja:ベルリン" and "English" not in said
    right = tmp_path / "ja" / "jawiki-20240101.xml"
    right.write_text(dump(page("ベルリン", "[[ドイツ]]の首都。"), language="ja"), encoding="utf8")
    assert "English" not in run("three", str(right))[1]
    wrong = tmp_path / "dewiki-20240101.xml"
    wrong.write_text(dump(page("Berlin", "[[Land]]"), language="en"), encoding="utf8")
    assert "name says de" in run("four", str(wrong))[1]
    no_language = tmp_path / "smallwiki-latest-pages-articles.xml"
    no_language.write_text(dump(page("Berlin", "[[Land]]"), language="de"), encoding="utf8")
    assert "says small" not in run("five", str(no_language))[1]


def test_the_help_says_when_a_language_is_needed():
    said = CliRunner().invoke(luke_cli, [*COMMAND, "--help"], env={"COLUMNS": "200"}).output
    assert "ja=PATH" in said and "DBpedia" in said
