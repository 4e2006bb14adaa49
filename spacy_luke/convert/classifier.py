"""The classifier that lies beside a fine-tuned LUKE: its labels, and its rows in the order of our heads.

`load_checkpoint` reads the encoder of the same directory and leaves the classifier out: an encoder needs none.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy

from ..errors import Errors
from .checkpoint import read_config
from .hub import find_checkpoint
from .weights import read_files

Task = Literal["ner", "relations", "typing"]


class Kind(NamedTuple):
    """What transformers' class for a task has."""

    architecture: str
    states: int  # hidden states that a row is multiplied with
    bias: bool
    none: bool  # one of the classes says "no entity" or "no relation"


KINDS: dict[str, Kind] = {
    "ner": Kind("LukeForEntitySpanClassification", 3, True, True),
    "relations": Kind("LukeForEntityPairClassification", 2, False, True),
    "typing": Kind("LukeForEntityClassification", 1, True, False),
}

# Names of the class "none", in lower case, letters only: NIL of the authors' CoNLL-2003, no_relation of their TACRED.
NONE_NAMES = ("nil", "o", "norelation", "na", "none", "null")


@dataclass(frozen=True)
class Classifier:
    """The last layer of a fine-tuned LUKE; the first row is the class "none", if the task has one."""

    none: str | None  # its name in the checkpoint
    labels: tuple[str, ...]  # of the rows behind it
    W: numpy.ndarray  # (classes, states * hidden) float32
    b: numpy.ndarray | None  # (classes,) float32


def load_classifier(name_or_path: str | Path, task: Task, none: str | None = None) -> Classifier:
    """Read the classifier of a checkpoint that transformers' class for the task has saved (see KINDS).

    Labels are `id2label` of config.json. Where the class "none" is not the first its row is moved there.

    none: the label that says "no entity" or "no relation". None takes the one with a usual name (NONE_NAMES),
        or the first where all labels are the LABEL_0, LABEL_1 ... of transformers.
    RAISES: ValueError: LK721 there is no classifier; LK722 labels and rows disagree; LK723 id2label missing or
        damaged; LK724 which label is "none" is not known; LK725 a classifier of another task; LK726 `none`
        for types; LK727 no label beside "none"; LK728 no such task; and what find_checkpoint, read_config and
        read_files raise.
    """
    if task not in KINDS:
        raise ValueError(Errors.LK728.format(task=task, known=", ".join(KINDS)))
    kind = KINDS[task]
    if none is not None and not kind.none:
        raise ValueError(Errors.LK726.format(none=none))
    path = find_checkpoint(name_or_path)
    values = read_config(path)
    weights = {name: tensor for name, tensor in read_files(path).items() if name.startswith("classifier.")}
    if "classifier.weight" not in weights:
        raise ValueError(Errors.LK721.format(path=path, wanted=kind.architecture))
    params = {name: tensor.float().numpy().copy() for name, tensor in weights.items()}
    W, b = params["classifier.weight"], params.get("classifier.bias")
    _check_kind(path, task, values, W.shape, b is not None)
    labels = _labels(path, values.get("id2label"))
    if {len(labels)} != {len(W), len(W) if b is None else len(b)}:
        raise ValueError(Errors.LK722.format(path=path, labels=len(labels), rows=len(W)))
    if not kind.none:
        return Classifier(None, tuple(labels), W, b)
    first = _find_none(path, labels, none)
    order = [first, *(row for row in range(len(labels)) if row != first)]
    if len(order) < 2:
        raise ValueError(Errors.LK727.format(path=path, none=labels[first]))
    return Classifier(labels[first], tuple(labels[row] for row in order[1:]), W[order], None if b is None else b[order])


def _check_kind(path: Path, task: str, values: dict, shape: tuple[int, ...], bias: bool) -> None:
    """RAISES: LK725. A classifier of words or of whole texts may have the shape of one of types, so the name of
    its class counts where config.json has it."""
    kind, hidden = KINDS[task], values.get("hidden_size", 768)
    # read_config leaves out what is about files
    named = json.loads((path / "config.json").read_text(encoding="utf8")).get("architectures") or [kind.architecture]
    is_other = values["model_type"] != "luke" or kind.architecture not in named
    if is_other or shape[1:] != (kind.states * hidden,) or bias != kind.bias:
        found = f"{', '.join(named)}, weight {shape}, {'a' if bias else 'no'} bias"
        wanted = f"{kind.architecture}, weight (labels, {kind.states * hidden}), {'a' if kind.bias else 'no'} bias"
        raise ValueError(Errors.LK725.format(path=path, found=found, task=task, wanted=wanted))


def _labels(path: Path, found: object) -> list[str]:
    """In the order of the rows. RAISES: LK723."""
    if not isinstance(found, dict) or set(found) != {str(row) for row in range(len(found))}:
        raise ValueError(Errors.LK723.format(path=path, found=found))
    labels = [found[str(row)] for row in range(len(found))]
    if not all(isinstance(label, str) and label for label in labels) or len(set(labels)) < len(labels):
        raise ValueError(Errors.LK723.format(path=path, found=found))
    return labels


def _find_none(path: Path, labels: list[str], none: str | None) -> int:
    """The row of the class "none". RAISES: LK724 if it is not sure: a wrong one makes a wrong pipeline."""
    if none is not None:
        found = [row for row, label in enumerate(labels) if label == none]
    elif labels == [f"LABEL_{row}" for row in range(len(labels))]:
        found = [0]
    else:
        found = [row for row, label in enumerate(labels) if re.sub(r"[\W_]", "", label.lower()) in NONE_NAMES]
    if len(found) != 1:
        asked = "" if none is None else f" {none!r}"
        raise ValueError(Errors.LK724.format(path=path, none=asked, n=len(found), labels=", ".join(labels)))
    return found[0]
