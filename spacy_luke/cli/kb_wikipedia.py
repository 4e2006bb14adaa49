"""python -m spacy luke kb from-wikipedia OUT DUMP ..."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from wasabi import msg

if TYPE_CHECKING:
    from ..kb.wikipedia.build import Report, Source

_LANGUAGE = re.compile(r"([a-z]{2,}(?:-[a-z]+)*)=(.+)")


def from_wikipedia_cli(
    out: Path = typer.Argument(..., help="Directory to write", file_okay=False),
    dumps: list[str] = typer.Argument(
        ...,
        help="Dumps (.xml, .gz, .bz2; JSON lines with title and text), as PATH or, to say the language, ja=PATH: without "
        "it, the language is what the dump says (DBpedia's mini dumps say English in all languages), else its name",
    ),
    page_props: list[str] = typer.Option([], help="page_props SQL dump: QIDs of one language, as PATH or ja=PATH"),
    items: Path = typer.Option(
        None, help="wb_items_per_site SQL dump of Wikidata: QIDs of all languages", dir_okay=False
    ),
    wikidata: Path = typer.Option(
        None, help="Wikidata JSON dump (.json.bz2 or .gz): QIDs, labels, aliases, descriptions, types", dir_okay=False
    ),
    workers: int = typer.Option(0, "--workers", "-w", min=0, help="Processes; 0 = one for each core"),
    keep_work: bool = typer.Option(False, "--keep-work", help="Leave OUT.work, the dumps as they were read"),
) -> None:
    """
    Build a knowledge base from dumps of Wikipedia, in any language.

    Articles become entities; links, titles and redirects become their aliases, with counts. Several languages become
    one knowledge base where QIDs say which articles are the same; without QIDs the id is "ja:title". The first
    language given comes first in descriptions. An interrupted build goes on where it was: dumps that were read to their
    end are kept in OUT.work until the knowledge base is whole.
    """
    from ..kb.wikipedia.build import build_from_wikipedia

    try:
        with _Bar() as bar:
            report = build_from_wikipedia(
                out,
                [source(dump) for dump in dumps],
                page_props=[source(path) for path in page_props],
                items_per_site=items,
                wikidata=wikidata,
                workers=workers or None,
                keep_work=keep_work,
                progress=bar,
            )
    except (ValueError, OSError) as error:
        msg.fail("Not built", str(error), exits=1)
    show(report)
    msg.good(f"{report.kb['entities']:,} entities with {report.kb['aliases']:,} aliases in {out}")


def source(text: str) -> Source:
    """"ja=PATH" -> (PATH, "ja"), "PATH" -> (PATH, None). A file that is there is never cut."""
    match = _LANGUAGE.fullmatch(text)
    return (Path(match[2]), match[1]) if match and not Path(text).exists() else (Path(text), None)


def show(report: Report) -> None:
    """What was read, found and lost."""
    total = sum(report.files.values(), start=type(report.links)())
    for title, counts in [("read", total), *report.languages.items(), ("links", report.links)]:
        msg.text(f"{title}: " + ", ".join(f"{number:,} {name}" for name, number in counts.items()))
    for path, damage in report.damage.items():
        if damage:
            msg.warn(f"{path}: " + ", ".join(damage))


class _Bar:
    """A progress bar for each file: bytes read with rate and time left, and pages."""

    def __init__(self) -> None:
        self._bar: Any = None  # tqdm
        self._path: Path | None = None

    def __enter__(self) -> _Bar:
        return self

    def __call__(self, path: Path, done: int, size: int, pages: int) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own: worker processes are forked
        if path != self._path:
            self.__exit__()
            self._path = path
            self._bar = tqdm(total=size, desc=path.name, unit="B", unit_scale=True, unit_divisor=1024)
        self._bar.set_postfix_str(f"{pages:,} pages", refresh=False)
        self._bar.update(done - self._bar.n)

    def __exit__(self, *error) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
