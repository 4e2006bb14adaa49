"""The `luke_relations` pipe: relations between pairs of entities."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Callable, Iterable, Iterator, NamedTuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from ..annotations import RELATIONS_KEY, Relation, get_relations
from ..errors import Errors, Warnings
from ..features.pairs import DocPairs, GetPairs, allowed_classes, learn_constraints
from ..layers.with_batches import cut
from ..models.relations import ask
from ..training.relation_reach import RelationReach
from ..training.relation_targets import GoldPairs, classes_of, gold_pairs, relation_targets, sample_pairs
from ..types import Question
from .base import LabelledPipe, checked_weight
from .losses import pair_loss, probabilities

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeRelations.v1"

[model.encoder]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""


class PairScores(NamedTuple):
    """What `LukeRelations.predict` returns for a batch of Docs, on the CPU."""

    pairs: list[DocPairs]  # of each Doc
    asked: numpy.ndarray  # (pairs of all Docs,) bool: there was a window for it
    probabilities: numpy.ndarray  # (pairs of all Docs, classes) float32; rows that were not asked are 0


class LukeRelations(LabelledPipe):
    """Asks LUKE about ordered pairs of entities. Writes doc.spans[spans_key]: the entities, with the relations in
    `attrs["relations"]`, see `annotations.py`.

    See `make_luke_relations` for the settings.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "luke_relations",
        *,
        get_pairs: GetPairs,
        multi_label: bool = False,
        threshold: float = 0.5,
        thresholds: dict[str, float] | None = None,
        negatives: float | None = None,
        use_gold_ents: bool = True,
        spans_key: str = RELATIONS_KEY,
        loss_weight: float = 1.0,
        scorer: Callable | None = None,
    ):
        """RAISES ValueError LK505; LK521: a threshold not in 0 to 1; LK523: negatives below 0; LK524: thresholds of
        labels without multi_label."""
        for label, value in (("all labels", threshold), *(thresholds or {}).items()):
            if not 0 <= value <= 1:
                raise ValueError(Errors.LK521.format(name=name, value=value, label=label))
        if negatives is not None and negatives < 0:
            raise ValueError(Errors.LK523.format(name=name, value=negatives))
        if thresholds and not multi_label:
            raise ValueError(Errors.LK524.format(name=name, labels=", ".join(thresholds)))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.get_pairs = get_pairs
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "constraints": None,
            "multi_label": multi_label,
            "threshold": threshold,
            "thresholds": dict(thresholds or {}),
            "negatives": negatives,
            "use_gold_ents": use_gold_ents,
            "spans_key": spans_key,
            "loss_weight": checked_weight(name, loss_weight),
        }

    @property
    def n_none(self) -> int:  # type: ignore[override]
        """Classes in front of the labels: "no relation", if a pair has one label."""
        return 0 if self.cfg["multi_label"] else 1

    # --- prediction ------------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> PairScores:
        """Probabilities of every proposed pair; the Docs stay as they are."""
        return self.begin(docs)()

    def begin(self, docs: Iterable[Doc]) -> Callable[[], PairScores]:
        docs = list(docs)
        found = self._pairs(docs)
        n_pairs = sum(len(doc.pairs) for doc in found)
        asked = numpy.zeros(n_pairs, dtype=bool)
        scores = numpy.zeros((n_pairs, self.n_none + len(self.labels)), dtype="f")
        if not n_pairs:
            return lambda: PairScores(found, asked, scores)
        marked = ask(self.model, docs, [doc.words for doc in found])
        labels = [labels for doc in found for labels in doc.labels]
        allowed = allowed_classes(labels, self.labels, self.n_none)[marked.rows]
        ops = self.model.ops
        given = self.model.predict(marked.questions)
        given = probabilities(ops, given, ops.xp.asarray(allowed), self.cfg["multi_label"])

        def read() -> PairScores:
            asked[marked.rows] = True
            scores[marked.rows] = ops.to_numpy(given)
            return PairScores(found, asked, scores)

        return read

    def _pairs(self, docs: list[Doc], entities: list[list[Span]] | None = None) -> list[DocPairs]:
        """entities: of each Doc, None = those that it has. RAISES ValueError LK522: a pair of entities that are not
        there."""
        found = self.get_pairs(docs, entities=entities, constraints=self.cfg["constraints"]) if docs else []
        for doc in found:
            outside = (doc.pairs < 0) | (doc.pairs >= len(doc.entities))
            if outside.any():
                pair = doc.pairs[outside.any(axis=1)][0].tolist()
                raise ValueError(Errors.LK522.format(name=self.name, pair=pair, entities=len(doc.entities)))
        return found

    def set_annotations(self, docs: Iterable[Doc], scores: PairScores) -> None:
        offset = 0
        for doc, found in zip(docs, scores.pairs):
            rows = slice(offset, offset + len(found.pairs))
            offset = rows.stop
            group = SpanGroup(doc, name=self.cfg["spans_key"], spans=found.entities)
            group.attrs["relations"] = [
                [*found.pairs[row].tolist(), self.labels[label], probability]
                for row, label, probability in self._chosen(scores.probabilities[rows])
            ]
            doc.spans[self.cfg["spans_key"]] = group

    def _chosen(self, scores: numpy.ndarray) -> Iterator[tuple[int, int, float]]:
        """Row, label and probability of each relation: the most probable class, if it is not "no relation", or
        all labels of at least their thresholds. What was not asked or is not allowed has 0."""
        if self.cfg["multi_label"]:
            least = [max(self.cfg["thresholds"].get(label, self.cfg["threshold"]), 1e-9) for label in self.labels]
            for row, label in numpy.argwhere(scores >= numpy.asarray(least, dtype="f")).tolist():
                yield row, label, float(scores[row, label])
        elif len(scores):
            for row, best in enumerate(scores.argmax(axis=1).tolist()):
                if best >= self.n_none:
                    yield row, best - self.n_none, float(scores[row, best])

    # --- training ----------------------------------------------------------------------------------

    def learn(self, examples: list[Example]) -> float:
        """Cross-entropy, the mean over all pairs of the batch that were asked and whose label is known. Questions go
        batch by batch, forth and back: a Doc with many entities has more pairs than fit in memory."""
        total = 0.0
        questions, targets, allowed = self._training_questions(examples)
        for batch in cut(self.model.get_ref("encoder"), questions, True, self.model.attrs["batch_size"]):
            scores, backprop = self.model.begin_update([questions[i] for i in batch])
            loss, d_scores = self.weighted(*self.get_loss(targets[batch], allowed[batch], scores))
            share = len(batch) / len(questions)
            backprop(d_scores * share)
            total += loss * share
        return total

    def get_loss(self, targets: numpy.ndarray, allowed: numpy.ndarray, scores: Any) -> tuple[float, Any]:
        """targets (pairs, classes) 0 or 1, allowed (pairs, classes) bool. RETURNS: mean loss, its gradient."""
        ops = self.model.ops
        return pair_loss(ops, scores, ops.asarray_f(targets), ops.xp.asarray(allowed), self.cfg["multi_label"])

    def _training_questions(self, examples: list[Example]) -> tuple[list[Question], numpy.ndarray, numpy.ndarray]:
        """The questions, and for each of them targets and allowed classes, as in `get_loss`."""
        docs, words, gold, allowed = [], [], [], []
        for eg, pairs in zip(examples, self._gold_pairs(examples, self.cfg["use_gold_ents"])):
            if pairs is not None and len(pairs.gold):
                rows = self._sampled(pairs)
                docs.append(eg.predicted)
                words.append(pairs.spans[rows])
                gold += [pairs.gold[row] for row in rows]
                allowed += [pairs.allowed[row] for row in rows]
        if not gold:
            return [], numpy.zeros(0), numpy.zeros(0)
        marked = ask(self.model, docs, words)
        targets = relation_targets(gold, self.labels, multi_label=self.cfg["multi_label"])
        return marked.questions, targets[marked.rows], allowed_classes(allowed, self.labels, self.n_none)[marked.rows]

    def _gold_pairs(self, examples: list[Example], use_gold_ents: bool) -> list[GoldPairs | None]:
        key = self.cfg["spans_key"]
        if use_gold_ents:
            docs = [eg.reference for eg in examples]
            found = self._pairs(docs, [list(doc.spans.get(key, ())) for doc in docs])
        else:
            found = self._pairs([eg.predicted for eg in examples])
        return [gold_pairs(eg, pairs, key) for eg, pairs in zip(examples, found)]

    def _sampled(self, pairs: GoldPairs) -> list[int]:
        """Rows of the pairs to train on."""
        n_entities = len(numpy.unique(pairs.spans.reshape(-1, 2), axis=0))
        rate = self.cfg["negatives"]
        classes = classes_of(pairs.gold, {label: i + 1 for i, label in enumerate(self.labels)})
        return sample_pairs(classes, None if rate is None else round(rate * n_entities)).tolist()

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Collect labels and constraints, load the encoder, and count gold relations that can never be found:
        those that are not proposed (LKW520), those that are, but fit no window (LKW521), and those whose label is not
        among the given ones (LKW525).

        labels: from `spacy init labels`; None takes them from the data.
        RAISES ValueError LK520: no label, neither given nor in the data.
        """
        validate_get_examples(get_examples, "LukeRelations.initialize")
        key = self.cfg["spans_key"]

        def gold() -> Iterator[Relation]:
            for eg in get_examples():
                yield from get_relations(eg.reference, key)

        for label in (relation.label for relation in gold()) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise ValueError(Errors.LK520.format(name=self.name, key=key))
        if getattr(self.get_pairs, "constraints", None) == "learn":
            self.cfg["constraints"] = learn_constraints(gold())
        self.model.set_dim("nO", self.n_none + len(self.labels), force=True)
        self.model.initialize()
        unknown = sorted(self.cfg["thresholds"].keys() - self.labels)
        if unknown:
            known = ", ".join(self.labels)
            warnings.warn(Warnings.LKW526.format(name=self.name, labels=", ".join(unknown), known=known))
        reach = RelationReach(self.labels)
        for eg in get_examples():
            [pairs] = self._gold_pairs([eg], use_gold_ents=True)
            if pairs is not None:
                reach.add(pairs, partial(ask, self.model, [eg.predicted]))
        for message in reach.messages(self.name, self.cfg["multi_label"]):
            warnings.warn(message)
