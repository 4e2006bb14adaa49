"""What mkdocs adds to the pages when it builds the site: the entry of every code of spacy_luke/errors.py."""

from __future__ import annotations

import html
import re
import runpy
from pathlib import Path

ERRORS = Path(__file__).parents[1] / "spacy_luke" / "errors.py"
MARK = "<!-- every code -->"


def on_page_markdown(markdown: str, **_) -> str:
    return markdown.replace(MARK, entries()) if MARK in markdown else markdown


def entries() -> str:
    """Markdown: of each section of errors.py its title, of each code a heading and the message."""
    module = runpy.run_path(str(ERRORS))
    found = []
    for name, body in re.findall(r"^class (Errors|Warnings)\b.*?\n(.*?)(?=^class |\Z)", ERRORS.read_text(encoding="utf8"), re.M | re.S):
        for title, codes in re.findall(r"^    # --- (.+?) -+\n(.*?)(?=^    # ---|\Z)", body, re.M | re.S):
            found.append(f"## {name}: {title}\n")
            for code in sorted(re.findall(r"^    (LKW?\d+) = ", codes, re.M)):
                text = html.escape(getattr(module[name], code).removeprefix(f"[{code}] "), quote=False)
                text = re.sub(r"\{(\w+)[^{}]*\}", r"<var>\1</var>", text)
                found.append(f"### {code} {{#{code.lower()}}}\n\n<p>{text}</p>\n")
    return "\n".join(found)
