"""What all trainable LUKE pipes share: how gradients reach weights."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import CupyOps, Optimizer, set_dropout_rate

from ..errors import Errors, Warnings
from ..layers.model_files import model_from_disk, model_to_disk
from ..models.encoder import find_listeners
from ..training.gradients import drop_gradients, scale_gradients
from ..training.optimizer import AdamW
from .ahead import pipe_ahead


class LukePipe(TrainablePipe):
    """A TrainablePipe whose gradients are those of the mean over the batches since the last
    `finish_update` (spaCy adds them up: accumulate_gradient = 4 would clip a sum of four), and are
    clipped together where the optimizer can. A step with a NaN or infinite gradient is left out.

    cfg["loss_weight"], where a pipe has a loss: see `weighted`.
    """

    cfg: dict[str, Any]

    _n_updates = 0

    def begin(self, docs: Iterable[Doc]) -> Callable[[], Any]:
        """`predict` in two steps: tell a GPU what to compute, and read it, which waits for it. Here all is in the second."""
        return lambda: self.predict(docs)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """As every pipe; on a GPU one batch ahead, if `begin` does something."""
        if isinstance(self.model.ops, CupyOps) and type(self).begin is not LukePipe.begin:
            return pipe_ahead(self, stream, batch_size)
        return super().pipe(stream, batch_size=batch_size)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Train on a batch; its loss is that of `learn`, and is added to `losses`."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        self.start_update(examples)
        set_dropout_rate(self.model, drop)
        losses[self.name] += self.learn(examples)
        self.end_update(sgd)
        return losses

    def learn(self, examples: list[Example]) -> float:
        """Add up gradients for a batch. RETURNS: its loss, 0.0 if nothing in it trains this pipe."""
        return 0.0

    def start_update(self, examples: list[Example]) -> None:
        """Call before the model in every `update`: what a `luke` pipe said about an earlier batch, which
        this pipe was excluded from or failed in, does not count for this one."""
        for listener in find_listeners(self.model):
            if listener.batch != examples:
                listener.batch = None

    def end_update(self, sgd: Optimizer | None) -> None:
        """Call at the end of every `update`, whatever happened in it."""
        self._n_updates += 1
        for listener in find_listeners(self.model):
            listener.batch = None
        if sgd not in (None, False):
            self.finish_update(sgd)

    def weighted(self, loss: float, d_scores: Any) -> tuple[float, Any]:
        """A loss and its gradient as they count beside those of the other pipes that train the same encoder. Call
        it on what get_loss gives, before backpropagation."""
        weight = self.cfg["loss_weight"]
        return loss * weight, d_scores * weight

    def finish_update(self, sgd: Optimizer) -> None:
        scale_gradients(self.model, 1.0 / max(self._n_updates, 1))
        self._n_updates = 0
        if isinstance(sgd, AdamW) and not sgd.clip(self.model):
            warnings.warn(Warnings.LKW502.format(name=self.name, step=sgd.step))
            drop_gradients(self.model)
            return
        super().finish_update(sgd)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """As every pipe; the weights of its encoder get a file of their own (layers/model_files.py)."""
        super().to_disk(path, exclude=[*exclude, "model"])
        if "model" not in exclude:
            model_to_disk(self.model, Path(path) / "model")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LukePipe:
        """RAISES ValueError LK409: the file of the weights is missing."""
        super().from_disk(path, exclude=[*exclude, "model"])
        if "model" not in exclude:
            model_from_disk(self.model, Path(path) / "model")
        return self


class LabelledPipe(LukePipe):
    """A LukePipe with labels; its model's output has `n_none` classes in front of them."""

    n_none = 1  # "no entity", "no relation"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` writes and `initialize` takes."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label, also to a trained pipe: the scores of the others stay.

        RETURNS (int): 1 if it is new, else 0. RAISES ValueError LK501: not a string, or empty.
        """
        if not isinstance(label, str) or not label:
            raise ValueError(Errors.LK501.format(label=label, name=self.name))
        if label in self.cfg["labels"]:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        if self.model.has_dim("nO"):
            self.model.attrs["resize_output"](self.model, self.n_none + len(self.labels))
        return 1


def checked_weight(name: str, value: float) -> float:
    """RAISES ValueError LK505: a loss weight that is negative, infinite or no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(Errors.LK505.format(name=name, value=value))
    return float(value)
