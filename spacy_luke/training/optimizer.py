"""AdamW as BERT-like encoders are trained with, in Thinc's terms."""

from __future__ import annotations

import re

from thinc.api import Model, Optimizer
from thinc.optimizers import FloatOrSeq

from ..layers.shim import ENCODER_PREFIX
from .gradients import clip_gradients

# Biases and LayerNorms are not decayed (LUKE.md section 4; studio-ousia/luke luke/utils/model_utils.py).
NO_DECAY = re.compile(r"(^|\.)(b|bias)$|LayerNorm|layer_norm")


def build_adamw_v1(
    learn_rate: FloatOrSeq = 5e-5,
    head_learn_rate: FloatOrSeq | None = 1e-3,
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-6,
) -> AdamW:
    """AdamW with two learning rates and a clip of the global norm.

    Thinc's Adam decays biases and LayerNorms too, clips every parameter by itself, and knows one rate.

    learn_rate: of encoder weights, a number or a schedule such as `warmup_linear.v1`.
    head_learn_rate: of all other weights; None = as the encoder's.
    weight_decay (float): decoupled (Loshchilov & Hutter 2019), times the learning rate; not on biases
        and LayerNorms.
    grad_clip (float): the greatest L2 norm of all gradients of a pipe together; 0 = no limit. For
        pipes of other packages it is the limit of each parameter, as in Thinc.
    """
    return AdamW(learn_rate, head_learn_rate, weight_decay, grad_clip, beta1, beta2, eps)


class AdamW(Optimizer):
    """See `build_adamw_v1`. Keeps no moving averages: they never reach torch weights."""

    def __init__(self, learn_rate, head_learn_rate, weight_decay, grad_clip, beta1, beta2, eps):
        super().__init__(
            learn_rate,
            L2=weight_decay,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            grad_clip=grad_clip,
            use_averages=False,
        )
        self.head_learn_rate: float | None = None
        if head_learn_rate is not None:
            self._set_attr_or_schedule("head_learn_rate", head_learn_rate)
        self._clipped: set[int] = set()

    def clip(self, model: Model) -> None:
        """Apply the limit to all gradients of a pipe's model; call before its `finish_update`."""
        if not self.grad_clip:
            return
        clip_gradients(model, self.grad_clip)
        for node in model.walk():
            self._clipped.update((node.id, *(shim.id for shim in node.shims)))

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        if not len(gradient):
            return weights, gradient
        name = key[1]
        is_head = not name.startswith(ENCODER_PREFIX) and self.head_learn_rate is not None
        rate = (self.head_learn_rate if is_head else self.learn_rate) * lr_scale
        if self.L2 and not NO_DECAY.search(name):
            weights *= 1.0 - rate * self.L2
        clip, learn_rate, decay = self.grad_clip, self.learn_rate, self.L2
        self.learn_rate, self.L2 = rate, 0.0
        if key[0] in self._clipped:
            self.grad_clip = 0.0
        try:
            return super().__call__(key, weights, gradient)
        finally:
            self.grad_clip, self.learn_rate, self.L2 = clip, learn_rate, decay
