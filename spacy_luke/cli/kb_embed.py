"""python -m spacy luke kb embed"""

from __future__ import annotations

from pathlib import Path

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg


def embed_cli(
    path: Path = typer.Argument(..., help="Directory of a knowledge base", exists=True, file_okay=False),
    source: str = typer.Argument(..., help="LUKE checkpoint (directory or hub id), or a pipeline with luke_linker (directory or package)"),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    Give every entity of a knowledge base the vector that luke_linker compares mentions with.

    A full LUKE has vectors of its entities: they are found by QID, or by the title in a language. All others are
    computed from descriptions. May be interrupted: it goes on where it was.
    """
    from tqdm import tqdm

    from ..pipeline.embed_kb import embed_kb

    setup_gpu(use_gpu)
    with tqdm(unit=" entities") as bar:

        def progress(done: int, all: int) -> None:
            bar.total = all
            bar.update(done - bar.n)

        try:
            found = embed_kb(path, source, progress=progress)
        except (ValueError, OSError) as e:
            bar.close()
            msg.fail("No vectors computed", str(e), exits=1)
    msg.good(
        f"{found.from_table} of {found.entities} vectors are from the entity table, {found.from_description} "
        "computed from descriptions"
    )
    if found.without:
        msg.warn(f"{found.without} entities have no label, or no text can be made of it for this encoder: they have no vector")
