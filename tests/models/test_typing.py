"""luke_typing's model against transformers' LukeForEntityClassification and tokenizers, from text to logits."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc

from spacy_luke.models.encoder import get_shim
from spacy_luke.models.typing import ask, was_asked
from spacy_luke.tokenization.pieces import PieceTokenizer

from ..tiny import SIZES, encoder_config
from ..vocabularies import TEXTS, write_bpe, write_json, write_sentencepiece

N_TYPES = 5


@pytest.fixture(scope="module", params=["luke", "mluke", "luke-plain"])
def hf(request, tmp_path_factory):
    """A random LUKE with a head for typing, its tokenizer, and their directory."""
    transformers = pytest.importorskip("transformers", reason="the truth is transformers' LukeForEntityClassification")
    is_luke = request.param.startswith("luke")
    path = (write_bpe if is_luke else write_sentencepiece)(tmp_path_factory.mktemp(request.param))
    kind = transformers.LukeTokenizer if is_luke else transformers.MLukeTokenizer
    kind.from_pretrained(path).save_pretrained(path)
    if not is_luke:
        write_json(path / "entity_vocab.json", {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3})
    tokenizer = PieceTokenizer.from_directory(path)
    torch.manual_seed(0)
    config = transformers.LukeConfig(
        vocab_size=tokenizer.vocab_size,
        pad_token_id=tokenizer.pad,
        entity_vocab_size=5 if is_luke else 4,
        entity_emb_size=16,
        max_position_embeddings=400,
        use_entity_aware_attention=request.param == "luke",
        num_labels=N_TYPES,
        **SIZES,
    )
    model = transformers.LukeForEntityClassification(config).eval()
    for name, parameter in model.named_parameters():
        parameter.data.normal_(0.0, 0.3)
        parameter.data += 1.0 if "LayerNorm.weight" in name else 0.0
    model.luke.save_pretrained(path)
    return model, kind.from_pretrained(path, task="entity_classification"), path


def _model(path, n_types=N_TYPES, **settings):
    config = {"@architectures": "spacy_luke.LukeTyping.v1", "nO": n_types, "encoder": encoder_config(path), **settings}
    model = spacy.registry.resolve({"model": config})["model"]
    model.initialize()
    return model


def _ours(hf, **settings):
    theirs, _, path = hf
    model = _model(path, **settings)
    head = model.get_ref("output_layer")
    head.set_param("W", theirs.classifier.weight.detach().numpy().copy())
    head.set_param("b", theirs.classifier.bias.detach().numpy().copy())
    return model


def _doc(text, spans):
    """Words that begin and end where the mentions do. RETURNS: the Doc, mentions in words."""
    vocab = spacy.blank("xx").vocab
    borders = sorted({0, len(text), *(border for span in spans for border in span)})
    words = [text[a:b] for a, b in zip(borders, borders[1:])]
    doc = Doc(vocab, words=words, spaces=[False] * len(words))
    assert doc.text == text
    return doc, numpy.asarray([(borders.index(a), borders.index(b)) for a, b in spans])


@torch.no_grad()
def _expected(hf, text, span):
    model, tokenizer, _ = hf
    inputs = tokenizer(text, entity_spans=[span], return_tensors="pt")
    return model(**inputs).logits[0].numpy()


LONG = ("Tokyo is " * 3 + "the capital " * 20 + "of Japan", (0, 80), (9, 14))


def test_logits_equal_transformers(hf):
    """Several mentions and Docs at once, one of them of more than 30 pieces, against one text at a time."""
    texts = [*TEXTS, LONG]
    docs, mentions = zip(*(_doc(text, spans) for text, *spans in texts))
    scores = _ours(hf).predict((list(docs), list(mentions)))
    expected = numpy.stack([_expected(hf, text, span) for text, *spans in texts for span in spans])
    assert scores.shape == (2 * len(texts), N_TYPES)
    numpy.testing.assert_allclose(scores, expected, atol=1e-5)
    assert numpy.ptp(scores, axis=0).min() > 0.2  # the scores differ, so being equal means something


@torch.no_grad()
def test_without_markers_equal_transformers(hf):
    """All mentions of a text are [MASK] entities of one pass: LukeTokenizer without a task, LukeModel, and the
    classifier over the state of each."""
    theirs, tokenizer, path = hf
    tokenizer = type(tokenizer).from_pretrained(path)
    texts = [*TEXTS, LONG]
    docs, mentions = zip(*(_doc(text, spans) for text, *spans in texts))
    expected = []
    for text, *spans in texts:
        inputs = tokenizer(text, entities=["[MASK]"] * len(spans), entity_spans=spans, return_tensors="pt")
        expected += theirs.classifier(theirs.luke(**inputs).entity_last_hidden_state[0]).numpy().tolist()
    model = _ours(hf, markers=False)
    asked = ask(model, list(docs), list(mentions))
    assert len(asked.questions) == len(texts) and asked.rows.tolist() == list(range(2 * len(texts)))
    scores = model.predict((list(docs), list(mentions)))
    numpy.testing.assert_allclose(scores, expected, atol=1e-5)
    assert abs(scores - _ours(hf).predict((list(docs), list(mentions)))).max() > 0.1


def test_probabilities_through_small_batches(hf):
    theirs = _ours(hf)
    small = _ours(hf)
    small.layers[0].attrs["batch_size"] = 1
    docs, mentions = zip(*(_doc(text, spans) for text, *spans in TEXTS))
    numpy.testing.assert_allclose(
        small.predict((list(docs), list(mentions))), theirs.predict((list(docs), list(mentions))), atol=1e-5
    )


def test_gradients_equal_transformers(hf):
    theirs, tokenizer, _ = hf
    text, span, _ = TEXTS[2]
    d_scores = numpy.asarray([[0.5, -1.0, 0.25, 0.0, 2.0]], dtype="f")
    theirs.zero_grad()
    theirs(**tokenizer(text, entity_spans=[span], return_tensors="pt")).logits.backward(torch.tensor(d_scores))
    model = _ours(hf)
    doc, mentions = _doc(text, [span])
    _, backprop = model.begin_update(([doc], [mentions]))
    backprop(d_scores)
    head = model.get_ref("output_layer")
    numpy.testing.assert_allclose(head.get_grad("W"), theirs.classifier.weight.grad, atol=1e-5)
    ours = dict(get_shim(model.get_ref("encoder")).encoder.named_parameters())
    for name in ("encoder.layer.0.attention.self.value.weight", "entity_embeddings.entity_embedding_dense.weight"):
        expected = theirs.luke.get_parameter(name).grad
        assert expected.abs().max() > 0.01
        torch.testing.assert_close(ours[name].grad, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("markers", [True, False])
def test_what_cannot_be_asked_has_no_probability(xlmr_24, markers):
    """Longer than a window, and without a piece."""
    model = _model(xlmr_24, 3, markers=markers)
    doc = Doc(spacy.blank("xx").vocab, words=["old"] * 40 + ["\u200b", "Tokyo"])
    mentions = numpy.asarray([[0, 30], [40, 41], [41, 42]])
    scores, backprop = model.begin_update(([doc], [mentions]))
    assert was_asked(scores).tolist() == [False, False, True]
    assert model.ops.sigmoid(scores[:2]).max() < 1e-8  # Thinc's stops at exp(20)
    d_scores = numpy.ones_like(scores)
    backprop(d_scores)
    assert model.get_ref("output_layer").get_grad("b").tolist() == [1.0] * 3  # of the one that was asked


@pytest.mark.parametrize("markers", [True, False])
def test_nothing_to_ask(xlmr, markers):
    model = _model(xlmr, 3, markers=markers)
    doc = Doc(spacy.blank("xx").vocab, words=["old"])
    nothing = numpy.zeros((0, 2), dtype="int64")
    assert model.predict(([doc, doc], [nothing, nothing])).shape == (0, 3)
    assert model.predict(([], [])).shape == (0, 3)
