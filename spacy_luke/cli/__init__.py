"""`python -m spacy luke ...`. spaCy imports this module for every one of its commands: nothing heavy and
nothing optional may be imported at the top of it."""

from __future__ import annotations

import typer
from spacy.cli._util import app

from .convert import convert_cli
from .demo import demo_cli
from .evaluate import evaluate_cli
from .info import info_cli
from .kb import kb_cli
from .kb_embed import embed_cli
from .kb_wikipedia import from_wikipedia_cli
from .release import release_cli
from .selftest import selftest_cli
from .show import show_cli

luke_cli = typer.Typer(name="luke", help="LUKE encoders for spaCy", no_args_is_help=True)


@luke_cli.callback()
def _group() -> None:
    """LUKE encoders for spaCy."""


luke_cli.command("convert")(convert_cli)
luke_cli.command("release")(release_cli)
luke_cli.command("selftest")(selftest_cli)
luke_cli.command("show")(show_cli)
luke_cli.command("evaluate")(evaluate_cli)
luke_cli.command("demo")(demo_cli)
luke_cli.command("info")(info_cli)
kb_cli.command("from-wikipedia")(from_wikipedia_cli)
kb_cli.command("embed")(embed_cli)
luke_cli.add_typer(kb_cli)
app.add_typer(luke_cli)
