"""A callback of `spacy train`: thresholds of luke_typing from the development set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Errors

if TYPE_CHECKING:
    from spacy.language import Language


def build_tune_thresholds_v1(pipes: list[str] | None = None, per_label: bool = False) -> Callable[[Language], Language]:
    """Sets the thresholds of luke_typing before a pipeline is saved, to those of the best F1 on [corpora.dev]:

        [training.before_to_disk]
        @callbacks = "spacy_luke.tune_thresholds.v1"
        per_label = false

    See `LukeTyping.tune_thresholds`. `spacy train` saves after every evaluation, so each costs one more pass of
    these pipes over the gold mentions of dev. Its table and meta.json show scores from before.

    pipes (list): names of pipes; None = all that have a `tune_thresholds` and are not frozen.
    per_label (bool): also a threshold for each type that is frequent enough in dev.
    """
    return partial(tune_pipes, pipes=pipes, per_label=per_label)


def tune_pipes(nlp: Language, *, pipes: list[str] | None = None, per_label: bool = False) -> Language:
    """RAISES ValueError LK660: a pipe without thresholds."""
    from spacy.training.initialize import resolve_dot_names

    without = [name for name in pipes or () if not hasattr(nlp.get_pipe(name), "tune_thresholds")]
    if without:
        raise ValueError(Errors.LK660.format(names=", ".join(without)))
    config = nlp.config.interpolate()
    if pipes is None:
        frozen = config["training"]["frozen_components"]
        pipes = [name for name, pipe in nlp.pipeline if hasattr(pipe, "tune_thresholds") and name not in frozen]
    [dev] = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    examples = list(dev(nlp))
    for name in pipes:
        nlp.get_pipe(name).tune_thresholds(examples, per_label=per_label)  # type: ignore[attr-defined]
    return nlp
