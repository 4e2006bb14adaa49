"""python -m spacy luke kb build | info | merge | verify | export | package"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import typer
from wasabi import msg

kb_cli = typer.Typer(name="kb", help="Knowledge bases: build, look into, merge, verify, export, package", no_args_is_help=True)


class VectorType(str, Enum):
    """How vectors are kept on the disk."""

    float16 = "float16"
    float32 = "float32"


@kb_cli.callback()
def _group() -> None:
    """Knowledge bases for entity linking."""


@kb_cli.command("build")
def build_cli(
    out: Path = typer.Argument(..., help="Directory to write", file_okay=False),
    entities: list[Path] = typer.Option([], "--entities", "-e", help="Entities, .jsonl or .tsv; may be repeated"),
    aliases: list[Path] = typer.Option([], "--aliases", "-a", help="Aliases, .jsonl or .tsv; may be repeated"),
    docs: list[Path] = typer.Option([], "--docs", "-d", help="DocBin (.spacy) with linked entities; may be repeated"),
    spacy_kb: list[Path] = typer.Option([], "--spacy-kb", help="Directory of spaCy's InMemoryLookupKB; may be repeated"),
    vectors: Path = typer.Option(None, help="Array of vectors (.npy), row i of the i-th entity", dir_okay=False),
    vector_dtype: VectorType = typer.Option(VectorType.float16.value, help="How vectors are kept"),
    language: str = typer.Option("xx", "--lang", "-l", help="Language of the labels of .tsv files"),
) -> None:
    """
    Build a knowledge base from one or several sources.

    \b
    Entities, a line each:
      .jsonl  {"id": "Q17", "labels": {"ja": "...", "en": "Japan"}, "description": "...",
               "types": ["country"], "count": 123, "aliases": ["Nippon"], "vector": [...]}
              only the id is required; count says how popular the entity is
      .tsv    id TAB label, or id TAB label TAB description

    \b
    Aliases, a line each:
      .jsonl  {"alias": "Japan", "entity": "Q17", "count": 1200}
              {"alias": "Japan", "entities": ["Q17", "Q2"], "priors": [0.9, 0.1]}
      .tsv    alias TAB id TAB count

    The same alias and id may come any number of times, also in several sources: counts are added up. Labels and
    aliases of entities are found as well, behind names with counts. Of DocBins, the texts of linked entities are
    counted; those without a KB id or with NIL are not. A knowledge base in OUT stays whole until the new one is.
    """
    from ..kb.build_sources import build_from_sources

    with _refusals("Not built"), _Counter() as counter:
        about = build_from_sources(
            out,
            entities=entities,
            aliases=aliases,
            docs=docs,
            spacy_kbs=spacy_kb,
            vectors=vectors,
            vector_dtype=vector_dtype.value,
            language=language,
            progress=counter,
        )
    _show(about)
    msg.good(f"Wrote {out}")


@kb_cli.command("info")
def info_cli(
    path: Path = typer.Argument(..., help="Directory of a knowledge base"),
    names: list[str] = typer.Argument(None, help="Entity ids or aliases to look up"),
) -> None:
    """Show what is in a knowledge base, or what it knows about entity ids and aliases."""
    from spacy.vocab import Vocab

    from ..kb.mmap_kb import MMapKB

    with _refusals("Not shown"):
        kb = MMapKB.open(Vocab(), path)
    if not names:
        _show({**kb.base.about, "path": kb.base.home})  # type: ignore[union-attr]
        added = kb.added
        msg.text(f"Added since: {len(added.entities):,} entities, {len(added.aliases):,} aliases (merge: kb merge {path})")
    for name in names or ():
        if kb.contains_entity(name):
            msg.text(f"Entity {name}: {kb.info(name)}")
        found, exact = kb.look_up([name], normalised=True), dict.fromkeys(kb.look_up([name]).entities.tolist())
        rows = zip(found.entities.tolist(), kb.entity_ids(found.entities), found.priors.tolist(), found.counts.tolist())
        lines = [
            (id, next(iter(kb.info(id)["labels"].values()), ""), f"{prior:.4f}", count if count >= 0 else "", "yes" if row in exact else "")
            for row, id, prior, count in rows
        ]
        msg.text(f"Alias {name}: {len(lines)} candidate{'s' * (len(lines) != 1)}")
        if lines:
            msg.table(lines[:20], header=("id", "label", "prior", "count", "as written"), divider=True)
    if names and not any(kb.contains_entity(name) or kb.look_up([name], normalised=True).lengths[0] for name in names):
        raise typer.Exit(1)


@kb_cli.command("merge")
def merge_cli(
    path: Path = typer.Argument(..., help="Directory of a knowledge base with additions"),
    out: Path = typer.Argument(None, help="Directory to write; left out: PATH is replaced", file_okay=False),
) -> None:
    """Write a knowledge base and what was added to it in memory as one; PATH stays whole until that is done."""
    from ..kb.export import merge_kb

    with _refusals("Not merged"), _Counter() as counter:
        about = merge_kb(path, out, counter)
    _show(about)
    msg.good(f"Wrote {out or path}")


@kb_cli.command("verify")
def verify_cli(path: Path = typer.Argument(..., help="Directory of a knowledge base")) -> None:
    """Read every byte of a knowledge base and compare checksums. Exit code 1 if anything is wrong."""
    from ..kb.verify import verify_kb

    problems = verify_kb(path)
    for problem in problems:
        msg.fail(problem)
    if problems:
        raise typer.Exit(1)
    msg.good(f"{path} is as it was written")


@kb_cli.command("export")
def export_cli(
    path: Path = typer.Argument(..., help="Directory of a knowledge base"),
    out: Path = typer.Argument(..., help="Directory for entities.jsonl, aliases.jsonl and vectors.npy", file_okay=False),
) -> None:
    """Write a knowledge base, with what was added to it, as files that `kb build` reads."""
    from ..kb.export import export_kb

    with _refusals("Not exported"), _Counter() as counter:
        lines = export_kb(path, out, counter)
    msg.good(f"{lines['entities']:,} entities and {lines['aliases']:,} aliases in {out}")


@kb_cli.command("package")
def package_cli(
    path: Path = typer.Argument(..., help="Directory of a knowledge base"),
    out: Path = typer.Argument(..., help="Directory for the wheel", file_okay=False),
    name: str = typer.Option(..., help="Name of the package, e.g. kb_ja_wikipedia"),
    version: str = typer.Option(..., help="Version of the package"),
    license: str = typer.Option("", help="On what terms it may be passed on"),
) -> None:
    """
    Write a knowledge base as a wheel. Where it is installed, its name stands for its directory, and a pipeline that only
    points to it finds it on every machine.
    """
    from ..kb.wheel import write_wheel

    with _refusals("Not written"):
        wheel = write_wheel(path, out, name=name, version=version, license=license)
    msg.good(f"Wrote {wheel}", f"pip install {wheel}")


def _show(about: dict) -> None:
    width = f"{about['width']} x {about['vectors']}" if about.get("vectors") else "none"
    rows = {
        "Entities": f"{about['entities']:,}",
        "of these, known by links only": f"{about['by_links_only']:,}",
        "Aliases": f"{about['aliases']:,}",
        "Normal forms": f"{about['forms']:,}",
        "Links": f"{about['links']:,}",
        "Vectors": width,
    }
    msg.table({**rows, **({"Path": str(about["path"])} if "path" in about else {})})


@contextmanager
def _refusals(title: str) -> Iterator[None]:
    """Errors for the user become a message and exit code 1, warnings a message."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        except (ValueError, OSError) as error:
            msg.fail(title, str(error), exits=1)
    for warning in caught:
        msg.warn(str(warning.message))


class _Counter:
    """What is being done and how many are done, on one line of the terminal; nothing where it is no terminal."""

    def __init__(self) -> None:
        import sys

        self._write = sys.stderr.write if sys.stderr.isatty() else None
        self._last = ("", 0)

    def __call__(self, what: str, done: int) -> None:
        if self._write and (what != self._last[0] or done >= self._last[1] + 10_000):
            self._write(f"\r\x1b[K{what} {done:,}" if done else f"\r\x1b[K{what}")
            self._last = (what, done)

    def __enter__(self) -> _Counter:
        return self

    def __exit__(self, *error) -> None:
        if self._write:
            self._write("\r\x1b[K")
