"""The `luke` pipe: owns one encoder, whose weights the pipes behind it share."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from ..models.encoder import LukeListener, find_listeners
from .base import LukePipe

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""


class Luke(LukePipe):
    """Changes no Doc. Pipes with a `spacy_luke.LukeListener.v1` ask the encoder their own questions;
    gradients add up in it, and this pipe's `finish_update` applies them."""

    def __init__(self, vocab: Vocab, model: Model, name: str = "luke"):
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {}
        self.listener_map: dict[str, list[LukeListener]] = {}

    @property
    def listeners(self) -> list[LukeListener]:
        return [listener for found in self.listener_map.values() for listener in found]

    @property
    def listening_components(self) -> list[str]:
        return list(self.listener_map)

    def add_listener(self, listener: LukeListener, component_name: str) -> None:
        listener.upstream = self.model
        found = self.listener_map.setdefault(component_name, [])
        if listener not in found:
            found.append(listener)
        self._share_mentions()

    def remove_listener(self, listener: LukeListener, component_name: str) -> bool:
        found = self.listener_map.get(component_name, [])
        if listener not in found:
            return False
        found.remove(listener)
        if not found:
            del self.listener_map[component_name]
        listener.has_company = False
        self._share_mentions()
        return True

    def _share_mentions(self) -> None:
        asking = [listener for listener in self.listeners if listener.asks_mentions]
        for listener in asking:
            listener.has_company, listener.is_last = len(asking) > 1, listener is asking[-1]

    def find_listeners(self, component) -> None:
        """spaCy calls this for every pipe behind this one."""
        if isinstance(getattr(component, "model", None), Model):
            for listener in find_listeners(component.model):
                if listener.upstream_name in ("*", self.name):
                    self.add_listener(listener, component.name)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128):
        yield from stream

    def predict(self, docs: Iterable[Doc]) -> None:
        return None

    def set_annotations(self, docs: Iterable[Doc], scores: None) -> None:
        pass

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Let this batch train the encoder. With `sgd` given, the step is that of the batch before,
        as in spaCy's own tok2vec: the pipes behind have not looked at this batch yet."""
        examples = list(examples)
        validate_examples(examples, "Luke.update")
        self.end_update(sgd)
        for listener in self.listeners:
            if listener.upstream is self.model:  # of two `luke` pipes that "*" names, the last one is asked
                listener.batch = examples
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)  # spaCy's logger asks for one; the pipes behind have theirs
        return losses

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None
    ) -> None:
        """Load the checkpoint that the config names."""
        self.model.initialize()

    def add_label(self, label: str) -> int:
        return 0
