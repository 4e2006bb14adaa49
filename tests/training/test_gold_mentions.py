"""GoldMentions: mentions on the predicted side of any corpus, links on the gold side only."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_luke.training.readers.elevant import build_elevant_reader_v1
from spacy_luke.training.readers.gold_mentions import build_gold_mentions_reader_v1

from .test_readers import LABELS, TEXT, elevant

NLP = spacy.blank("en")


def _corpus(predicted: list[str]):
    def read(nlp):
        reference = Doc(nlp.vocab, ["New", "York", "and", "Tokyo"])
        reference.ents = [Span(reference, 0, 2, label="X", kb_id="Q1"), Span(reference, 3, 4, label="Y")]
        reference.spans["mine"] = [Span(reference, 0, 2, label="Z", kb_id="Q2"), Span(reference, 1, 2, label="Z")]
        yield Example(Doc(nlp.vocab, predicted), reference)

    return read


def _mentions(spans):
    return [(span.text, span.label_, span.kb_id_) for span in spans]


def test_mentions_without_links():
    reader = build_gold_mentions_reader_v1(_corpus(["New York", "and", "To", "kyo"]))
    for _ in range(2):  # once more from the start, as in every epoch
        [example] = reader(NLP)
        assert _mentions(example.predicted.ents) == [("New York", "X", ""), ("To kyo", "Y", "")]
        assert _mentions(example.reference.ents) == [("New York", "X", "Q1"), ("Tokyo", "Y", "")]
        assert not example.predicted.spans


def test_mentions_of_a_span_group():
    [example] = build_gold_mentions_reader_v1(_corpus(["New", "York", "and", "Tokyo"]), "mine")(NLP)
    assert _mentions(example.predicted.spans["mine"]) == [("New York", "Z", ""), ("York", "Z", "")]
    assert len(example.predicted.ents) == 2


def test_what_cannot_be_aligned_is_left_out():
    [example] = build_gold_mentions_reader_v1(_corpus(["New", "York and", "Tokyo"]))(NLP)
    assert _mentions(example.predicted.ents) == [("Tokyo", "Y", "")]


def test_on_another_reader_of_ours(tmp_path):
    elevant(tmp_path / "a.jsonl", {"text": TEXT, "labels": LABELS})
    [example] = build_gold_mentions_reader_v1(build_elevant_reader_v1(tmp_path / "a.jsonl"))(NLP)
    gold = [(text, label, "") for text, label, _ in _mentions(example.reference.ents)]
    assert _mentions(example.predicted.ents) == gold and len(gold) == 2
