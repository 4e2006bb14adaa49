"""The `luke_typing` pipe: types of entities, none, one or many for each."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Iterable, Iterator

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..annotations import TYPES_KEY
from ..errors import Errors, Warnings
from ..features.mentions import batch_mentions
from ..models.typing import was_asked
from ..training.type_targets import gold_types, type_targets, with_parents
from ..training.type_thresholds import global_threshold, imply_parents, label_thresholds
from .base import LabelledPipe, checked_weight
from .losses import types_loss
from .type_counts import TypeCounts
from .type_decoding import FoundTypes, decode_types, parent_columns

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeTyping.v1"

[model.encoder]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""

# Scores that are computed at once in prediction, mentions times types: 64 MB.
MAX_SCORES = 2**24

# Log-odds with which a type starts that is added to a trained pipe: about 1 %.
UNTRAINED = -4.6

NO_MENTIONS = numpy.zeros((0, 2), dtype="int64")


class LukeTyping(LabelledPipe):
    """Asks LUKE about each entity and gives it every type above a threshold.

    Writes `doc.spans[types_key]`: a span for each entity and type, with `attrs["scores"]`; of
    "luke_typing" `span._.luke_types` gives the types of an entity. Gold is read from the same group.

    See `make_luke_typing` for the settings.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "luke_typing",
        *,
        threshold: float = 0.5,
        thresholds: dict[str, float] | None = None,
        hierarchy: str | None = None,
        spans_key: str | None = None,
        types_key: str = TYPES_KEY,
        loss_weight: float = 1.0,
        scorer: Callable | None = None,
    ):
        """RAISES ValueError LK505; LK540: a threshold that is not above 0 and at most 1; LK541: an empty separator."""
        for label, value in {"threshold": threshold, **(thresholds or {})}.items():
            if not 0 < value <= 1:
                raise ValueError(Errors.LK540.format(name=name, label=label, value=value))
        if hierarchy == "":
            raise ValueError(Errors.LK541.format(name=name))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "threshold": threshold,
            "thresholds": dict(thresholds or {}),
            "hierarchy": hierarchy,
            "spans_key": spans_key,
            "types_key": types_key,
            "loss_weight": checked_weight(name, loss_weight),
        }

    def add_label(self, label: str) -> int:
        """Add a type and what it implies, also to a trained pipe: the scores of the others stay.

        RETURNS (int): 1 if it is new, else 0. RAISES ValueError LK501: not a string, or empty.
        """
        return int(self._add_labels([label]) > 0)

    def _add_labels(self, labels: Iterable[str]) -> int:
        present = dict.fromkeys(self.cfg["labels"])
        n_before = len(present)
        for label in labels:
            if not isinstance(label, str) or not label:
                raise ValueError(Errors.LK501.format(label=label, name=self.name))
            present.update(dict.fromkeys(with_parents([label], self.cfg["hierarchy"])))
        new = list(present)[n_before:]
        for label in new:
            self.vocab.strings.add(label)
        self.cfg["labels"] += new
        if new and self.model.has_dim("nO"):
            self.model.attrs["resize_output"](self.model, len(present))
            head = self.model.get_ref("output_layer")
            if head.has_param("b"):
                head.get_param("b")[n_before:] = UNTRAINED
        return len(new)

    # --- prediction ------------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> FoundTypes:
        """The types of every mention; the Docs stay as they are."""
        docs = list(docs)
        mentions = [self._mentions(doc) for doc in docs]
        own = [self.cfg["thresholds"].get(label, self.cfg["threshold"]) for label in self.labels]
        thresholds, implied = numpy.asarray(own, dtype="float32"), parent_columns(self.labels, self.cfg["hierarchy"])
        found = [numpy.zeros((0, 3))]
        offset = 0
        for probabilities in self._probabilities(docs, mentions):
            found.append(decode_types(probabilities, thresholds, implied, offset))
            offset += len(probabilities)
        rows, types, scores = numpy.concatenate(found).T
        return FoundTypes(mentions, rows.astype("int64"), types.astype("int64"), scores.astype("float32"))

    def _mentions(self, doc: Doc) -> numpy.ndarray:
        """(mentions, 2) word offsets, each once, in order. A Span without words is none."""
        key = self.cfg["spans_key"]
        spans = doc.ents if key is None else doc.spans.get(key, ())
        found = {(span.start, span.end) for span in spans if len(span)}
        return numpy.asarray(sorted(found), dtype="int64").reshape(-1, 2)

    def _probabilities(self, docs: list[Doc], mentions: list[numpy.ndarray]) -> Iterator[numpy.ndarray]:
        """(some mentions, types) float32, on the CPU, until it was all mentions; 0 where one was not asked."""
        size = max(1, MAX_SCORES // max(len(self.cfg["labels"]), 1))
        for chunk in batch_mentions(docs, mentions, size, whole_docs=not self.model.attrs["markers"]):
            scores = self.model.predict(chunk)
            yield self.model.ops.to_numpy(self.model.ops.sigmoid(scores) * was_asked(scores)[:, None])

    def set_annotations(self, docs: Iterable[Doc], found: FoundTypes) -> None:
        borders = numpy.concatenate([NO_MENTIONS, *found.mentions])
        offset, key = 0, self.cfg["types_key"]
        for doc, mentions in zip(docs, found.mentions):
            first, last = numpy.searchsorted(found.rows, [offset, offset + len(mentions)])
            rows, types = found.rows[first:last], found.types[first:last].tolist()
            labels = self.cfg["labels"]
            places = borders[rows].tolist()
            spans = [Span(doc, start, end, label=labels[label]) for (start, end), label in zip(places, types)]
            scores = found.probabilities[first:last].tolist()
            doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})
            offset += len(mentions)

    # --- training --------------------------------------------------------------------------------

    def learn(self, examples: list[Example]) -> float:
        """Binary cross-entropy, added up over the types: the mean over the gold mentions of the batch. A Doc
        without the gold group trains nothing, and so does an entity that is not in it."""
        mentions, rows, types = self._gold(examples)
        if not any(map(len, mentions)):
            return 0.0
        scores, backprop = self.model.begin_update(([eg.predicted for eg in examples], mentions))
        loss, d_scores = self.weighted(*self.get_loss((rows, types), scores))
        backprop(d_scores)
        return loss

    def get_loss(self, gold: tuple[numpy.ndarray, numpy.ndarray], scores: Floats2d) -> tuple[float, Floats2d]:
        """gold: mention and type of each place of the scores (mentions, types) that should be 1.
        RETURNS: the mean cross-entropy of the mentions that were asked, its gradient."""
        rows, types = (self.model.ops.asarray1i(places) for places in gold)
        return types_loss(self.model.ops, scores, rows, types, was_asked(scores))

    def _gold(self, examples: Iterable[Example]) -> tuple[list[numpy.ndarray], numpy.ndarray, numpy.ndarray]:
        """Gold mentions of each Doc (mentions, 2), and mention and type of each gold type that is known."""
        gold = [gold_types(eg, self.cfg["types_key"]) or [] for eg in examples]
        mentions = [numpy.asarray([m[:2] for m in doc], dtype="int64").reshape(-1, 2) for doc in gold]
        by_label = {label: row for row, label in enumerate(self.cfg["labels"])}
        return mentions, *type_targets([m for doc in gold for m in doc], by_label, self.cfg["hierarchy"])

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Collect types, load the encoder, and count what is lost: gold types that are not among the labels
        (LKW530), and gold mentions that cannot be asked (LKW531).

        A type starts with the probability of its frequency: of thousands of types each is rare.

        labels: from `spacy init labels`; None takes them from the data.
        RAISES ValueError LK542: no type, neither given nor in the data; LK543: a threshold of an unknown type.
        """
        validate_get_examples(get_examples, "LukeTyping.initialize")
        counts = TypeCounts(self.cfg["types_key"], self.cfg["hierarchy"])
        for eg in get_examples():
            counts.add(eg)
        self._add_labels(counts.types if labels is None else labels)
        if not self.labels:
            raise ValueError(Errors.LK542.format(name=self.name, key=self.cfg["types_key"]))
        unknown = [label for label in self.cfg["thresholds"] if label not in self.cfg["labels"]]
        if unknown:
            raise ValueError(Errors.LK543.format(name=self.name, n=len(unknown), labels=", ".join(unknown[:5])))
        self.model.set_dim("nO", len(self.labels), force=True)
        self.model.initialize()
        if counts.n_mentions:
            head = self.model.get_ref("output_layer")
            head.set_param("b", self.model.ops.asarray1f(counts.log_odds(self.labels)))
        for message in counts.messages(self.name, self.labels, self.model):
            warnings.warn(message)

    def tune_thresholds(self, examples: Iterable[Example], *, per_label: bool = False) -> None:
        """Set the threshold to that of the highest micro F1 on the gold mentions of these Examples.

        per_label (bool): then give every type with enough gold mentions the one of its own highest F1, and
            the others the common one.
        Warns LKW532: nothing can be tuned, thresholds stay.
        """
        examples = list(examples)
        mentions, rows, types = self._gold(examples)
        gold = [mention for eg in examples for mention in gold_types(eg, self.cfg["types_key"]) or ()]
        n_gold = sum(len(with_parents(mention.types, self.cfg["hierarchy"])) for mention in gold)
        probabilities = numpy.zeros((0, len(self.labels)), dtype="float32")
        if gold and self.labels:
            probabilities = numpy.concatenate(list(self._probabilities([eg.predicted for eg in examples], mentions)))
        imply_parents(probabilities, parent_columns(self.labels, self.cfg["hierarchy"]))
        threshold = global_threshold(probabilities, rows, types, n_gold)
        if threshold is None:
            warnings.warn(Warnings.LKW532.format(name=self.name, n=len(gold)))
            return
        own = label_thresholds(probabilities, rows, types) if per_label else {}
        self.cfg["threshold"] = threshold
        self.cfg["thresholds"] = {self.labels[row]: value for row, value in own.items()}
