"""The heads of typing and relations: numbers and gradients equal those of torch."""

import numpy
import pytest
import torch
from thinc.api import set_dropout_rate

from spacy_luke.layers.larger_head import larger_head
from spacy_luke.layers.slot_head import SlotHead
from spacy_luke.types import LukeStates

RNG = numpy.random.default_rng(0)
KINDS = pytest.mark.parametrize("slots, bias", [(1, True), (2, False)], ids=["typing", "relations"])


def _states(slots):
    spans = numpy.zeros((3 * slots, 2), dtype="int64")
    return LukeStates(RNG.normal(size=(6, 4)).astype("f"), RNG.normal(size=(3 * slots, 4)).astype("f"), spans)


def _head(slots, bias, nO=5):
    head = SlotHead(nO, 4, slots=slots, bias=bias)
    head.initialize()
    head.set_param("W", RNG.normal(size=(nO, slots * 4)).astype("f"))
    if bias:
        head.set_param("b", RNG.normal(size=nO).astype("f"))
    return head


@KINDS
def test_equals_a_linear_layer_over_the_slots(slots, bias):
    head, states = _head(slots, bias), _states(slots)
    linear = torch.nn.Linear(slots * 4, 5, bias=bias)
    linear.weight.data = torch.tensor(head.get_param("W"))
    if bias:
        linear.bias.data = torch.tensor(head.get_param("b"))
    each = torch.tensor(states.slots, requires_grad=True)
    expected = linear(torch.cat([each[i::slots] for i in range(slots)], dim=1))
    Y, backprop = head.begin_update(states)
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-5)

    dY = RNG.normal(size=Y.shape).astype("f")
    expected.backward(torch.tensor(dY))
    d_states = backprop(dY)
    numpy.testing.assert_allclose(d_states.slots, each.grad.numpy(), atol=1e-5)
    assert d_states.pieces.shape == states.pieces.shape and not d_states.pieces.any()
    numpy.testing.assert_allclose(head.get_grad("W"), linear.weight.grad.numpy(), atol=1e-5)
    if bias:
        numpy.testing.assert_allclose(head.get_grad("b"), linear.bias.grad.numpy(), atol=1e-5)


@KINDS
def test_reads_the_pieces_under_a_slot_too(slots, bias):
    """Slot + mean of its pieces is what the linear layer sees; gradients reach both."""
    head = _head(slots, bias)
    head.attrs["with_pieces"] = True
    states = _states(slots)
    spans = numpy.asarray([[0, 2], [1, 4], [3, 4], [4, 6], [0, 6], [5, 6]])[: 3 * slots]
    states = LukeStates(states.pieces, states.slots, spans)
    pieces, each = torch.tensor(states.pieces, requires_grad=True), torch.tensor(states.slots, requires_grad=True)
    read = torch.stack([slot + pieces[start:end].mean(dim=0) for slot, (start, end) in zip(each, spans.tolist())])
    expected = read.reshape(3, -1) @ torch.tensor(head.get_param("W")).T
    expected = expected + torch.tensor(head.get_param("b")) if bias else expected
    Y, backprop = head.begin_update(states)
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-5)
    dY = RNG.normal(size=Y.shape).astype("f")
    expected.backward(torch.tensor(dY))
    d_states = backprop(dY)
    numpy.testing.assert_allclose(d_states.slots, each.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(d_states.pieces, pieces.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(larger_head(head, 7).predict(states)[:, :5], Y, atol=1e-6)


def test_dropout_acts_in_training_only():
    head, states = _head(2, False), _states(2)
    before = head.predict(states)
    set_dropout_rate(head, 0.5)
    numpy.testing.assert_allclose(head.predict(states), before)
    Y, backprop = head.begin_update(states)
    assert abs(Y - before).max() > 1e-3
    d_slots = backprop(numpy.ones_like(Y)).slots
    assert (d_slots == 0).any() and (d_slots != 0).any()


@KINDS
def test_more_labels_leave_the_present_scores(slots, bias):
    head, states = _head(slots, bias), _states(slots)
    larger = larger_head(head, 7)
    after = larger.predict(states)
    assert larger.id != head.id and larger.param_names == head.param_names
    assert after.shape == (3, 7)
    numpy.testing.assert_allclose(after[:, :5], head.predict(states), atol=1e-6)
