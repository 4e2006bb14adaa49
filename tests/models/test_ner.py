"""luke_ner's model against Hugging Face's LukeForEntitySpanClassification, from text to logits."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch

from spacy_luke.features.suggesters import build_word_span_suggester_v1
from spacy_luke.models.encoder import get_shim
from spacy_luke.tokenization.alignment import align, word_offsets

from .. import vocabularies
from ..tiny import SIZES

TEXTS = ["Tokyo is the capital of Japan", "山田太郎 は 京都駅 に 行く", "Bob 😀"]


@pytest.fixture(scope="module", params=[True, False], ids=["entity-aware", "plain"])
def hf(request, tmp_path_factory):
    """A random LUKE with a head for NER, and its directory in Hugging Face layout."""
    from transformers import LukeConfig, LukeForEntitySpanClassification

    from spacy_luke.tokenization.pieces import PieceTokenizer

    path = vocabularies.write_sentencepiece(tmp_path_factory.mktemp("luke"))
    torch.manual_seed(0)
    config = LukeConfig(
        vocab_size=len(PieceTokenizer.from_directory(path)),
        entity_vocab_size=6,
        entity_emb_size=16,
        max_position_embeddings=130,
        use_entity_aware_attention=request.param,
        num_labels=3,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        **SIZES,
    )
    model = LukeForEntitySpanClassification(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.2)
    model.luke.save_pretrained(path)
    return model, path


def _model(path, view=None, **encoder):
    encoder = {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(path), **encoder}
    config = {"@architectures": "spacy_luke.LukeNER.v1", "view": view, "nO": 3, "encoder": encoder}
    model = spacy.registry.resolve({"model": config})["model"]
    model.initialize()
    return model


def _ours(path, hf_model, view):
    model = _model(path, view)
    head = model.get_ref("output_layer")
    head.set_param("W", hf_model.classifier.weight.detach().numpy().reshape(3, 3, -1).copy())
    head.set_param("b", hf_model.classifier.bias.detach().numpy().copy())
    return model


@pytest.mark.parametrize("view", [None, "full"])
def test_logits_equal_hugging_face(hf, view):
    hf_model, path = hf
    ours = _ours(path, hf_model, view)
    tokenizer = get_shim(ours.get_ref("encoder")).tokenizer
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in TEXTS]
    suggester = build_word_span_suggester_v1(4)
    scores = ours.predict((docs, suggester(docs)))
    expected = []
    for doc in docs:
        starts, ends = word_offsets(doc)
        pieces = tokenizer.encode_words([doc.text], [starts], [ends])[0]
        alignment = align(pieces, starts, ends)
        spans = [(alignment.first[s] + 1, alignment.last[e - 1] + 1) for s, e in suggester([doc]).data]
        positions = torch.full((1, len(spans), 30), -1)
        for i, (start, end) in enumerate(spans):
            positions[0, i, : end - start] = torch.arange(start, end)
        with torch.no_grad():
            output = hf_model(
                input_ids=torch.tensor([[tokenizer.cls, *pieces.ids, tokenizer.sep]]),
                entity_ids=torch.zeros((1, len(spans)), dtype=torch.long),  # [MASK] of a lite vocabulary
                entity_position_ids=positions,
                entity_start_positions=torch.tensor([[start for start, _ in spans]]),
                entity_end_positions=torch.tensor([[end - 1 for _, end in spans]]),
            )
        expected.append(output.logits[0].numpy())
    numpy.testing.assert_allclose(scores, numpy.concatenate(expected), atol=1e-4)
    assert numpy.ptp(scores[:, 0]) > 0.02  # the scores differ, so being equal means something


def test_the_view_follows_the_checkpoint(hf, xlmr):
    """"full" for what was pretrained with entities, "words" for what was not."""
    hf_model, path = hf
    docs = [spacy.blank("xx").make_doc(TEXTS[0])]
    all_spans, few = build_word_span_suggester_v1(4)(docs), build_word_span_suggester_v1(1)(docs)
    single = numpy.flatnonzero(numpy.diff(all_spans.data, axis=1)[:, 0] == 1)
    for source, independent in ((path, False), (xlmr, True)):
        model = _model(source)
        difference = abs(model.predict((docs, all_spans))[single] - model.predict((docs, few))).max()
        assert (difference < 1e-5) == independent


def test_bfloat16_is_close_and_trains(hf, xlmr):
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in TEXTS]
    spans = build_word_span_suggester_v1(3)(docs)
    outputs = {}
    for dtype in ("float32", "bfloat16"):
        spacy.util.fix_random_seed(0)
        model = _model(xlmr, dtype=dtype)
        scores, backprop = model.begin_update((docs, spans))
        backprop(numpy.ones_like(scores))
        gradients = list(get_shim(model.get_ref("encoder")).gradients())
        assert scores.dtype == "float32" and all(g.dtype == torch.float32 for g in gradients)
        outputs[dtype] = scores, torch.cat([g.flatten() for g in gradients])
    (a, da), (b, db) = outputs.values()
    assert 0 < abs(a - b).max() < 0.05
    assert torch.nn.functional.cosine_similarity(da, db, dim=0) > 0.99


def test_the_dropout_of_the_config_replaces_that_of_the_checkpoint(xlmr):
    docs = [spacy.blank("xx").make_doc(TEXTS[0])]
    spans = build_word_span_suggester_v1(3)(docs)
    for dropout, differs in ((None, False), (0.5, True)):  # the tiny checkpoint has none
        model = _model(xlmr, dropout=dropout)
        first, second = (model.begin_update((docs, spans))[0] for _ in range(2))
        assert (abs(first - second).max() > 1e-3) == differs
        assert get_shim(model.get_ref("encoder")).config.hidden_dropout_prob == 0.0


def test_gradient_checkpointing_gives_the_same_gradients(xlmr):
    docs = [spacy.blank("xx").make_doc(text) for text in TEXTS]
    spans = build_word_span_suggester_v1(3)(docs)
    gradients = []
    for checkpointing in (False, True):
        model = _model(xlmr, gradient_checkpointing=checkpointing)
        numpy.random.seed(0)
        model.get_ref("output_layer").initialize()
        scores, backprop = model.begin_update((docs, spans))
        backprop(numpy.ones_like(scores))
        gradients.append(torch.cat([g.flatten() for g in get_shim(model.get_ref("encoder")).gradients()]))
    torch.testing.assert_close(*gradients)
