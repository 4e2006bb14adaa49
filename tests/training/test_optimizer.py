import numpy
import pytest
import torch
from thinc.api import SGD, Linear, Model

from spacy_luke.training.gradients import clip_gradients, scale_gradients
from spacy_luke.training.optimizer import build_adamw_v1


def _torch_steps(weights, grads, rate, decay, eps):
    parameter = torch.nn.Parameter(torch.tensor(weights))
    optimizer = torch.optim.AdamW([parameter], lr=rate, weight_decay=decay, eps=eps)
    for grad in grads:
        parameter.grad = torch.tensor(grad)
        optimizer.step()
    return parameter.detach().numpy()


@pytest.mark.parametrize(
    "name,rate,decay",
    [("luke.encoder.layer.0.output.dense.weight", 0.01, 0.1), ("W", 0.05, 0.1), ("b", 0.05, 0.0)]
    + [("luke.embeddings.LayerNorm.weight", 0.01, 0.0), ("luke.encoder.layer.0.output.dense.bias", 0.01, 0.0)],
)
def test_equals_torch_adamw_with_its_rate_and_decay(name, rate, decay):
    rng = numpy.random.default_rng(0)
    weights = rng.normal(size=(5, 3)).astype("f")
    grads = [rng.normal(size=(5, 3)).astype("f") for _ in range(4)]
    optimizer = build_adamw_v1(0.01, 0.05, weight_decay=0.1, grad_clip=0.0, eps=1e-12)
    ours = weights.copy()
    for grad in grads:
        ours, _ = optimizer((1, name), ours, grad.copy())
    numpy.testing.assert_allclose(ours, _torch_steps(weights, grads, rate, decay, 1e-12), atol=1e-5)


def test_both_rates_rise_and_fall():
    optimizer = build_adamw_v1(1.0, 10.0, warmup_steps=2, total_steps=6, weight_decay=0.0, eps=1e-12)
    rates, moves = [], []
    for _ in range(7):
        rates.append(optimizer.learn_rate)
        for name in ("luke.x.weight", "W"):
            key = (len(rates), name)  # a fresh key: the first step of Adam moves by the rate
            moved, _ = optimizer(key, numpy.zeros((1, 1), dtype="f"), numpy.ones((1, 1), dtype="f"))
            moves.append(-float(moved[0, 0]))
        optimizer.step_schedules()
    assert rates == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    assert moves[0::2] == pytest.approx(rates, abs=1e-3)
    assert moves[1::2] == pytest.approx([10 * rate for rate in rates], abs=1e-2)


def test_rates_stay_without_total_steps():
    optimizer = build_adamw_v1(1.0, warmup_steps=0)
    for _ in range(3):
        assert optimizer.learn_rate == 1.0
        optimizer.step_schedules()


def test_one_rate_for_all_if_the_heads_have_none():
    weights = numpy.ones((2, 2), dtype="f")
    for name in ("W", "luke.x.weight"):
        moved, _ = build_adamw_v1(0.01, None, weight_decay=0.0)((1, name), weights.copy(), weights * 0.1)
        assert moved[0, 0] == pytest.approx(0.99, abs=1e-4)


def test_a_variable_that_nobody_filled_in():
    optimizer = build_adamw_v1(total_steps="${training.max_steps}")
    with pytest.raises(ValueError, match=r"LK601.*\$\{training.max_steps\}"):
        optimizer((1, "W"), numpy.ones((1, 1), dtype="f"), numpy.ones((1, 1), dtype="f"))


def _two_linears() -> Model:
    from thinc.api import chain

    model = chain(Linear(2, 2), Linear(2, 2))
    model.initialize()
    for layer, value in zip(model.layers, (3.0, 4.0)):
        layer.inc_grad("W", numpy.full((2, 2), value, dtype="f"))
        layer.inc_grad("b", numpy.zeros(2, dtype="f"))
    return model


def test_clips_the_norm_of_all_gradients_together():
    model = _two_linears()
    assert clip_gradients(model, 5.0) == pytest.approx(10.0)  # sqrt(4 * 9 + 4 * 16)
    assert model.layers[0].get_grad("W")[0, 0] == pytest.approx(1.5)
    assert model.layers[1].get_grad("W")[0, 0] == pytest.approx(2.0)
    assert clip_gradients(model, 5.01) == pytest.approx(5.0)
    assert model.layers[0].get_grad("W")[0, 0] == pytest.approx(1.5)
    scale_gradients(model, 2.0)
    assert model.layers[1].get_grad("W")[0, 0] == pytest.approx(4.0)


def test_torch_gradients_count_and_are_clipped_on_every_torch(monkeypatch):
    monkeypatch.delattr(torch.nn.utils, "get_total_norm", raising=False)  # not in torch 2.4, which is allowed

    class Shim:
        id = 0
        weights = [torch.full((2, 2), 3.0), torch.full((4,), 4.0)]

        def gradients(self):
            return iter(self.weights)

    model = Model("with_shim", lambda model, X, is_train: (X, lambda dY: dY), shims=[Shim()])
    assert clip_gradients(model, 5.0) == pytest.approx(10.0)
    assert [gradient.flatten()[0].item() for gradient in Shim.weights] == pytest.approx([1.5, 2.0])


def test_a_pipe_that_does_not_clip_is_clipped_by_parameter():
    grads = numpy.full((2, 2), 10.0, dtype="f")
    seen = {}
    for clipped in (False, True):
        optimizer = build_adamw_v1(1.0, 1.0, weight_decay=0.0, grad_clip=1.0, beta1=0.0, beta2=0.0)
        model = Linear(2, 2)
        model.initialize()
        if clipped:
            optimizer.clip(model)  # has no gradient yet: the norm is 0
        before = numpy.zeros((2, 2), dtype="f")
        seen[clipped], _ = optimizer((model.id, "W"), before, grads.copy())
    assert numpy.linalg.norm(seen[False]) == pytest.approx(1.0, abs=1e-3)
    assert numpy.linalg.norm(seen[True]) == pytest.approx(20.0, abs=1e-3)


def test_clip_leaves_other_optimizers_alone():
    model = _two_linears()
    before = model.layers[0].get_param("W").copy()
    model.finish_update(SGD(0.1, grad_clip=0.0, L2=0.0, use_averages=False))
    numpy.testing.assert_allclose(model.layers[0].get_param("W"), before - 0.3, atol=1e-5)
