"""python -m spacy luke show"""

from __future__ import annotations

import pytest
import spacy
import spacy.cli
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)

from ..joint import joint


@pytest.fixture(scope="module")
def pipeline(xlmr, tmp_path_factory):
    """Directory of a pipeline of all four, untrained, with entities by rules."""
    nlp, _ = joint(xlmr)
    ruler = nlp.add_pipe("entity_ruler", after="luke_ner", config={"overwrite_ents": True})
    ruler.add_patterns([{"label": "LOC", "pattern": name} for name in ("Tokyo", "Japan", "東京")])
    path = tmp_path_factory.mktemp("joint")
    nlp.to_disk(path)
    return path


@pytest.fixture
def show(pipeline, tmp_path):
    """Runs the command. RETURNS: exit code, what it printed, the page."""
    out = tmp_path / "new" / "out.html"

    def run(source, *args, pipeline=pipeline):
        result = CliRunner().invoke(spacy.cli.app, ["luke", "show", str(pipeline), str(source), "-o", str(out), *args])
        return (
            result.exit_code,
            " ".join(result.output.split()),
            out.read_text(encoding="utf8") if out.is_file() else "",
        )

    return run


def test_a_text_in_all_styles(show):
    code, output, page = show("Tokyo is in Japan <b>")
    assert code == 0 and "Drew 1 text in" in output
    assert [page.count(f"<h2>{title}</h2>") for title in ("Entities", "Types", "Relations", "Candidates")] == [1] * 4
    assert "Tokyo" in page and "www.wikidata.org/wiki/Q" in page and "&lt;" in page and "<b>" not in page


def test_chosen_styles_and_links(show):
    code, _, page = show("Tokyo is in Japan", "-s", "candidates", "--url", "https://kb.example/{}")
    assert code == 0 and "<h2>Entities" not in page
    assert page.count("https://kb.example/Q") == 4 and "wikidata" not in page


def test_files(show, tmp_path):
    (tmp_path / "a.md").write_bytes("\ufeff東京 and Tokyo".encode())
    code, _, page = show(tmp_path / "a.md")
    assert code == 0 and "東京" in page and "\ufeff" not in page
    blank = spacy.blank("en")
    docs = [blank("Tokyo"), blank("in Japan")]
    docs[1].ents = [docs[1].char_span(0, 2, label="GOLD")]
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    code, output, page = show(tmp_path / "a.spacy")
    assert code == 0 and "2 texts" in output and "GOLD" not in page and page.count("<h2>Entities") == 2


def test_a_text_longer_than_a_name(show):
    assert show("x" * 300)[0] == 0


def test_a_pipeline_of_spacy(show, tmp_path):
    nlp = spacy.blank("ja")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "東京"}])
    nlp.to_disk(tmp_path / "ja")
    code, _, page = show("東京に行く", pipeline=tmp_path / "ja")
    assert code == 0 and page.count("<h2>") == 1 and '<html lang="ja"' in page


@pytest.mark.parametrize(("source", "message"), [("none/such", "LK733"), ("gone.txt", "LK733")])
def test_no_such_file(show, source, message):
    code, output, page = show(source)
    assert code == 1 and message in output and not page


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"\xff\xfe\x00"), ("a.spacy", b"no DocBin"), ("b.spacy", b"")])
def test_files_that_cannot_be_read(show, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    code, output, page = show(tmp_path / name)
    assert code == 1 and "LK734" in output and not page


def test_no_such_pipeline(show):
    code, output, _ = show("Tokyo", pipeline="no_such_pipeline")
    assert code == 1 and "E050" in output
