"""The web application, by starlette's test client."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import spacy
import spacy.cli
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)
from spacy_luke.cli import demo as cli_demo
from spacy_luke.demo import make_app

pytest.importorskip("starlette", reason="the page needs spacy-luke[demo]")
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx`")


def client_of(demo, **settings):
    from starlette.testclient import TestClient

    settings = {"base_url": "http://127.0.0.1:5000", **settings}
    return TestClient(make_app(demo), **settings)


@pytest.fixture
def client(linking):
    return client_of(linking)


def test_the_page_fetches_nothing_from_elsewhere(client):
    for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        reply = client.get(path)
        assert reply.status_code == 200 and reply.headers["content-type"].startswith(kind)
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert not re.search(r"https?://|url\(|@import|//[a-z]", re.sub(r"(?m)^//.*| // .*", "", reply.text))
    assert "<script>" not in client.get("/").text


def test_questions(client):
    assert client.get("/about").json()["max_chars"] == 100
    found = client.post(
        "/analyse", json={"text": "Tokyo is the capital of Japan", "layers": ["links"], "mode": "exact"}
    ).json()
    assert [step["entity"] for step in found["steps"]] in (["Q1", "Q3"], ["Q3", "Q1"])
    assert list(found["pictures"]) == ["links"]
    assert list(client.post("/analyse", json={"text": "a"}).json()["pictures"]) == ["entities", "links"]
    assert [each["id"] for each in client.post("/search", json={"query": "Japan"}).json()["entities"]] == ["Q3", "Q4"]
    assert client.post("/add", json={"id": "mine", "labels": {"en": "Kyoto"}}).json()["entities"] == 5
    assert [each["id"] for each in client.post("/search", json={"query": "kyoto"}).json()["entities"]] == ["mine"]


@pytest.mark.parametrize(
    ("path", "question", "code"),
    [
        ("/analyse", {"text": "x" * 101}, "LK737"),
        ("/analyse", {}, "LK737"),
        ("/analyse", {"text": "a", "layers": [{}]}, "LK737"),
        ("/analyse", [], "LK739"),
        ("/search", {"query": 3}, "LK737"),
        ("/add", {"id": "Q1"}, "LK3"),
        ("/add", {"id": "x", "other": 1}, "LK737"),
    ],
)
def test_what_is_refused(client, path, question, code):
    reply = client.post(path, json=question)
    assert reply.status_code == 400 and code in reply.json()["error"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 20_000, b""])
def test_what_is_no_json(client, body):
    reply = client.post("/search", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400 and "LK739" in reply.json()["error"]


def test_size_limit(client):
    reply = client.post("/analyse", content=b" " * 20_401, headers={"content-type": "application/json"})
    assert reply.status_code == 413 and "20,400 bytes" in reply.json()["error"]

    def parts():
        yield from [b" " * 1000] * 100

    reply = client.post("/analyse", content=parts(), headers={"content-type": "application/json"})  # no Content-Length
    assert reply.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_forms_of_other_sites_are_refused(client, kind):
    reply = client.post("/add", content=b'{"id": "mine"}', headers={"content-type": kind})
    assert reply.status_code == 415 and client.get("/about").json()["entities"] == 4


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:5000", 200), ("evil.example", 400), ("127.0.0.1.evil.example", 400)],
)
def test_other_host_names_are_refused(client, host, status):
    assert client.get("/about", headers={"host": host}).status_code == status
    assert client.post("/analyse", json={"text": "a"}, headers={"host": host}).status_code == status


def test_other_methods(client):
    assert client.get("/add").status_code == 405 and client.get("/../setup.cfg").status_code == 404


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch, tmp_path):
    """What uvicorn was told, and a pipeline to show."""
    pytest.importorskip("uvicorn", reason="the page needs spacy-luke[demo]")
    calls = []
    monkeypatch.setattr(cli_demo, "_server", lambda: lambda app, **settings: calls.append(settings))
    spacy.blank("en").to_disk(tmp_path / "blank")
    return calls, tmp_path / "blank"


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", "demo", *map(str, args)])


def test_this_machine_only(served):
    calls, pipeline = served
    result = run(pipeline, "--port", 58231)
    assert result.exit_code == 0, result.output
    assert calls[0]["host"] == "127.0.0.1" and calls[0]["port"] == 58231 and "Anyone" not in result.output
    assert "http://127.0.0.1:58231" in result.output
    assert "Anyone who reaches" in run(pipeline, "--host", "0.0.0.0", "--port", 58231).output.replace("\n", " ")


def test_command_errors(served, monkeypatch):
    result = run("no_such_pipeline")
    assert result.exit_code == 1 and "E050" in result.output and not served[0]
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run(served[1])
    assert result.exit_code == 1 and "LK736" in result.output and "pip install starlette uvicorn" in " ".join(result.output.split())


def test_without_starlette():
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "import spacy; from spacy_luke.demo import Demo, make_app\n"
        "try: make_app(Demo(spacy.blank('en')))\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LK736" in done.stdout
