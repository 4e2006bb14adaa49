"""python -m spacy luke convert SOURCE OUT"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Optional

import typer
from wasabi import msg

from ..errors import Errors


class EntityInit(str, Enum):
    """What the entity side of a word-only encoder starts from."""

    mask = "mask"
    random = "random"


class TaskName(str, Enum):
    """What a checkpoint was fine-tuned for."""

    ner = "ner"
    relations = "relations"
    typing = "typing"


def convert_cli(
    source: str = typer.Argument(..., help="Directory or hub id of LUKE, mLUKE, RoBERTa, XLM-R or BERT"),
    out: Path = typer.Argument(..., help="Directory to write", file_okay=False),
    entity_init: EntityInit = typer.Option(
        EntityInit.mask.value, help="Entity side of a word-only encoder: from its mask piece, or random"
    ),
    to_hf: bool = typer.Option(False, "--to-hf", help="Write Hugging Face's layout, for transformers"),
    task: Optional[TaskName] = typer.Option(
        None, help="Write a pipeline instead: SOURCE was fine-tuned by LukeForEntity...Classification for this task"
    ),
    lang: Optional[str] = typer.Option(None, help="Language of the pipeline of --task, xx if not given"),
    none: Optional[str] = typer.Option(
        None, help='Label in SOURCE that says "no entity" or "no relation", where its name does not (NIL, O, no_relation)'
    ),
    lite: bool = typer.Option(False, "--lite", help="Leave out the table of entity vectors of a full LUKE"),
    force: bool = typer.Option(False, "--force", "-F", help="Replace what this command wrote to OUT before"),
) -> None:
    """
    Turn a checkpoint into an encoder directory for pipelines (or back, with --to-hf), or with --task a fine-tuned
    one into a pipeline, labels and all.

    A directory written by this command loads without network, has one fp32 safetensors file and keeps the
    big table of entity vectors of a full LUKE in a file of its own, which is mapped and not read.
    """
    try:
        if task is not None:
            if to_hf:
                raise ValueError(Errors.LK729.format(option="--to-hf", how="with"))
            convert_task(source, out, task.value, lang=lang or "xx", none=none, force=force)
            return
        for option, value in (("--lang", lang), ("--none", none)):
            if value is not None:
                raise ValueError(Errors.LK729.format(option=option, how="without"))
        convert(source, out, entity_init=entity_init.value, to_hf=to_hf, lite=lite, force=force)
    except (ValueError, OSError, ImportError) as error:  # ImportError: of a language or its tokenizer
        msg.fail("Not converted", str(error), exits=1)


def convert(source: str, out: Path, *, entity_init: str, to_hf: bool, lite: bool, force: bool) -> None:
    """The command without its messages about errors. RAISES: LK720 if `out` has files and not `force`, and
    what load_checkpoint, save_checkpoint and export_hf raise."""
    from ..convert.checkpoint import load_checkpoint
    from ..convert.export import export_hf
    from ..convert.save import save_checkpoint

    _check_free(out, force)
    msg.info(f"Reading {source}")
    checkpoint = load_checkpoint(source, entity_init=entity_init)  # type: ignore[arg-type]
    if lite:
        checkpoint = replace(checkpoint, entity_vectors=None, entity_bias=None, entity_names=None)
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


def convert_task(source: str, out: Path, task: str, *, lang: str, none: str | None, force: bool) -> None:
    """The command with --task. RAISES: LK720 if `out` has files and not `force`, LK301 if they are not of this
    command, and what pipeline_from_checkpoint raises."""
    from ..kb.store import new_directory
    from ..pipeline.from_checkpoint import pipeline_from_checkpoint

    _check_free(out, force)
    msg.info(f"Reading {source}")
    nlp, classifier = pipeline_from_checkpoint(source, task, lang=lang, none=none)  # type: ignore[arg-type]
    labels = ", ".join(classifier.labels[:20]) + (", ..." if len(classifier.labels) > 20 else "")
    msg.text(f"{nlp.pipe_names[0]} with {len(classifier.labels):,} labels: {labels}")
    if classifier.none is not None:
        msg.text(f"{classifier.none} is taken as \"none\" and is no label")
    msg.info(f"Writing {out}")
    with new_directory(out, "spacy_luke.pipeline", 1, {"source": source, "task": task}) as new:
        nlp.to_disk(new)
    msg.good(f"Wrote {_size(out):,.0f} MB to {out}")


def _check_free(out: Path, force: bool) -> None:
    if not force and out.is_dir() and any(out.iterdir()):
        raise ValueError(Errors.LK720.format(path=out))


class _Bars:
    """A progress bar for each large file. Called with name, bytes done, bytes in all."""

    def __init__(self) -> None:
        self._bar: Any = None  # typer's progress bar
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
