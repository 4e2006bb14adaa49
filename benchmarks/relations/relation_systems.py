"""The systems of the benchmark: `luke_relations`, the same over words only, and mean pooling as in spaCy's tutorial."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable

import numpy
import spacy
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Linear, Model, chain, list2array

from spacy_luke.annotations import RELATIONS_KEY, Relation, get_relations, set_relations
from spacy_luke.features.pairs import learn_constraints
from spacy_luke.layers.padding import flat_spans
from spacy_luke.layers.slot_head import SlotHead
from spacy_luke.layers.with_batches import with_batches
from spacy_luke.models.labels import init_output, resize_output
from spacy_luke.models.relations import forward
from spacy_luke.pipeline.losses import pair_loss, probabilities
from spacy_luke.training.relation_targets import classes_of, gold_pairs, sample_pairs
from spacy_luke.types import LukeStates, Question

LUKE = {
    "@architectures": "spacy_luke.LukeRelations.v1",
    "encoder": {"@architectures": "spacy_luke.LukeEncoder.v1", "freeze_embeddings": True},
}
# What `spacy init config --gpu` writes.
TRANSFORMER = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "tokenizer_config": {"use_fast": True},
    "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
}
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}
SYSTEMS = ("luke", "luke-words", "mean-pooling")


def make_pipeline(
    system: str, encoder: str, pairs: dict, *, lang: str, dtype: str, batch_size: int, max_pieces: int | None
) -> Language:
    """A pipeline before `initialize`. pairs: settings of the pair getter and `negatives`, the same for all systems."""
    nlp = spacy.blank(lang)
    pairs = dict(pairs)
    config: dict[str, Any] = {"negatives": pairs.pop("negatives", None)}
    config["get_pairs"] = {"@misc": "spacy_luke.pair_getter.v1", "entities_key": RELATIONS_KEY, **pairs}
    if system == "mean-pooling":
        nlp.add_pipe("transformer", config={"model": {**TRANSFORMER, "name": encoder}})
        nlp.add_pipe("mean_pooling", config={**config, "model": {"@architectures": "benchmark.MeanPooling.v1", "tok2vec": LISTENER}})
        return nlp
    model = json.loads(json.dumps(LUKE)) | {"batch_size": batch_size, "max_pieces": max_pieces}
    model["encoder"] |= {"name": encoder, "dtype": dtype}
    if system == "luke-words":
        model["@architectures"] = "benchmark.LukeMarkers.v1"
    nlp.add_pipe("luke_relations", config={**config, "model": model})
    return nlp


# --- words only: no entity slots, [head; tail] are the states of the opening markers (mLUKE-W) -------------------


@spacy.registry.architectures("benchmark.LukeMarkers.v1")
def build_luke_markers_v1(encoder: Model, batch_size: int, max_pieces: int | None, nO: int | None = None) -> Model:
    """As spacy_luke.LukeRelations.v1, with words where it has slots."""
    head = SlotHead(nO, slots=2, bias=False)
    return Model(
        "luke_markers",
        forward,
        init=markers_init,
        layers=[with_batches(chain(marker_states(encoder), head), batch_size, row_of="question")],
        refs={"encoder": encoder, "output_layer": head},
        dims={"nO": nO},
        attrs={"resize_output": resize_output, "batch_size": batch_size, "max_pieces": max_pieces},
    )


def markers_init(model: Model, X=None, Y=None) -> None:
    init_output(model, X, Y)
    model.get_ref("output_layer").attrs["with_pieces"] = False


def marker_states(encoder: Model) -> Model:
    """questions -> LukeStates whose "slots" are the pieces that their slots begin with."""
    return Model("marker_states", markers_forward, layers=[encoder])


def markers_forward(model: Model, questions: list[Question], is_train: bool) -> tuple[LukeStates, Callable]:
    no_ids, no_spans = numpy.zeros(0, dtype="int64"), numpy.zeros((0, 2), dtype="int64")
    words = [Question(q.piece_ids, no_ids, no_spans, q.view, reads_pieces=True) for q in questions]
    states, backprop_words = model.layers[0](words, is_train)
    markers = flat_spans(questions)[:, 0]

    def backprop(d_states: LukeStates) -> Any:
        d_pieces = model.ops.alloc2f(*states.pieces.shape)
        d_pieces[markers] = d_states.slots
        return backprop_words(LukeStates(d_pieces, states.slots, states.slot_spans))

    return LukeStates(states.pieces, states.pieces[markers], states.slot_spans), backprop


# --- mean pooling, as in explosion/projects tutorials/rel_component ----------------------------------------------


@spacy.registry.architectures("benchmark.MeanPooling.v1")
def build_mean_pooling_v1(tok2vec: Model, nO: int | None = None) -> Model:
    """[(Doc, words of its pairs)] -> scores (pairs of all Docs, nO): [mean of the head's words; the tail's] -> Linear."""
    head = Linear(nO)
    pooled = Model("pair_means", means_forward, layers=[tok2vec])
    return Model("mean_pooling", pooling_forward, layers=[chain(pooled, list2array(), head)], refs={"tok2vec": tok2vec, "output_layer": head}, dims={"nO": nO})


def pooling_forward(model: Model, asked: list, is_train: bool):
    return model.layers[0](asked, is_train)


def means_forward(model: Model, asked: list[tuple[Doc, numpy.ndarray]], is_train: bool):
    vectors, backprop_docs = model.layers[0]([doc for doc, _ in asked], is_train)
    means = [_means(words.reshape(-1, 2), len(X)) for (_, words), X in zip(asked, vectors)]

    def backprop(dY):
        return backprop_docs([M.T @ d.reshape(len(M), d.shape[1] // 2) for M, d in zip(means, dY)])

    return [(M @ X).reshape(len(M) // 2, 2 * X.shape[1]) for M, X in zip(means, vectors)], backprop


def _means(spans: numpy.ndarray, n_words: int) -> numpy.ndarray:
    """(spans, words): times the vectors of the words it is the mean of each span."""
    columns = numpy.arange(n_words)
    inside = (columns >= spans[:, :1]) & (columns < spans[:, 1:])
    return (inside / inside.sum(axis=1, keepdims=True)).astype("f")


@Language.factory("mean_pooling", default_config={"negatives": None})
def make_mean_pooling(nlp: Language, name: str, model: Model, get_pairs: Callable, negatives: float | None):
    return MeanPooling(nlp.vocab, model, name, get_pairs, negatives)


class MeanPooling(TrainablePipe):
    """The tutorial's relation extractor, with the pairs, the loss and the decision of luke_relations, which the
    tutorial leaves to a sigmoid for each label and a threshold: one label or none for a pair."""

    def __init__(self, vocab, model: Model, name: str, get_pairs: Callable, negatives: float | None):
        self.vocab, self.model, self.name, self.get_pairs, self.negatives = vocab, model, name, get_pairs, negatives
        self.cfg: dict[str, Any] = {"labels": [], "constraints": None}

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.cfg["labels"])

    def initialize(self, get_examples: Callable, *, nlp: Language | None = None) -> None:
        relations = [r for eg in get_examples() for r in get_relations(eg.reference)]
        self.cfg["labels"] = list(dict.fromkeys(r.label for r in relations))
        if self.get_pairs.constraints == "learn":
            self.cfg["constraints"] = learn_constraints(relations)
        [width] = {node.get_dim("nO") for node in self.model.get_ref("tok2vec").walk() if node.has_dim("nO")} or {None}
        head = self.model.get_ref("output_layer")
        head.set_dim("nO", 1 + len(self.labels))
        head.set_dim("nI", 2 * width)
        head.initialize()

    def _pairs(self, docs: list[Doc], entities=None):
        return self.get_pairs(docs, entities=entities, constraints=self.cfg["constraints"])

    def _allowed(self, labels: list) -> numpy.ndarray:
        rows = [[True] + [each is None or label in each for label in self.labels] for each in labels]
        return numpy.asarray(rows, dtype=bool).reshape(-1, 1 + len(self.labels))

    def predict(self, docs: Iterable[Doc]):
        docs = list(docs)
        found = self._pairs(docs)
        words = [_words(each) for each in found]
        scores = self.model.predict(list(zip(docs, words)))
        allowed = self._allowed([labels for each in found for labels in each.labels])
        return found, probabilities(self.model.ops, scores, allowed, False)

    def set_annotations(self, docs: Iterable[Doc], scores: tuple) -> None:
        offset = 0
        for doc, found in zip(docs, scores[0]):
            rows = scores[1][offset : offset + len(found.pairs)]
            offset += len(found.pairs)
            relations = []
            for (head, tail), row in zip(found.pairs.tolist(), rows):
                best = int(row.argmax())
                if best:
                    relations.append(Relation(found.entities[head], found.entities[tail], self.labels[best - 1], float(row[best])))
            set_relations(doc, relations, entities=found.entities)

    def update(self, examples: Iterable[Example], *, drop: float = 0.0, sgd=None, losses=None) -> dict[str, float]:
        losses = {} if losses is None else losses
        classes = {label: i + 1 for i, label in enumerate(self.labels)}
        asked, targets, allowed = [], [], []
        found = self._pairs([eg.reference for eg in examples], [list(eg.reference.spans[RELATIONS_KEY]) for eg in examples])
        for eg, pairs in zip(examples, found):
            gold = gold_pairs(eg, pairs, RELATIONS_KEY)
            rows_of = classes_of(gold.gold, classes)
            n_entities = len(numpy.unique(gold.spans.reshape(-1, 2), axis=0))
            rows = sample_pairs(rows_of, None if self.negatives is None else round(self.negatives * n_entities))
            asked.append((eg.predicted, gold.spans[rows]))
            targets += rows_of[rows].tolist()
            allowed += [gold.allowed[row] for row in rows]
        scores, backprop = self.model.begin_update(asked)
        target_rows = numpy.eye(1 + len(classes), dtype="f")[numpy.asarray(targets, dtype="int64")]
        loss, d_scores = pair_loss(self.model.ops, scores, target_rows, self._allowed(allowed), False)
        backprop(d_scores)
        losses[self.name] = losses.get(self.name, 0.0) + loss
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses


def _words(found) -> numpy.ndarray:
    """(pairs, head and tail, first word and one past the last)"""
    borders = numpy.asarray([(span.start, span.end) for span in found.entities], dtype="int64").reshape(-1, 2)
    return borders[found.pairs]
