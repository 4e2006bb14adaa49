"""No waiting for a GPU inside a batch, as far as a CPU can tell."""

from __future__ import annotations

import numpy
import torch
from thinc.api import chain

from spacy_luke.layers import padding
from spacy_luke.layers.encoder import luke_encoder
from spacy_luke.layers.shim import EncoderSettings
from spacy_luke.layers.slot_head import SlotHead
from spacy_luke.types import Question

from ..encoder.util import make_encoder


class _Tokenizer:
    pad = 1


def _model(with_pieces: bool):
    encoder, made = luke_encoder(EncoderSettings(dropout=0.0), init=lambda *args: None), make_encoder()
    encoder.shims[0].load(made.config, dict(made.state_dict()), _Tokenizer(), {})
    head = SlotHead(3, made.config.hidden_size, slots=1, bias=True)
    head.initialize()
    head.attrs["with_pieces"] = with_pieces
    return chain(encoder, head)


def test_a_head_that_reads_pieces_asks_the_device_for_nothing(monkeypatch):
    """`ops.to_numpy` of what lies on a GPU waits for all that it was told to do."""
    model = _model(with_pieces=True)
    questions = [Question(numpy.arange(4, 9), numpy.asarray([2]), numpy.asarray([[1, 3]]), "full")] * 2
    expected = model.predict(questions)

    def waits(*args, **kwargs):
        raise AssertionError("waits for the device")

    for node in model.walk():
        monkeypatch.setattr(node.ops, "to_numpy", waits)
    assert numpy.array_equal(model.predict(questions), expected)
    Y, backprop = model.begin_update(questions)
    backprop(Y)


def test_training_gets_the_same_gradients_where_pieces_are_not_read():
    gradients = []
    for reads_pieces in (True, False):
        model = _model(with_pieces=False)
        encoder = model.layers[0].shims[0].encoder
        for node in model.walk():
            if node.name == "slot_head":
                node.set_param("W", numpy.ones_like(node.get_param("W")))
        torch.manual_seed(0)
        spans = numpy.asarray([[1, 3]])
        questions = [Question(numpy.arange(4, 4 + n), numpy.asarray([2]), spans, "full", reads_pieces=reads_pieces) for n in (5, 7)]
        Y, backprop = model.begin_update(questions)
        backprop(Y)
        gradients.append({name: p.grad for name, p in encoder.named_parameters() if p.grad is not None and p.grad.any()})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=0, atol=1e-4, msg=name)


def test_uploads_keep_the_numbers():
    array = numpy.arange(6)[::2]
    assert padding.upload(array, "cpu").tolist() == [0, 2, 4]
