import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.training.type_targets import GoldTypes, gold_types, parents, type_targets, with_parents

NLP = spacy.blank("xx")


def example(spans, words=("New", "York", "City"), predicted=("New", "York", "City")) -> Example:
    made = Doc(NLP.vocab, words=list(words))
    if spans is not None:
        made.spans["luke_typing"] = [Span(made, *span) for span in spans]
    return Example(Doc(NLP.vocab, words=list(predicted)), made)


@pytest.mark.parametrize(
    "label, separator, expected",
    [
        ("/person/artist/author", "/", ["/person", "/person/artist"]),
        ("person-artist", "-", ["person"]),
        ("/person", "/", []),
        ("person-artist", "/", []),
        ("/person/artist", None, []),
    ],
)
def test_parents(label, separator, expected):
    assert parents(label, separator) == expected


def test_with_parents():
    assert with_parents(["/a/c", "/b", "/a/b/c"], "/") == ["/a", "/a/c", "/b", "/a/b", "/a/b/c"]
    assert with_parents(["/a/c"], None) == ["/a/c"]


def test_spans_of_a_mention_come_together():
    spans = [(2, 3, "city"), (0, 2, "place"), (0, 2, "city"), (0, 3, ""), (0, 2, "place")]
    assert gold_types(example(spans), "luke_typing") == [
        GoldTypes(0, 2, ["place", "city"]), GoldTypes(0, 3, []), GoldTypes(2, 3, ["city"])
    ]  # fmt: skip


def test_no_annotation_is_not_an_empty_one():
    assert gold_types(example(None), "luke_typing") is None
    assert gold_types(example([]), "luke_typing") == []
    assert gold_types(example([(0, 1, "x")]), "other") is None


def test_other_words():
    spans = [(0, 1, "part"), (0, 2, "place"), (2, 3, "city"), (0, 3, "all")]
    found = gold_types(example(spans, predicted=("New York", "City")), "luke_typing")
    assert found == [GoldTypes(0, 1, ["place"]), GoldTypes(0, 2, ["all"]), GoldTypes(1, 2, ["city"])]
    found = gold_types(example([(0, 1, "place")], words=("New York",), predicted=("New", "York")), "luke_typing")
    assert found == [GoldTypes(0, 2, ["place"])]


def test_targets_are_places():
    mentions = [GoldTypes(0, 1, ["/a/b", "/x"]), GoldTypes(1, 2, []), GoldTypes(2, 3, ["/c", "/a"])]
    rows = {"/a": 0, "/a/b": 1, "/c": 2}
    found = [list(zip(*(places.tolist() for places in type_targets(mentions, rows, s)))) for s in ("/", None)]
    assert found == [[(0, 0), (0, 1), (2, 2), (2, 0)], [(0, 1), (2, 2), (2, 0)]]
    assert [len(places) for places in type_targets([], rows, None)] == [0, 0]
