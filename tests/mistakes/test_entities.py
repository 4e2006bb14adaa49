"""Mistakes in entities: groups by hand, and the same counts as spaCy's scorer."""

from __future__ import annotations

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from spacy_luke.mistakes import entity_mistakes

VOCAB = spacy.blank("xx").vocab


def example(words, gold, found, missing=()) -> Example:
    """gold, found: (first word, one past the last, label); missing: words without annotation."""
    docs = [Doc(VOCAB, words, spaces=[True] * (len(words) - 1) + [False]) for _ in range(2)]
    docs[0].set_ents(
        [Span(docs[0], *each) for each in gold], missing=[docs[0][i : i + 1] for i in missing], default="outside"
    )
    docs[1].ents = [Span(docs[1], *each) for each in found]
    return Example(docs[1], docs[0])


def test_groups():
    words = "Ada Lovelace met Lord Byron of Acme Inc in London on Monday".split()
    gold = [(0, 2, "PERSON"), (3, 5, "PERSON"), (6, 8, "ORG"), (9, 10, "GPE"), (11, 12, "DATE")]
    found = [(0, 2, "PERSON"), (4, 5, "PERSON"), (6, 7, "GPE"), (9, 10, "ORG"), (2, 3, "WORK")]
    mistakes = entity_mistakes([example(words, gold, found)])
    assert mistakes.right == 1
    assert mistakes.counts() == {"boundary": 1, "type": 1, "boundary and type": 1, "missed": 1, "spurious": 1}
    rows = {m.group: (words_at(words, m), m.gold, m.found, m.note) for m in mistakes.mistakes}
    assert rows == {
        "boundary": ("Lord Byron", "PERSON", "PERSON", "Byron"),
        "type": ("London", "GPE", "ORG", ""),
        "boundary and type": ("Acme Inc", "ORG", "GPE", "Acme"),
        "missed": ("Monday", "DATE", "", ""),
        "spurious": ("met", "", "WORK", ""),
    }
    assert (
        mistakes.confusion["PERSON", "PERSON"]
        == mistakes.confusion["PERSON", ""]
        == mistakes.confusion["GPE", "ORG"]
        == 1
    )


def words_at(words, mistake):
    return " ".join(words)[mistake.start : mistake.end]


def test_an_entity_is_one_mistake_with_its_nearest():
    words = list("abcdef")
    mistakes = entity_mistakes([example(words, [(0, 4, "X")], [(0, 1, "X"), (1, 5, "Y")])])
    assert [(m.group, m.found, m.note) for m in mistakes.mistakes] == [
        ("boundary and type", "Y", "b c d e"),
        ("spurious", "X", ""),
    ]


def test_words_without_annotation_are_not_judged():
    mistakes = entity_mistakes([example(list("abc"), [(0, 1, "X")], [(0, 1, "X"), (1, 3, "X")], missing=[2])])
    assert (mistakes.right, mistakes.mistakes) == (1, [])
    eg = example(list("abc"), [], [(1, 3, "X")])
    assert len(entity_mistakes([eg]).mistakes) == 1
    eg.reference = Doc(VOCAB, list("abc"))
    assert not entity_mistakes([eg]).mistakes


SPANS = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3), st.sampled_from("XYZ")), max_size=5)


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS, st.sets(st.integers(0, 7), max_size=2))
def test_counts_are_those_of_the_scorer(gold, found, missing):
    doc = Doc(VOCAB, list("abcdefgh"))
    gold, found = (
        [(s.start, s.end, s.label_) for s in filter_spans([Span(doc, a, min(a + n, 8), x) for a, n, x in each])]
        for each in (gold, found)
    )
    missing = [i for i in missing if not any(a <= i < b for a, b, _ in gold)]
    eg = example(list("abcdefgh"), gold, found, missing)
    scores, mistakes = Scorer.score_spans([eg], "ents", getter=lambda doc, attr: doc.ents), entity_mistakes([eg])
    judged = sum(n for (_, said), n in mistakes.confusion.items() if said)
    assert sum(n for (label, _), n in mistakes.confusion.items() if label) == len(gold)
    assert mistakes.right == sum(n for (label, said), n in mistakes.confusion.items() if label == said)
    if gold and not missing:
        assert scores["ents_r"] == mistakes.right / len(gold)
        assert scores["ents_p"] == (mistakes.right / judged if judged else 0)
    by_group = mistakes.counts()
    assert len(gold) == mistakes.right + len(mistakes.mistakes) - by_group["spurious"]
    assert judged == mistakes.right + len(mistakes.mistakes) - by_group["missed"]
