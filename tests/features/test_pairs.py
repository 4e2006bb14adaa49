"""Which pairs are proposed: by hand, and against the rule written as plainly as possible."""

from __future__ import annotations

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from thinc.api import Config

from spacy_luke.annotations import Relation
from spacy_luke.features.pairs import build_pair_getter_v1, learn_constraints

NLP = spacy.blank("xx")


def _doc(spans, n=12, starts=()):
    doc = Doc(NLP.vocab, ["w"] * n, sent_starts=[i in starts for i in range(n)] if starts else None)
    doc.spans["mine"] = [Span(doc, start, end, label=label) for start, end, label in spans]
    return doc


def _pairs(doc, **config):
    [found] = build_pair_getter_v1(entities_key="mine", **config)([doc])
    assert found.pairs.shape == (len(found.labels), 2)
    return [tuple(pair) for pair in found.pairs.tolist()]


SPANS = [(0, 2, "A"), (3, 4, "B"), (9, 11, "A")]


def test_all_ordered_pairs():
    assert _pairs(_doc(SPANS), max_words=None) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    assert _pairs(_doc(SPANS[:1])) == _pairs(_doc([])) == []


def test_entities_are_those_of_the_doc_or_given():
    doc = _doc(SPANS)
    doc.ents = [Span(doc, 3, 4, label="X"), Span(doc, 5, 6, label="Y")]
    [found] = build_pair_getter_v1()([doc])
    assert [e.label_ for e in found.entities] == ["X", "Y"] and len(found.pairs) == 2
    [found] = build_pair_getter_v1()([doc], entities=[doc.spans["mine"]])
    assert [e.label_ for e in found.entities] == ["A", "B", "A"] and len(found.pairs) == 6
    assert build_pair_getter_v1(entities_key="none")([doc])[0].entities == []


def test_within_n_words():
    # 1 word between the first two, 5 between the last, 7 between the outer
    assert _pairs(_doc(SPANS), max_words=1) == [(0, 1), (1, 0)]
    assert _pairs(_doc(SPANS), max_words=0) == []
    assert _pairs(_doc(SPANS), max_words=5) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert len(_pairs(_doc(SPANS), max_words=7)) == 6
    # those that touch, overlap or are the same have no word between them
    assert len(_pairs(_doc([(0, 2, "A"), (2, 3, "B"), (0, 2, "C"), (1, 3, "D")]), max_words=0)) == 12


def test_same_sentence():
    assert _pairs(_doc(SPANS, starts=(0, 3)), same_sentence=True) == [(1, 2), (2, 1)]
    assert len(_pairs(_doc(SPANS), same_sentence=True)) == 6  # no sentence boundaries
    assert _pairs(_doc([(1, 5, "A"), (2, 3, "B"), (4, 5, "C")], starts=(0, 4)), same_sentence=True) == [(0, 1), (1, 0)]


def test_constraints():
    doc = _doc([*SPANS, (5, 6, "C")])

    def labels(rules):
        [found] = build_pair_getter_v1("mine", constraints=rules)([doc])
        return dict(zip(map(tuple, found.pairs.tolist()), found.labels, strict=True))

    of_r, of_both, of_c = {"r"}, {"r", "s"}, {"t"}
    found = labels({"r": [["A", "B"], ["B", "A"]], "s": [["A", "B"]], "t": [["C", "*"]]})
    assert found == {
        **{(0, 1): of_both, (2, 1): of_both, (1, 0): of_r, (1, 2): of_r},
        **{(3, 0): of_c, (3, 1): of_c, (3, 2): of_c},
    }
    found = labels({"*": [["A", "B"]], "r": [["B", "A"]]})
    assert found == {(0, 1): None, (2, 1): None, (1, 0): of_r, (1, 2): of_r}
    assert _pairs(doc, constraints={}) == []


def test_learnt_constraints():
    doc = _doc(SPANS)
    a, b, c = doc.spans["mine"]
    learnt = learn_constraints([Relation(a, b, "r"), Relation(c, b, "r"), Relation(b, a, "r"), Relation(a, c, "s")])
    assert learnt == {"r": [["A", "B"], ["B", "A"]], "s": [["A", "A"]]}
    getter = build_pair_getter_v1("mine", constraints="learn")
    [found] = getter([doc], constraints=learnt)
    assert dict(zip(map(tuple, found.pairs.tolist()), found.labels))[0, 2] == {"s"}
    assert len(getter([doc])[0].pairs) == 6  # nothing was learnt yet
    own = build_pair_getter_v1("mine", constraints={"r": [["B", "*"]]})
    assert len(own([doc], constraints=learnt)[0].pairs) == 2  # those of the config stay


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_as_the_rule_says(data):
    n = data.draw(st.integers(1, 15))
    starts = {0, *data.draw(st.sets(st.integers(0, n - 1)))}
    span = st.tuples(st.integers(0, n - 1), st.integers(1, 4), st.sampled_from("ABC"))
    spans = [(a, min(n, a + k), label) for a, k, label in data.draw(st.lists(span, max_size=6))]
    max_words, same = data.draw(st.sampled_from([None, 0, 2, 5])), data.draw(st.booleans())
    rules = data.draw(st.sampled_from([None, {"r": [["A", "B"], ["C", "*"]]}]))
    doc = _doc(spans, n, starts)
    sentence = [sum(s <= i for s in starts) for i in range(n)]
    expected = []
    for i, (a, b, head) in enumerate(spans):
        for j, (c, d, tail) in enumerate(spans):
            between = set(range(n)) & (set(range(b, c)) | set(range(d, a)))
            if (
                i != j
                and (max_words is None or len(between) <= max_words)
                and (not same or sentence[a] == sentence[c])
                and (rules is None or head == "C" or (head, tail) == ("A", "B"))
            ):
                expected.append((i, j))
    assert _pairs(doc, max_words=max_words, same_sentence=same, constraints=rules) == expected


@pytest.mark.parametrize("bad", [{"r": ["AB"]}, {"r": [["A"]]}, {"r": [["A", "B", "C"]]}, {"r": "AB"}])
def test_bad_constraints(bad):
    with pytest.raises(ValueError, match="LK260.*'r'"):
        build_pair_getter_v1(constraints=bad)
    with pytest.raises(ValueError, match="LK261.*-1"):
        build_pair_getter_v1(max_words=-1)


def test_a_config_can_name_it():
    text = """
    [getter]
    @misc = "spacy_luke.pair_getter.v1"
    same_sentence = true
    max_words = null
    constraints = {"*": [["E1", "E2"]], "org:x(e2,e1)": [["*", "E3"]]}
    """
    getter = spacy.registry.resolve(Config().from_str(text))["getter"]
    assert getter.constraints == {"*": [["E1", "E2"]], "org:x(e2,e1)": [["*", "E3"]]}
    assert (getter.entities_key, getter.same_sentence, getter.max_words) == (None, True, None)


def test_no_docs():
    assert build_pair_getter_v1()([]) == []
    assert build_pair_getter_v1()([Doc(NLP.vocab, [])])[0].pairs.tolist() == numpy.zeros((0, 2)).tolist()
