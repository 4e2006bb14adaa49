"""The pages of docs/: every block of code is run or checked, tables are those of the code, links lead somewhere."""

from __future__ import annotations

import html
import inspect
import io
import json
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import spacy
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from spacy.util import registry
from thinc.api import Config

from spacy_luke.errors import Errors, Warnings

from . import commands, joint
from .pages import ROOT, Block, blocks, read, shell_commands, tables

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md")) if DOCS.is_dir() else []
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES]
pytestmark = pytest.mark.skipif(not PAGES, reason="docs/ is not part of the wheel")

# py: a script that is included, tests/test_examples.py runs it
LANGUAGES = {"python", "py", "bash", "ini", "json", "jsonl", "yaml", "text"}


@pytest.fixture(scope="module")
def trained(xlmr, tmp_path_factory):
    """A Japanese pipeline of one tiny encoder and all pipes, and its gold Docs."""
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    folder = tmp_path_factory.mktemp("trained")
    nlp, examples = joint.joint(xlmr, "ja", joint.TRAIN_JA)
    joint.train(nlp, examples, 2)
    nlp.to_disk(folder / "pipeline")
    DocBin(docs=[eg.reference for eg in examples]).to_disk(folder / "gold.spacy")
    return folder


@pytest.fixture
def folder(xlmr, trained, tmp_path, monkeypatch):
    """A working directory as the pages have it: the repository, an encoder, a corpus, a trained pipeline."""
    for name in ("configs", "assets", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "encoder").symlink_to(xlmr)
    (tmp_path / "corpus").mkdir()
    for part in ("train", "dev", "test"):
        (tmp_path / "corpus" / f"{part}.spacy").symlink_to(trained / "gold.spacy")
    (tmp_path / "training").mkdir()
    shutil.copytree(trained / "pipeline", tmp_path / "training" / "model-best")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_the_code_of_a_page(name, request):
    page = DOCS / name
    found = blocks(page)
    assert {block.language for block in found} <= LANGUAGES, name
    if not found:
        return
    request.getfixturevalue("folder")
    namespace, printed = {}, ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about what tiny corpora lack
        for block in found:
            try:
                printed = _do(block, namespace, printed)
            except BaseException as error:
                raise AssertionError(f"{page}, line {block.line}: {type(error).__name__}: {error}") from error


def _do(block: Block, namespace: dict, printed: str) -> str:
    """Run or check a block. RETURNS: what the last Python block or command printed."""
    kind, *value = block.mark or [""]
    if kind == "file":
        Path(value[0]).write_text(block.code, encoding="utf8")
    if block.language == "python":
        return _run_python(block, namespace)
    if block.language == "bash":
        act = commands.run if kind == "run" else commands.check
        return "".join(act(command) or "" for command in shell_commands(block.code))
    if block.language == "ini":
        _check_config(block.code, value[0] if kind == "into" else None)
    elif block.language == "json":
        json.loads(block.code)
    elif block.language == "jsonl":
        assert [json.loads(line) for line in block.code.splitlines()]
    elif kind == "output":
        assert block.code.strip() == printed.strip()
    return printed


def _run_python(block: Block, namespace: dict) -> str:
    code, output = block.code, io.StringIO()
    if block.mark[:1] == ["steps"]:
        assert "range(60)" in code
        code = code.replace("range(60)", f"range({block.mark[1]})")
    with redirect_stdout(output):
        exec(compile("\n" * (block.line - 1) + code, "<page>", "exec"), namespace)
    return output.getvalue()


def _check_config(code: str, base: str | None) -> None:
    """Builds the pipeline and the training of a config: every name, setting and type in it is looked at."""
    config = Config()
    if base is not None:
        fragment = Config().from_str(_with_parents(code), interpolate=False)
        config = _merged(Config().from_disk(ROOT / base, interpolate=False), fragment)
    else:
        config = Config().from_str(code, interpolate=False)
    config["paths"] = {name: value or "training/model-best" for name, value in config.get("paths", {}).items()}
    config = Config().from_str(config.to_str())  # variables
    for pipe in config["components"].values():
        if "source" in pipe:
            pipe["source"], config["nlp"]["lang"] = "training/model-best", "ja"
    nlp = spacy.util.load_model_from_config(config, auto_fill=True, validate=True)
    full = nlp.config.interpolate()
    registry.resolve(full["training"], schema=ConfigSchemaTraining)
    for reader in (full["training"]["train_corpus"], full["training"]["dev_corpus"]):
        assert reader.split(".")[1] in full["corpora"]
    registry.resolve(full["corpora"])


def _with_parents(code: str) -> str:
    """A part of a config with the sections that its sections are in, which a page need not show."""
    _, *parts = re.split(r"^\[([\w.]+)\]$", code, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2]))
    for name in list(sections):
        for n in range(1, name.count(".") + 1):
            sections.setdefault(".".join(name.split(".")[:n]), "\n")
    return "\n".join(f"[{name}]{body}" for name, body in sorted(sections.items(), key=lambda item: item[0].count(".")))


def _merged(base: dict, new: dict) -> Config:
    """`new` over `base`; a block with another registered function replaces the one that is there."""
    for key, value in new.items():
        old = base.get(key)
        names = [{name for name in block if name.startswith("@")} for block in (old, value) if isinstance(block, dict)]
        if len(names) == 2 and not (names[1] and any(old.get(n) != value[n] for n in names[1])):
            _merged(old, value)
        else:
            base[key] = value
    return base


@pytest.mark.parametrize("name", [name for name in NAMES if tables(DOCS / name)])
def test_the_tables_of_a_page(name):
    for kind, pipe, rows in tables(DOCS / name):
        nlp = spacy.blank("en")
        if kind == "scores":
            given = nlp.add_pipe(pipe).score([])
            for row in rows:
                for score in re.findall(r"`(\w+)`", row[0]):
                    assert score in given, f"{name}: {pipe} gives no {score}"
            continue
        defaults = nlp.get_factory_meta(pipe).default_config
        named = [re.fullmatch(r"`([\w.]+)`", row[0])[1] for row in rows]
        assert {key.split(".")[0] for key in named} == set(defaults) - {"scorer"}, f"{name}: settings of {pipe}"
        for setting, row in zip(named, rows):
            assert row[1] == _shown(_default(defaults, setting)), f"{name}: {setting} of {pipe}"


def _default(value, setting: str):
    """The default of model.encoder.dtype: in the factory's config, or of the argument of the registered function."""
    for part in setting.split("."):
        if part not in value:
            ((kind, function),) = [(k[1:], v) for k, v in value.items() if k.startswith("@")]
            value = {part: inspect.signature(registry.get(kind, function)).parameters[part].default}
        value = value[part]
    return value


def _shown(value) -> str:
    """A default as a table has it."""
    if isinstance(value, dict):
        names = [name for key, name in value.items() if key.startswith("@")]
        return f"`{names[0]}`" if names else "{}"
    return json.dumps(value) if not isinstance(value, str) else value


def test_no_block_is_overlooked():
    for name in NAMES:
        fences = len(re.findall(r"^ *```", read(DOCS / name), re.MULTILINE))
        marks = len(re.findall(r"<!-- test: ", read(DOCS / name)))
        assert 2 * len(blocks(DOCS / name)) == fences, name
        assert sum(bool(block.mark) for block in blocks(DOCS / name)) + len(tables(DOCS / name)) == marks, name


def test_every_error_has_an_entry():
    sys.path.insert(0, str(DOCS))
    try:
        from hooks import entries
    finally:
        sys.path.pop(0)
    page = entries()
    codes = [name for messages in (Errors, Warnings) for name in vars(messages) if name.startswith("LK")]
    assert len(codes) > 100
    headings = re.findall(r"^### (LKW?\d+) ", page, re.MULTILINE)
    assert sorted(headings) == sorted(codes)
    for messages in (Errors, Warnings):
        for code in (name for name in vars(messages) if name.startswith("LK")):
            assert _plain(getattr(messages, code).removeprefix(f"[{code}] ")) in _plain(page), code


def _plain(text: str) -> str:
    """Without tags and with `{name!r}` as `name`."""
    return re.sub(r"\{(\w+)[^{}]*\}", r"\1", html.unescape(re.sub(r"</?(?:p|var)>", "", text)))


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_links_of_a_page(name):
    text = read(DOCS / name)
    for code in re.findall(r"\bLKW?\d{3}\b", text):
        assert hasattr(Warnings if code.startswith("LKW") else Errors, code), f"{name}: {code}"
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (DOCS / name).parent.joinpath(link).exists(), f"{name}: {link}"


def test_the_site_is_built(tmp_path):
    pytest.importorskip("mkdocs", reason="pip install 'spacy-luke[docs]'")
    arguments = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "site").rglob("index.html"))) == len(PAGES)
