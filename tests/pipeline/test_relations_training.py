"""What trains luke_relations and what does not, and what it says about gold that it cannot learn."""

from __future__ import annotations

import warnings

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_luke.annotations import set_relations

from ..related import TRAIN, doc_of, examples_of, expected, found, relations_config, trained_on


def _pipe(path, data=TRAIN, **config):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_relations", config=relations_config(path, **config))
    nlp.initialize(lambda: examples_of(nlp, data))
    return nlp, pipe


def _targets(pipe, examples):
    """words of head and tail -> classes that should be 1"""
    questions, targets, _ = pipe._training_questions(examples)
    return len(questions), [numpy.flatnonzero(row).tolist() for row in targets]


def test_docs_without_gold_train_nothing(xlmr):
    nlp, pipe = _pipe(xlmr)
    examples = examples_of(nlp, TRAIN[:1])
    del examples[0].reference.spans["luke_relations"]
    losses = pipe.update(examples)
    assert losses == {"luke_relations": 0.0}
    assert not pipe.model.get_ref("output_layer").has_grad("W")
    # a Doc with the group and without a relation does
    losses = pipe.update(examples_of(nlp, TRAIN[2:]))
    assert losses["luke_relations"] > 0 and pipe.model.get_ref("output_layer").has_grad("W")


def test_one_class_for_each_pair_of_gold_entities(xlmr):
    nlp, pipe = _pipe(xlmr)
    assert pipe.labels == ("founded", "based_in")
    assert _targets(pipe, examples_of(nlp, TRAIN[:1])) == (6, [[1], [0], [0], [2], [0], [0]])
    examples = examples_of(nlp, TRAIN[:1])
    examples[0].reference.ents = []  # the group says what was annotated
    assert _targets(pipe, examples)[0] == 6
    assert _targets(pipe, examples_of(nlp, [TRAIN[2], TRAIN[1]])) == (8, [[0]] * 7 + [[1]])


def test_predicted_entities(xlmr):
    nlp, pipe = _pipe(xlmr, use_gold_ents=False)
    examples = examples_of(nlp, TRAIN[:1])
    assert _targets(pipe, examples) == (0, [])
    doc = examples[0].predicted
    doc.ents = [doc.char_span(0, 3, "X"), doc.char_span(12, 16, "Y"), doc.char_span(4, 11, "Z")]
    assert [(e.text) for e in doc.ents] == ["Ada", "founded", "Acme"]
    assert _targets(pipe, examples) == (6, [[0], [1], [0], [0], [0], [0]])


def test_misaligned_gold_is_neither_relation_nor_none(xlmr):
    nlp, pipe = _pipe(xlmr)
    [example] = examples_of(nlp, TRAIN[:1])
    predicted = Doc(nlp.vocab, ["Ada", "founded", "Acme in", "Kyoto"])
    assert _targets(pipe, [Example(predicted, example.reference)]) == (2, [[0], [0]])  # Ada and Kyoto


def test_several_labels_of_a_pair(xlmr):
    text, ents, _ = TRAIN[0]
    data = [(text, ents, [(0, "b", 1), (0, "a", 1), (1, "c", 2)])]
    with pytest.warns(UserWarning, match="LKW522.*1 gold pairs have several.*multi_label"):
        nlp, pipe = _pipe(xlmr, data)
    assert _targets(pipe, examples_of(nlp, data))[1][0] == [pipe.labels.index("b") + 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        nlp, pipe = _pipe(xlmr, data, multi_label=True)
    columns = sorted(pipe.labels.index(label) for label in "ab")
    assert _targets(pipe, examples_of(nlp, data))[1][0] == columns
    assert _targets(pipe, examples_of(nlp, data))[1][1] == []


def test_several_labels_are_learnt_and_thresholds_cut(xlmr):
    text, ents, _ = TRAIN[0]
    data = [(text, ents, [(0, "b", 1), (0, "a", 1), (1, "c", 2)]), *TRAIN[1:]]
    nlp = trained_on(xlmr, data=data, multi_label=True)
    for entry in data:
        assert found(nlp(doc_of(nlp, *entry[:2]))) == expected(entry)
    pipe = nlp.get_pipe("luke_relations")
    pipe.cfg["thresholds"] = {"b": 1.0}
    assert found(nlp(doc_of(nlp, text, ents))) == [r for r in expected(data[0]) if r[1] != "b"]
    pipe.cfg.update(threshold=0.0, thresholds={})
    every = nlp(doc_of(nlp, text, ents))
    assert len(found(every)) == 6 * len(pipe.labels)
    for relation in every._.relations:
        assert 0 < relation.score < 1


def test_labels_unknown_to_the_model(xlmr):
    nlp, pipe = _pipe(xlmr, TRAIN[1:2])
    assert pipe.labels == ("founded",)
    # Acme -- based_in --> Kyoto is not "none"
    assert _targets(pipe, examples_of(nlp, TRAIN[:1])) == (5, [[1], [0], [0], [0], [0]])
    examples = examples_of(nlp, [("Ada met Bob", [(0, 3, "P"), (8, 11, "P")], [(0, "x", 1), (1, "y", 0)])])
    assert pipe.update(examples) == {"luke_relations": 0.0}


def test_constraints_bind_training_and_prediction(xlmr):
    rules = {"founded": [["PERSON", "ORG"]], "based_in": [["ORG", "LOC"]]}
    nlp, pipe = _pipe(xlmr, pairs={"constraints": rules})
    assert _targets(pipe, examples_of(nlp, TRAIN)) == (3, [[1], [2], [1]])
    docs = [doc_of(nlp, *entry[:2]) for entry in TRAIN]
    scores = pipe.predict(docs)
    # founded or none, based_in or none
    assert (scores.probabilities > 0).tolist() == [[True, True, False], [True, False, True], [True, True, False]]
    numpy.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-6)
    with pytest.warns(UserWarning, match="LKW520.*1 of 3 gold relations.*based_in: 1"):
        _pipe(xlmr, pairs={"constraints": {"founded": [["PERSON", "ORG"]]}})


def test_gold_out_of_reach_is_counted_and_missed_in_scores(xlmr):
    rules = {"based_in": [["ORG", "LOC"]], "founded": [["PERSON", "X"]]}
    message = r"LKW520.*'luke_relations' never proposes 2 of 3 gold relations \(66.7%\).*founded: 2"
    with pytest.warns(UserWarning, match=message):
        nlp, pipe = _pipe(xlmr, pairs={"max_words": 1, "constraints": rules})
    examples = examples_of(nlp)
    for eg, (text, ents, _) in zip(examples, TRAIN):
        eg.predicted = doc_of(nlp, text, ents)
    pipe.cfg["constraints"] = None
    scores = nlp.evaluate(examples)
    assert scores["rel_micro_r"] <= 1 / 3


def test_no_gold_at_all(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_relations", config=relations_config(xlmr))
    with pytest.raises(ValueError, match="LK520.*'luke_relations'.*add_label"):
        nlp.initialize(lambda: examples_of(nlp, TRAIN[2:]))
    nlp.get_pipe("luke_relations").add_label("founded")
    bare = [Example.from_dict(nlp.make_doc("a b"), {})]
    with pytest.warns(UserWarning, match="LKW523"):
        nlp.initialize(lambda: bare)


def test_labels(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_relations", config=relations_config(xlmr))
    nlp.initialize(lambda: examples_of(nlp), )
    assert pipe.add_label("founded") == 0 and pipe.label_data == ["founded", "based_in"]
    for bad in ("", 3, None):
        with pytest.raises(ValueError, match="LK501"):
            pipe.add_label(bad)
    doc = doc_of(nlp, *TRAIN[0][:2])
    before = pipe.predict([doc]).probabilities
    assert pipe.add_label("new") == 1
    after = pipe.predict([doc]).probabilities
    assert after.shape[1] == 4
    numpy.testing.assert_allclose(after[:, 1] / after[:, 0], before[:, 1] / before[:, 0], rtol=1e-4)
    optimizer = nlp.create_optimizer()
    nlp.update(examples_of(nlp), sgd=optimizer)
    given = spacy.blank("en")
    pipe = given.add_pipe("luke_relations", config=relations_config(xlmr))
    with pytest.warns(UserWarning, match=r"LKW525.*2 of 3 gold relations \(66.7%\).*founded: 2") as caught:
        pipe.initialize(lambda: examples_of(given), nlp=given, labels=["based_in", "other"])
    assert len(caught) == 1
    assert pipe.labels == ("based_in", "other")


@pytest.mark.parametrize(
    "settings, code",
    [
        ({"threshold": 1.5}, "LK521.*1.5 for all labels"),
        ({"thresholds": {"a": -1.0}}, "LK521.*-1.0 for a"),
        ({"negatives": -1.0}, "LK523"),
        ({"thresholds": {"a": 0.3, "b": 0.4}}, "LK524.*thresholds for a, b and multi_label = false"),
    ],
)
def test_settings_are_checked(settings, code):
    with pytest.raises(ValueError, match=code):
        spacy.blank("en").add_pipe("luke_relations", config=settings)


def test_thresholds_of_labels_that_there_are_not(xlmr):
    with pytest.warns(UserWarning, match="LKW526.*not know: foundd. Its labels are founded, based_in"):
        _pipe(xlmr, multi_label=True, thresholds={"foundd": 0.3, "founded": 0.4})


def test_a_batch_of_many_pairs_has_the_gradient_of_one_batch(xlmr):
    """Questions go forth and back in batches; the gradient is that of the mean."""

    def gradients(batch_size):
        _, pipe = _pipe(xlmr, model={"batch_size": batch_size})
        seen = {}
        loss = pipe.update(examples_of(spacy.blank("en")))["luke_relations"]
        pipe.finish_update(lambda key, weights, gradient, **_: (weights, seen.setdefault(key[1], gradient.copy())))
        return loss, seen

    (loss_a, a), (loss_b, b) = gradients(1), gradients(4096)
    assert loss_a == pytest.approx(loss_b, rel=1e-5) and len(a) > 20
    for name, gradient in a.items():
        numpy.testing.assert_allclose(gradient, b[name], atol=1e-6)


def test_the_gradient_is_that_of_the_loss(xlmr):
    rng = numpy.random.default_rng(0)
    allowed = numpy.asarray([[True, True, True], [True, False, True]])
    for multi_label, targets in ((False, [[0, 1, 0], [1, 0, 0]]), (True, [[1, 1, 0], [0, 0, 1]])):
        _, pipe = _pipe(xlmr, multi_label=multi_label)
        scores = rng.normal(size=(2, 3)).astype("f")
        targets = numpy.asarray(targets, dtype="f")
        loss, d_scores = pipe.get_loss(targets, allowed, scores)
        for i in range(2):
            for j in range(3):
                step = numpy.zeros_like(scores)
                step[i, j] = 1e-2
                above, below = (pipe.get_loss(targets, allowed, scores + s)[0] for s in (step, -step))
                assert d_scores[i, j] == pytest.approx((above - below) / 2e-2, abs=1e-3)
        assert d_scores[1, 1] == 0.0 and loss > 0


def test_empty_docs_in_training(xlmr):
    nlp, pipe = _pipe(xlmr)
    empty = Doc(nlp.vocab, [])
    set_relations(empty, [])
    losses = pipe.update([Example(Doc(nlp.vocab, []), empty), *examples_of(nlp, TRAIN[:1])])
    assert losses["luke_relations"] > 0
    assert pipe.update([]) == {"luke_relations": 0.0}
