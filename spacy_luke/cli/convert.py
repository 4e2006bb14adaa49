"""python -m spacy luke convert SOURCE OUT"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import typer
from wasabi import msg

from ..errors import Errors


class EntityInit(str, Enum):
    """What the entity side of a word-only encoder starts from."""

    mask = "mask"
    random = "random"


def convert_cli(
    source: str = typer.Argument(..., help="Directory or hub id of LUKE, mLUKE, RoBERTa, XLM-R or BERT"),
    out: Path = typer.Argument(..., help="Directory to write", file_okay=False),
    entity_init: EntityInit = typer.Option(
        EntityInit.mask.value, help="Entity side of a word-only encoder: from its mask piece, or random"
    ),
    to_hf: bool = typer.Option(False, "--to-hf", help="Write Hugging Face's layout, for transformers"),
    force: bool = typer.Option(False, "--force", "-F", help="Replace what this command wrote to OUT before"),
) -> None:
    """
    Turn a checkpoint into an encoder directory for pipelines (or back, with --to-hf).

    A directory written by this command loads without network, has one fp32 safetensors file and keeps the
    big table of entity vectors of a full LUKE in a file of its own, which is mapped and not read.
    """
    try:
        convert(source, out, entity_init=entity_init.value, to_hf=to_hf, force=force)
    except (ValueError, OSError) as error:
        msg.fail("Not converted", str(error), exits=1)


def convert(source: str, out: Path, *, entity_init: str, to_hf: bool, force: bool) -> None:
    """The command without its messages about errors. RAISES: LK720 if `out` has files and not `force`, and
    what load_checkpoint, save_checkpoint and export_hf raise."""
    from ..convert.checkpoint import load_checkpoint
    from ..convert.export import export_hf
    from ..convert.save import save_checkpoint

    if not force and out.is_dir() and any(out.iterdir()):
        raise ValueError(Errors.LK720.format(path=out))
    msg.info(f"Reading {source}")
    checkpoint = load_checkpoint(source, entity_init=entity_init)  # type: ignore[arg-type]
    config = checkpoint.config
    msg.text(
        f"{config.num_hidden_layers} layers x {config.hidden_size}, {config.vocab_size:,} pieces, "
        f"windows of {config.max_pieces} pieces"
    )
    if not config.entities_pretrained:
        msg.text(f"No LUKE yet: the entity side is fresh ({entity_init}), <ent> and <ent2> were added")
    if checkpoint.entity_vectors is not None:
        rows, width = checkpoint.entity_vectors.shape
        msg.text(f"{rows:,} entity vectors x {width}; reading their names can take a minute")
    msg.info(f"Writing {out}")
    if to_hf:
        export_hf(checkpoint, out)
    else:
        with _Bars() as bars:
            save_checkpoint(checkpoint, out, bars)
    msg.good(f"Wrote {_size(out):,.0f} MB to {out}")


class _Bars:
    """A progress bar for each large file. Called with name, bytes done, bytes in all."""

    def __init__(self) -> None:
        self._bar = None
        self._name = ""
        self._done = 0

    def __enter__(self) -> _Bars:
        return self

    def __call__(self, name: str, done: int, total: int) -> None:
        if name != self._name:
            self.__exit__()
            self._bar = typer.progressbar(length=total, label=name)
            self._bar.__enter__()
            self._name, self._done = name, 0
        self._bar.update(done - self._done)
        self._done = done

    def __exit__(self, *error) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _size(directory: Path) -> float:
    """MB in all files."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()) / 1e6
