import numpy
import pytest

from spacy_luke.training.type_thresholds import best_threshold, global_threshold, imply_parents, label_thresholds


def best(answers, n_gold=None):
    """answers: probability, is it gold."""
    probabilities, gold = zip(*answers)
    gold = numpy.asarray(gold, dtype=bool)
    return best_threshold(numpy.asarray(probabilities, dtype="float32"), gold, gold.sum() if n_gold is None else n_gold)


def test_by_hand():
    # F1 2/3, 1/2, 4/5, 2/3
    assert best([(0.6, 1), (0.9, 1), (0.2, 0), (0.7, 0)]) == pytest.approx(0.4)
    # with three more gold that have no answer: 2/6, 2/7, 4/8, 4/9
    assert best([(0.6, 1), (0.9, 1), (0.2, 0), (0.7, 0)], 5) == pytest.approx(0.4)
    # the last answer is the best cut: nothing is below
    assert best([(0.6, 0), (0.4, 1)]) == pytest.approx(0.2)
    # equal probabilities cannot be parted: all three or none
    assert best([(0.6, 1), (0.6, 0), (0.6, 0), (0.1, 0)]) == pytest.approx(0.35)
    # of equally good ones the highest: F1 2/3 with one answer, and with four
    assert best([(0.9, 1), (0.8, 0), (0.7, 0), (0.6, 1)]) == pytest.approx(0.85)


def test_nothing_right():
    assert best([(0.9, 0), (0.8, 0)]) is None
    assert best_threshold(numpy.zeros(0, dtype="f"), numpy.zeros(0, dtype=bool), 3) is None


def test_no_threshold_is_better():
    rng = numpy.random.default_rng(0)
    probabilities = rng.random((40, 7)).astype("f")
    is_gold = rng.random((40, 7)) < 0.2 + 0.5 * probabilities

    def f1(threshold):
        found = probabilities >= threshold
        return 2 * (found & is_gold).sum() / (found.sum() + is_gold.sum())

    threshold = global_threshold(probabilities, *numpy.nonzero(is_gold), int(is_gold.sum()))
    assert f1(threshold) >= max(map(f1, numpy.linspace(0.001, 1, 1000))) - 1e-9


def test_types_with_enough_gold_have_their_own():
    probabilities = numpy.stack([numpy.linspace(0.99, 0.01, 50)] * 3, axis=1)
    rows = [*range(10), *range(20), *range(9)]
    types = [0] * 10 + [1] * 20 + [2] * 9
    found = label_thresholds(probabilities, numpy.asarray(rows), numpy.asarray(types))
    assert found == {0: pytest.approx(0.80), 1: pytest.approx(0.60)}


def test_parents_are_at_least_as_probable():
    probabilities = numpy.asarray([[0.1, 0.9, 0.3], [0.8, 0.2, 0.3]])
    imply_parents(probabilities, [[], [0], []])
    assert probabilities.tolist() == [[0.9, 0.9, 0.3], [0.8, 0.2, 0.3]]
