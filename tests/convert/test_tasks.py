"""Checkpoints that transformers' classes for LUKE's tasks have saved become pipelines with the same probabilities."""

from __future__ import annotations

import json
import shutil

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc, Span

from spacy_luke.pipeline.from_checkpoint import pipeline_from_checkpoint
from spacy_luke.tokenization.alignment import align, word_offsets
from spacy_luke.tokenization.pieces import PieceTokenizer

from ..vocabularies import TEXTS
from .tasks import LABELS, run, write

pytest.importorskip("transformers", reason="the truth is transformers' LukeForEntity...Classification")

NER_TEXTS = ["Tokyo is the capital of Japan", "山田太郎 は 京都駅 に 行く", "Bob 😀"]


@pytest.fixture(scope="module", params=["bpe", "unigram"], ids=["LukeTokenizer", "MLukeTokenizer"])
def kind(request):
    return request.param


def converted(path, out, task, *args):
    """By the command, then without the checkpoint: the pipeline holds all that it needs."""
    result = run(path, out, "--task", task, *args)
    assert result.exit_code == 0, result.output
    shutil.rmtree(path)
    return spacy.load(out)


def doc_of(nlp, text, *spans):
    """Words that begin and end where the entities do. RETURNS: the Doc, entities as they come."""
    borders = sorted({0, len(text), *(border for span in spans for border in span)})
    words = [text[a:b] for a, b in zip(borders, borders[1:])]
    doc = Doc(nlp.vocab, words=words, spaces=[False] * len(words))
    assert doc.text == text
    found = [Span(doc, borders.index(a), borders.index(b), label="X") for a, b in spans]
    doc.ents = found
    return doc, found


@torch.no_grad()
def logits_of(model, tokenizer, text, *spans):
    return model(**tokenizer(text, entity_spans=list(spans), return_tensors="pt")).logits[0]


def test_typing(tokenizers, tmp_path, kind):
    model, tokenizer = write(tokenizers, tmp_path / "hf", "typing", kind)
    nlp = converted(tmp_path / "hf", tmp_path / "out", "typing")
    assert nlp.get_pipe("luke_typing").labels == tuple(LABELS["typing"])
    n_found = n_asked = 0
    for text, *spans in TEXTS:
        doc, ents = doc_of(nlp, text, *spans)
        nlp(doc)
        for ent, span in zip(ents, spans):
            expected = torch.sigmoid(logits_of(model, tokenizer, text, span)).tolist()
            above = {label: score for label, score in zip(LABELS["typing"], expected) if score >= 0.5}
            assert ent._.luke_types == pytest.approx(above, abs=1e-5)
            n_found, n_asked = n_found + len(above), n_asked + len(expected)
    assert 10 < n_found < n_asked - 10


def test_relations(tokenizers, tmp_path, kind):
    model, tokenizer = write(tokenizers, tmp_path / "hf", "relations", kind)
    nlp = converted(tmp_path / "hf", tmp_path / "out", "relations", "--lang", "en")
    assert nlp.lang == "en"
    assert nlp.get_pipe("luke_relations").labels == ("per:title", "org:founded", "per:origin")
    labels = set()
    for text, *spans in TEXTS:
        doc, ents = doc_of(nlp, text, *spans)
        nlp(doc)
        found = {(r.head.start, r.tail.start): (r.label, r.score) for r in doc._.relations}
        [[forth, back]] = [nlp.get_pipe("luke_relations").predict([doc]).probabilities]
        if ents[0].start > ents[1].start:  # doc.ents are in the order of the text
            forth, back = back, forth
        for (head, tail), probabilities in (((0, 1), forth), ((1, 0), back)):
            expected = torch.softmax(logits_of(model, tokenizer, text, spans[head], spans[tail]), 0)
            numpy.testing.assert_allclose(probabilities, expected[[2, 0, 1, 3]], atol=1e-5)
            best = LABELS["relations"][int(expected.argmax())]
            labels.add(best)
            relation = found.pop((ents[head].start, ents[tail].start), ("no_relation", float(expected[2])))
            assert relation == (best, pytest.approx(float(expected.max()), abs=1e-5))
        assert not found
    assert len(labels) > 2


@pytest.mark.parametrize("pretrained", [True, False])
def test_ner_on_our_words(tokenizers, tmp_path, kind, pretrained):
    """luke_ner tokenises word by word as the authors' NER code does, so transformers' model gets these pieces, and
    all spans at once. An encoder that we have made from a BERT and transformers has fine-tuned is no exception."""
    settings = {} if pretrained else {"entities_pretrained": False}
    model, _ = write(tokenizers, tmp_path / "hf", "ner", kind, **settings)
    mask = json.loads((tmp_path / "hf/entity_vocab.json").read_text())["[MASK]"]
    tokenizer = PieceTokenizer.from_directory(tmp_path / "hf")
    nlp = converted(tmp_path / "hf", tmp_path / "out", "ner")
    pipe = nlp.get_pipe("luke_ner")
    assert pipe.labels == ("MISC", "PER", "ORG")
    pipe.cfg["min_score"] = 0.0
    for text in NER_TEXTS:
        doc = nlp(text)
        spans = [tuple(span) for span in pipe.suggester([doc]).data.tolist()]
        expected = torch.softmax(_span_logits(model, tokenizer, doc, spans, mask), 1).tolist()
        group = doc.spans["luke_ner"]
        found = {(s.start, s.end, s.label_): p for s, p in zip(group, group.attrs["scores"].tolist())}
        wanted = {
            (*span, label): p
            for span, row in zip(spans, expected)
            for label, p in zip(LABELS["ner"], row)
            if label != "NIL"
        }
        assert found == pytest.approx({key: p for key, p in wanted.items() if key in found}, abs=1e-4)
        assert all(p < 1e-8 for key, p in wanted.items() if key not in found)
        assert {label for *_, label in found} == {"MISC", "PER", "ORG"}
        for ent in doc.ents:
            row = expected[spans.index((ent.start, ent.end))]
            assert LABELS["ner"][int(numpy.argmax(row))] == ent.label_


@torch.no_grad()
def _span_logits(model, tokenizer, doc, spans, mask):
    starts, ends = word_offsets(doc)
    pieces = tokenizer.encode_words([doc.text], [starts], [ends])[0]
    alignment = align(pieces, starts, ends)
    places = [(int(alignment.first[s]) + 1, int(alignment.last[e - 1]) + 1) for s, e in spans]
    positions = torch.full((1, len(spans), 60), -1)
    for i, (start, end) in enumerate(places):
        positions[0, i, : end - start] = torch.arange(start, end)
    return model(
        input_ids=torch.tensor([[tokenizer.cls, *pieces.ids.tolist(), tokenizer.sep]]),
        entity_ids=torch.full((1, len(spans)), mask),
        entity_position_ids=positions,
        entity_start_positions=torch.tensor([[start for start, _ in places]]),
        entity_end_positions=torch.tensor([[end - 1 for _, end in places]]),
    ).logits[0]


def test_from_text_to_relations_by_a_ruler(tokenizers, tmp_path):
    """nlp(text): the entities come from a pipe in front."""
    model, tokenizer = write(tokenizers, tmp_path / "hf", "relations", labels=["per:title", "org:founded"] + ["O"])
    nlp, classifier = pipeline_from_checkpoint(tmp_path / "hf", "relations")
    assert classifier.none == "O"
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "LOC", "pattern": name} for name in ("Tokyo", "Japan")])
    text = "Tokyo is the capital of Japan."
    probabilities = nlp.get_pipe("luke_relations").predict([ruler(nlp.make_doc(text))]).probabilities
    expected = torch.softmax(logits_of(model, tokenizer, text, (0, 5), (24, 29)), 0)
    numpy.testing.assert_allclose(probabilities[0], expected[[2, 0, 1]], atol=1e-5)
    found = {(r.head.text, r.label): r.score for r in nlp(text)._.relations}
    assert found.get(("Tokyo", "per:title"), 0.0) in (0.0, pytest.approx(float(expected[0]), abs=1e-5))
