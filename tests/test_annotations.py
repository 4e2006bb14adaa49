"""Relations on a Doc survive what Docs go through."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_luke.annotations import Relation, get_relations, register_extensions, set_relations

NLP = spacy.blank("xx")
WORDS = ["Ada", "founded", "Acme", "in", "Kyoto", "東京", "😀"]


def _doc() -> Doc:
    doc = Doc(NLP.vocab, WORDS)
    doc.ents = [doc.char_span(0, 3, "PERSON"), doc.char_span(12, 16, "ORG"), doc.char_span(20, 25, "LOC")]
    return doc


def _plain(relations):
    return [(r.head.text, r.head.label_, r.tail.text, r.tail.label_, r.label, round(r.score, 6)) for r in relations]


EXPECTED = [("Ada", "PERSON", "Acme", "ORG", "founded", 0.75), ("Acme", "ORG", "Kyoto", "LOC", "in", 1.0)]


@pytest.fixture
def doc():
    found = _doc()
    ada, acme, kyoto = found.ents
    set_relations(found, [Relation(ada, acme, "founded", 0.75), (acme, kyoto, "in")])
    return found


def test_written_and_read(doc):
    assert _plain(get_relations(doc)) == EXPECTED
    assert doc.spans["luke_relations"].attrs["relations"] == [[0, 1, "founded", 0.75], [1, 2, "in", 1.0]]
    set_relations(doc, [])
    assert get_relations(doc) == [] and len(doc.spans["luke_relations"]) == 3
    assert get_relations(_doc()) == [] and "luke_relations" not in _doc().spans


def test_heads_and_tails_that_are_no_entities_are_added(doc):
    ada, acme, _ = doc.ents
    last = doc[5:6]
    set_relations(doc, [(ada, last, "a"), (last, acme, "b", 0.5)], spans_key="other")
    assert doc.spans["other"].attrs["relations"] == [[0, 3, "a", 1.0], [3, 1, "b", 0.5]]
    set_relations(doc, [(last, last, "self")], entities=[], spans_key="none")
    assert doc.spans["none"].attrs["relations"] == [[0, 0, "self", 1.0]]
    assert _plain(get_relations(doc)) == EXPECTED


def test_equal_words_with_other_labels_are_two_entities():
    doc = _doc()
    a, b = doc.char_span(0, 3, "A"), doc.char_span(0, 3, "B")
    set_relations(doc, [(b, a, "r")], entities=[a, b])
    assert doc.spans["luke_relations"].attrs["relations"] == [[1, 0, "r", 1.0]]


def _bin(doc):
    return list(DocBin(docs=[doc]).get_docs(spacy.blank("xx").vocab))[0]


COPIES = {
    "copy": lambda doc: doc.copy(),
    "bytes": lambda doc: Doc(spacy.blank("xx").vocab).from_bytes(doc.to_bytes()),
    "DocBin": _bin,
    "DocBin bytes": lambda doc: list(DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(doc.vocab))[0],
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_copies_have_them(doc, copy):
    other = copy(doc)
    del doc
    found = get_relations(other)
    assert _plain(found) == EXPECTED and all(r.head.doc is other for r in found)


def test_extensions(doc):
    register_extensions()
    register_extensions()
    assert _plain(doc._.relations) == EXPECTED
    ada, acme, kyoto = doc.ents
    assert [r.label for r in acme._.relations] == ["founded", "in"]
    assert [r.label for r in ada._.relations] == ["founded"] and doc[3:4]._.relations == []
    assert NLP.make_doc("x")._.relations == []
    assert doc.to_bytes() == doc.copy().to_bytes()  # nothing is kept beside the span group


def test_an_extension_of_the_user_stays(monkeypatch):
    import spacy_luke.annotations as annotations

    register_extensions()
    before = Doc.get_extension("relations")
    Doc.set_extension("relations", default="mine", force=True)
    try:
        annotations.register_extensions()
        assert NLP.make_doc("x")._.relations == "mine"
    finally:
        Doc.set_extension("relations", getter=before[2], force=True)


@pytest.mark.parametrize("row", [[0, 3, "x", 1.0], [-1, 0, "x"], [0, "1", "x"], [0, 1], 7, [0, 1, "x", "much"]])
def test_rows_that_are_no_relation(doc, row):
    doc.spans["luke_relations"].attrs["relations"].append(row)
    with pytest.raises(ValueError, match=r"LK262.*'luke_relations'.*3 entities"):
        get_relations(doc)


@pytest.mark.parametrize("rest", [("",), (None,), (7,), ("x", "much"), ("x", None)])
def test_labels_and_scores_that_are_none(doc, rest):
    with pytest.raises(ValueError, match="LK264"):
        set_relations(doc, [(doc.ents[0], doc.ents[1], *rest)])


def test_spans_of_another_doc(doc):
    other = _doc()
    with pytest.raises(ValueError, match="LK263.*Ada"):
        set_relations(doc, [(other.ents[0], doc.ents[1], "x")])
    with pytest.raises(ValueError, match="LK263"):
        set_relations(doc, [("Ada", doc.ents[1], "x")])
