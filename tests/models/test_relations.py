"""luke_relations' model against Hugging Face's LukeForEntityPairClassification, from text to logits."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch

from spacy_luke.models.relations import ask

from .. import vocabularies
from ..features.test_mentions import _doc
from ..tiny import SIZES

transformers = pytest.importorskip("transformers", reason="the truth is LukeForEntityPairClassification")


def _write(write, path):
    """A vocabulary with markers, as published checkpoints have them, and the tokenizer of transformers."""
    write(path)
    kind = transformers.MLukeTokenizer if write is vocabularies.write_sentencepiece else transformers.LukeTokenizer
    kind.from_pretrained(path).save_pretrained(path)
    return kind.from_pretrained(path, task="entity_pair_classification")


@pytest.fixture(scope="module", params=[(vocabularies.write_bpe, True), (vocabularies.write_sentencepiece, False)],
                ids=["LukeTokenizer, entity-aware", "MLukeTokenizer, plain"])  # fmt: skip
def hf(request, tmp_path_factory):
    """A random LUKE with a head for relations, its tokenizer, its directory."""
    write, entity_aware = request.param
    path = tmp_path_factory.mktemp("luke")
    tokenizer = _write(write, path)
    torch.manual_seed(0)
    config = transformers.LukeConfig(
        vocab_size=len(tokenizer),
        entity_vocab_size=6,
        entity_emb_size=16,
        max_position_embeddings=130,
        use_entity_aware_attention=entity_aware,
        num_labels=5,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        **SIZES,
    )
    model = transformers.LukeForEntityPairClassification(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    model.luke.save_pretrained(path)
    return model, tokenizer, path


def _ours(path, hf_model):
    encoder = {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(path)}
    config = {"@architectures": "spacy_luke.LukeRelations.v1", "nO": 5, "encoder": encoder, "batch_size": 64}
    model = spacy.registry.resolve({"model": config})["model"]
    model.initialize()
    model.get_ref("output_layer").set_param("W", hf_model.classifier.weight.detach().numpy().copy())
    return model


def test_logits_equal_hugging_face(hf):
    hf_model, tokenizer, path = hf
    ours = _ours(path, hf_model)
    docs, pairs, expected = [], [], []
    for text, head, tail in vocabularies.TEXTS:
        doc, words = _doc(text, [head, tail])
        docs.append(doc)
        pairs.append([words, words[::-1]])
        for spans in ((head, tail), (tail, head)):
            with torch.no_grad():
                inputs = tokenizer(text, entity_spans=list(spans), return_tensors="pt")
                expected.append(hf_model(**inputs).logits[0].numpy())
    asked = ask(ours, docs, pairs)
    assert asked.rows.tolist() == list(range(len(expected)))
    numpy.testing.assert_allclose(ours.predict(asked.questions), numpy.stack(expected), atol=1e-5)
    both = numpy.stack(expected).reshape(-1, 2, 5)
    assert abs(both[:, 0] - both[:, 1]).max(axis=1).min() > 1e-3  # directions differ, so being equal means something


def test_gradients_equal_hugging_face(hf):
    hf_model, tokenizer, path = hf
    ours = _ours(path, hf_model)
    text, head, tail = vocabularies.TEXTS[2]
    doc, words = _doc(text, [head, tail])
    scores, backprop = ours.begin_update(ask(ours, [doc], [[words]]).questions)
    weights = numpy.asarray([[1.0, -2.0, 0.5, 0.0, 3.0]], dtype="f")
    backprop(weights)
    hf_model.zero_grad()
    logits = hf_model(**tokenizer(text, entity_spans=[head, tail], return_tensors="pt")).logits
    (logits * torch.tensor(weights)).sum().backward()
    grad = ours.get_ref("output_layer").get_grad("W")
    numpy.testing.assert_allclose(grad, hf_model.classifier.weight.grad.numpy(), atol=1e-4)
    parameters = dict(ours.get_ref("encoder").shims[0].encoder.named_parameters())
    theirs = dict(hf_model.luke.named_parameters())
    compared = 0
    for name, value in parameters.items():
        their = theirs[name].grad if name in theirs else None
        if their is not None and value.grad is not None and value.shape == their.shape:
            torch.testing.assert_close(value.grad, their, atol=1e-3, rtol=1e-3)
            compared += 1
    assert compared > 20
