import numpy
import torch
from thinc.api import set_dropout_rate

from spacy_luke.layers.larger_head import larger_head
from spacy_luke.layers.span_head import SpanHead
from spacy_luke.types import LukeStates

RNG = numpy.random.default_rng(0)


def _states():
    spans = numpy.asarray([[0, 1], [0, 3], [2, 5], [4, 5]], dtype="int64")
    return LukeStates(RNG.normal(size=(6, 4)).astype("f"), RNG.normal(size=(4, 4)).astype("f"), spans)


def _head(nO=3):
    head = SpanHead(nO, 4, dropout=0.0)
    head.initialize()
    head.set_param("b", RNG.normal(size=nO).astype("f"))
    head.set_param("W", RNG.normal(size=(nO, 3, 4)).astype("f"))
    return head


def test_equals_a_linear_layer_over_the_concatenation():
    head, states = _head(), _states()
    linear = torch.nn.Linear(12, 3)
    linear.weight.data = torch.tensor(head.get_param("W").reshape(3, 12))
    linear.bias.data = torch.tensor(head.get_param("b"))
    pieces, slots = (torch.tensor(x, requires_grad=True) for x in (states.pieces, states.slots))
    first, last = states.slot_spans[:, 0], states.slot_spans[:, 1] - 1
    expected = linear(torch.cat([pieces[first], pieces[last], slots], dim=1))
    Y, backprop = head.begin_update(states)
    numpy.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-5)

    dY = RNG.normal(size=Y.shape).astype("f")
    expected.backward(torch.tensor(dY))
    d_states = backprop(dY)
    numpy.testing.assert_allclose(d_states.pieces, pieces.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(d_states.slots, slots.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(head.get_grad("W").reshape(3, 12), linear.weight.grad.numpy(), atol=1e-5)
    numpy.testing.assert_allclose(head.get_grad("b"), linear.bias.grad.numpy(), atol=1e-5)


def test_dropout_acts_in_training_only():
    head, states = _head(), _states()
    before = head.predict(states)
    set_dropout_rate(head, 0.5)
    numpy.testing.assert_allclose(head.predict(states), before)
    Y, backprop = head.begin_update(states)
    assert abs(Y - before).max() > 1e-3
    d_states = backprop(numpy.ones_like(Y))
    assert (d_states.slots == 0).any() and (d_states.slots != 0).any()


def test_more_classes_leave_the_present_scores():
    head, states = _head(), _states()
    before = head.predict(states)
    larger = larger_head(head, 5)
    after = larger.predict(states)
    assert larger.id != head.id  # optimizers keep averages of the old shape under the old id
    assert after.shape == (4, 5)
    numpy.testing.assert_allclose(after[:, :3], before, atol=1e-6)
