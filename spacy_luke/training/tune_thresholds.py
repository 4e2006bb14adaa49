"""Callbacks of `spacy train`: thresholds of luke_typing and proposals of luke_ner from the development set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

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
    return partial(tune_pipes, method="tune_thresholds", pipes=pipes, per_label=per_label)


def build_tune_proposals_v1(pipes: list[str] | None = None, recall: float = 0.998) -> Callable[[Language], Language]:
    """Sets which spans of luke_ner get a slot before a pipeline is saved, as [corpora.dev] says:

        [training.before_to_disk]
        @callbacks = "spacy_luke.tune_proposals.v1"
        recall = 0.998

    See `LukeNER.tune_proposals`. Costs a pass of the words, without slots, for every save.

    pipes (list): names of pipes; None = all luke_ner with `proposals` that are not frozen.
    recall (float): share of the gold entities of dev that must get a slot.
    """
    return partial(tune_pipes, method="tune_proposals", pipes=pipes, recall=recall)


def tune_pipes(nlp: Language, *, method: str, pipes: list[str] | None = None, **settings: Any) -> Language:
    """Call a method of pipes with the Examples of dev. RAISES ValueError LK660: a pipe that it does not suit."""
    from spacy.training.initialize import resolve_dot_names

    without = [name for name in pipes or () if not _can(nlp.get_pipe(name), method)]
    if without:
        raise ValueError(Errors.LK660.format(method=method, names=", ".join(without)))
    config = nlp.config.interpolate()
    if pipes is None:
        frozen = config["training"]["frozen_components"]
        pipes = [name for name, pipe in nlp.pipeline if _can(pipe, method) and name not in frozen]
    [dev] = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    examples = list(dev(nlp))
    for name in pipes:
        getattr(nlp.get_pipe(name), method)(examples, **settings)
    return nlp


def _can(pipe: Any, method: str) -> bool:
    if method == "tune_proposals" and hasattr(pipe, method):
        return pipe.has_proposals
    return hasattr(pipe, method)
