"""python -m spacy luke show PIPELINE FILE_OR_TEXT -o out.html"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

TITLES = {"ent": "Entities", "types": "Types", "relations": "Relations", "candidates": "Candidates"}


class Style(str, Enum):
    """What is drawn."""

    ent = "ent"
    types = "types"
    relations = "relations"
    candidates = "candidates"


def show_cli(
    pipeline: str = typer.Argument(..., help="Pipeline: a directory or an installed package"),
    source: str = typer.Argument(..., help="A text, a text file (UTF-8), or a DocBin (.spacy), whose texts are read"),
    out: Path = typer.Option(Path("out.html"), "--output", "-o", help="HTML file to write", dir_okay=False),
    styles: Optional[list[Style]] = typer.Option(
        None, "--style", "-s", help="What to draw; may be repeated; all that the pipeline has if not given"
    ),
    url: Optional[str] = typer.Option(
        None, help="Where ids lead to, {} is the id; Wikidata and Wikipedia if not given"
    ),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Draw what a pipeline finds in a text, as one HTML file: entities with links, types, relations, candidates of each
    mention with their probabilities. The file needs no network.
    """
    from spacy.util import load_model

    setup_gpu(use_gpu)
    try:
        nlp = load_model(pipeline)
        docs = list(nlp.pipe(docs_of(nlp, source)))
        page = page_of_docs(nlp, docs, [style.value for style in styles or ()], {"kb_url_template": url})
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf8")
    except (ValueError, OSError) as error:
        msg.fail("Nothing drawn", str(error), exits=1)
    msg.good(f"Drew {len(docs)} {'text' if len(docs) == 1 else 'texts'} in {out}")


def docs_of(nlp: Language, source: str) -> list[Doc]:
    """The Docs of a text, a text file or a DocBin, without annotations.

    RAISES ValueError LK733: it looks like the name of a file, and there is none; LK734: no UTF-8, no DocBin.
    """
    from spacy.tokens import Doc, DocBin

    path = Path(source)
    if not _is_file(path):
        if not any(map(str.isspace, source)) and ("/" in source or path.suffix in (".txt", ".spacy")):
            raise ValueError(Errors.LK733.format(path=source))
        return [nlp.make_doc(source)]
    try:
        if path.suffix != ".spacy":
            return [nlp.make_doc(path.read_text(encoding="utf-8-sig"))]
        gold = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    except UnicodeDecodeError as error:
        raise ValueError(Errors.LK734.format(path=path, reason=error)) from error
    except Exception as error:  # DocBin has no errors of its own: zlib's, msgpack's, KeyError ...
        if isinstance(error, (OSError, MemoryError)) or path.suffix != ".spacy":
            raise
        raise ValueError(Errors.LK734.format(path=path, reason=error)) from error
    return [Doc(nlp.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc]) for doc in gold]


def page_of_docs(nlp: Language, docs: Iterable[Doc], styles: list[str], options: dict[str, Any]) -> str:
    """An HTML file of Docs that went through `nlp`. styles: none = all that the pipeline has."""
    from ..visualize import render
    from ..visualize.html import page_of
    from ..visualize.pipelines import styles_of

    drawable, found = styles_of(nlp)
    parts = []
    for doc in docs:
        for style in styles or drawable:
            parts.append(f"<h2>{TITLES[style]}</h2>{render(doc, style, jupyter=False, options={**found, **options})}")
        parts.append("<hr>")
    direction = nlp.vocab.writing_system.get("direction", "ltr")
    return page_of(
        "\n".join(parts[:-1]), title=nlp.meta.get("name") or "spacy_luke", lang=nlp.lang or "xx", direction=direction
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a text that is too long for a name
        return False
