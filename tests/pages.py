"""Markdown pages whose code is run, as README.md and docs/ are: what may stand before a block, and what is done with it.

A comment in the line before a block says what the test needs to know and the reader does not:

    <!-- test: file NAME -->       write the block to the file NAME, for the blocks behind it
    <!-- test: output -->          what the Python block before it prints
    <!-- test: seen -->            what real models gave; tiny random ones give something else, so it is not compared
    <!-- test: run -->             shell commands are run, `spacy train` for two steps; without it, arguments are checked
    <!-- test: into CONFIG -->     the ini block is merged into the config file CONFIG; without it, it is a whole one
    <!-- test: steps N -->         Python: range(60) becomes range(N), the tiny encoder knows nothing
    <!-- test: settings PIPE -->   the table behind it lists all settings of the pipe and their defaults
    <!-- test: scores PIPE -->     the table behind it names scores that the pipe gives
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- test: (?P<mark>[^\n]*) -->\n)?^(?P<indent>[ ]*)```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_SNIPPET = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
_TABLE = re.compile(r"^<!-- test: (settings|scores) (\w+) -->\n\n?((?:\|.*\n)+)", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    code: str
    mark: list[str]  # words of the comment before it
    line: int  # of the page


def read(page: Path) -> str:
    return page.read_text(encoding="utf8")


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The blocks of a page, in order, with the files in them that they include."""
    text, found = read(page), []
    for match in _BLOCK.finditer(text):
        indent = len(match["indent"])
        code = "".join(line[indent:] or "\n" for line in match["code"].splitlines(keepends=True))
        code = _SNIPPET.sub(lambda snippet: read(ROOT / snippet[1]).rstrip("\n"), code)
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(Block(match["language"], code, (match["mark"] or "").split(), line))
    return [block for block in found if language in (None, block.language)]


def tables(page: Path) -> list[tuple[str, str, list[list[str]]]]:
    """(settings or scores, pipe, rows) of the marked tables of a page."""
    found = []
    for kind, pipe, table in _TABLE.findall(read(page)):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()[2:]]
        found.append((kind, pipe, rows))
    return found


def shell_commands(code: str) -> list[str]:
    """The commands of a shell block, continued lines joined, comments and empty lines left out."""
    lines = code.replace("\\\n", " ").splitlines()
    return [command for line in lines if (command := re.sub(r"(^|\s)#.*", "", line).strip())]
