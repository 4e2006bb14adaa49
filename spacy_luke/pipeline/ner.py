"""The `luke_ner` pipe: named entities as classified spans."""

from __future__ import annotations

import warnings
from functools import partial
from itertools import islice
from typing import Any, Callable, Iterable, NamedTuple

import numpy
from spacy.language import Language
from spacy.pipeline.spancat import Suggester
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from ..errors import Errors, Warnings
from ..features.suggesters import suggested_spans
from ..models.ner import has_proposer, score_proposals, was_asked
from ..models.proposals import set_threshold
from ..training.proposal_threshold import Proposed, choose_threshold
from ..training.reach import Reach
from ..training.span_targets import sample_spans, span_classes
from .base import LabelledPipe, checked_weight
from .entity_annotations import write_entities
from .losses import span_loss

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeNER.v1"
view = null
get_spans = null

[model.encoder]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""


# Docs by which the head learns how often each class is trained.
FIRST_DOCS = 1000

NO_SCORES = numpy.zeros(0, dtype="f")
NO_SPANS = numpy.zeros((0, 2), dtype="i")


class SpanScores(NamedTuple):
    """What `LukeNER.predict` returns for a batch of Docs, on the CPU."""

    spans: numpy.ndarray  # (spans, 2) int: word offsets in each Doc
    lengths: numpy.ndarray  # (docs,) int: spans of each Doc
    scores: numpy.ndarray  # (spans, 1 + labels) float32, not normalised; column 0 is "no entity"


class LukeNER(LabelledPipe):
    """Asks LUKE about every suggested span, keeps the best ones that do not overlap.

    Writes `doc.ents`, and to `doc.spans[spans_key]` every scored (span, label) of at least `min_score`,
    overlapping or not, with probabilities in `attrs["scores"]`.

    suggester: which spans are asked; ours, or any of spaCy's (`spacy.ngram_range_suggester.v1`,
        `spacy.preset_spans_suggester.v1` behind a span_finder).
    negatives (float): spans that are no entity to train on, for each word of a Doc; None takes all,
        as the paper does. A rate by word makes training independent of how texts are cut into Docs.
    overwrite (bool): False keeps the entities and blocked words (`doc.set_ents(..., blocked=...)`) a Doc
        has and adds entities that fit between them.
    min_score (float): least probability of what goes to doc.spans.
    loss_weight (float): of its loss, beside the other pipes that train the same encoder.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "luke_ner",
        *,
        suggester: Suggester,
        negatives: float | None = None,
        overwrite: bool = True,
        spans_key: str = "luke_ner",
        min_score: float = 0.1,
        loss_weight: float = 1.0,
        scorer: Callable | None = None,
    ):
        """RAISES ValueError LK503: negatives below 0; LK505: a loss_weight below 0, or no number."""
        if negatives is not None and negatives < 0:
            raise ValueError(Errors.LK503.format(name=name, value=negatives))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.suggester = suggester
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "negatives": negatives,
            "overwrite": overwrite,
            "spans_key": spans_key,
            "min_score": min_score,
            "loss_weight": checked_weight(name, loss_weight),
        }

    def add_label(self, label: str) -> int:
        """As every pipe with labels; a new one of a trained pipe is as rare as the rarest, until it is trained."""
        added = super().add_label(label)
        head = self.model.get_ref("output_layer")
        if added and head.has_param("b"):
            b = head.get_param("b")
            b[-1] = b[1:-1].min()
        return added

    def predict(self, docs: Iterable[Doc]) -> SpanScores:
        """Scores of every suggested span; the Docs stay as they are."""
        return self.begin(docs)()

    def begin(self, docs: Iterable[Doc]) -> Callable[[], SpanScores]:
        docs = list(docs)
        suggested = self._suggest(docs)
        lengths = numpy.asarray([len(spans) for spans in suggested], dtype="i")
        rows = numpy.concatenate([NO_SPANS, *suggested])
        ops = self.model.ops
        scores = self.model.predict((docs, Ragged(rows, lengths))) if len(rows) else ops.alloc2f(0, 1 + len(self.labels))
        return lambda: SpanScores(rows, lengths, ops.to_numpy(scores))

    def _suggest(self, docs: list[Doc]) -> list[numpy.ndarray]:
        """The suggester's spans of each Doc, (spans, 2), on the CPU. RAISES ValueError LK504."""
        return suggested_spans(self.suggester, docs, self.model.ops, self.name)

    def set_annotations(self, docs: Iterable[Doc], scores: SpanScores) -> None:
        offset = 0
        settings = {name: self.cfg[name] for name in ("overwrite", "spans_key", "min_score")}
        for doc, n in zip(docs, scores.lengths):
            rows = slice(offset, offset + int(n))
            write_entities(doc, scores.spans[rows], scores.scores[rows], self.labels, **settings)
            offset += int(n)

    def learn(self, examples: list[Example]) -> float:
        """Cross-entropy, the mean over all spans of the batch that were asked and whose class is known."""
        spans, classes = self._training_spans(examples)
        if not len(classes):
            return 0.0
        scores, backprop = self.model.begin_update(([eg.predicted for eg in examples], spans))
        loss, d_scores = self.weighted(*self.get_loss(classes, scores))
        backprop(d_scores)
        return loss

    def get_loss(self, classes: numpy.ndarray, scores: Floats2d) -> tuple[float, Floats2d]:
        """classes (spans,), scores (spans, 1 + labels), with the proposer's as one more column if there is one.
        RETURNS: mean cross-entropy (the proposer's added: is it an entity or not), its gradient."""
        asked = was_asked(scores[:, : 1 + len(self.labels)])
        return span_loss(self.model.ops, scores, self.model.ops.asarray1i(classes), asked, has_proposer(self.model))

    def _training_spans(self, examples: list[Example]) -> tuple[Ragged, numpy.ndarray]:
        """The spans to ask, and their classes."""
        label_class = {label: i + 1 for i, label in enumerate(self.labels)}
        kept, kept_classes = [], []
        for eg, spans in zip(examples, self._suggest([eg.predicted for eg in examples])):
            classes = span_classes(eg, spans, label_class)
            rate = self.cfg["negatives"]
            n_negatives = None if rate is None else round(rate * len(eg.predicted))
            rows = sample_spans(spans, classes, n_negatives)
            kept.append(spans[rows])
            kept_classes.append(classes[rows])
        lengths = numpy.asarray([len(spans) for spans in kept], dtype="i")
        asked = Ragged(numpy.concatenate([NO_SPANS, *kept]), lengths)
        return asked, numpy.concatenate([NO_SPANS[:, 0], *kept_classes])

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Collect labels, load the encoder, and count gold entities that can never be found: those that are
        not suggested (LKW501), and those that are, but fit no window or have no piece (LKW503).

        A class starts as probable as it is in training: with equal ones nearly every span would be an entity.

        labels: from `spacy init labels`; None takes them from the data.
        RAISES ValueError LK502: no label, neither given nor in the data.
        """
        validate_get_examples(get_examples, "LukeNER.initialize")
        for label in labels or ():
            self.add_label(label)
        reach = Reach()
        for eg in get_examples():
            for ent in eg.reference.ents if labels is None else ():
                self.add_label(ent.label_)
            try:
                (spans,) = self._suggest([eg.predicted])
            except KeyError:  # spaCy's preset suggester, before the pipe that it reads from has run
                spans = None
            reach.add(eg, spans)
        if not self.labels:
            raise ValueError(Errors.LK502.format(name=self.name))
        self.model.set_dim("nO", 1 + len(self.labels), force=True)
        self.model.initialize()
        self._start_head(get_examples)
        reach.warn(self.name, partial(self.model.attrs["ask"], self.model))

    def _start_head(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        counts = numpy.full(1 + len(self.labels), 0.5)
        for batch in minibatch(islice(get_examples(), FIRST_DOCS), 64):
            try:
                _, classes = self._training_spans(batch)
            except KeyError:  # the suggester reads from a pipe that has not run: all classes start equal
                return
            counts += numpy.bincount(classes, minlength=len(counts))
        self.model.get_ref("output_layer").set_param("b", self.model.ops.asarray1f(numpy.log(counts / counts.sum())))

    @property
    def has_proposals(self) -> bool:
        """Do only promising spans get a slot in prediction?"""
        return has_proposer(self.model)

    def tune_proposals(self, examples: Iterable[Example], *, recall: float = 0.998) -> Proposed | None:
        """Choose from which look on a span gets a slot, such that this share of the gold entities of these Examples
        does; of what is suggested and can be asked. Only for a pipe with `proposals`.

        RETURNS: the threshold, the recall that it has on these Examples, and slots for each word; None with LKW505.
        RAISES ValueError LK508: no proposals, or a recall that is no share.
        Warns LKW505: no gold entity to choose by, everything stays.
        """
        if not has_proposer(self.model) or not 0 < recall <= 1:
            raise ValueError(Errors.LK508.format(name=self.name, recall=recall))
        gold, others, n_words = [NO_SCORES], [NO_SCORES], 0
        label_class = {label: i + 1 for i, label in enumerate(self.labels)}
        for batch in minibatch(examples, 64):
            docs = [eg.predicted for eg in batch]
            suggested = self._suggest(docs)
            lengths = numpy.asarray([len(spans) for spans in suggested], dtype="i")
            scores = score_proposals(self.model, (docs, Ragged(numpy.concatenate(suggested), lengths)))
            classes = numpy.concatenate([span_classes(eg, spans, label_class) for eg, spans in zip(batch, suggested)])
            gold.append(scores[(classes > 0) & ~numpy.isnan(scores)])
            others.append(scores[(classes <= 0) & ~numpy.isnan(scores)])
            n_words += sum(map(len, docs))
        found = choose_threshold(numpy.concatenate(gold), numpy.concatenate(others), n_words, recall)
        if found is None:
            warnings.warn(Warnings.LKW505.format(name=self.name))
            return None
        set_threshold(self.model.layers[0], found.threshold, found.slots_per_word)
        return found
