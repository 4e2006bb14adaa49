"""AdamW as BERT-like encoders are trained with, in Thinc's terms."""

from __future__ import annotations

import math
import re

from thinc.api import Model, Optimizer

from ..errors import Errors
from ..layers.shim import ENCODER_PREFIX
from .gradients import clip_gradients

# Biases and LayerNorms are not decayed (studio-ousia/luke examples/utils/trainer.py).
NO_DECAY = re.compile(r"(^|\.)(b|bias)$|LayerNorm|layer_norm")


def build_adamw_v1(
    learn_rate: float = 5e-5,
    head_learn_rate: float | None = 1e-3,
    warmup_steps: int = 0,
    total_steps: int | str | None = None,
    weight_decay: float = 0.01,
    grad_clip: float = 1.0,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-6,
) -> AdamW:
    """AdamW with two learning rates, linear warm-up and decay, and a clip of the global norm.

    Thinc's Adam decays biases and LayerNorms too, clips every parameter by itself, and knows one rate.
    `spacy train` counts the steps. A loop of your own over `nlp.update` has to call the optimizer's
    `step_schedules()` after each, as with Thinc's schedules, or the rates stay at those of the first step.

    learn_rate (float): highest rate of encoder weights.
    head_learn_rate (float): highest rate of all other weights; None = as the encoder's.
    warmup_steps (int): steps until the rates are at their highest.
    total_steps (int): step at which they have sunk to 0; None = they stay. ${training.max_steps} in a
        config. (A string is such a variable that nobody filled in, as in `spacy debug data`, which
        makes an optimizer and does not use it: an error at the first step.)
    weight_decay (float): decoupled (Loshchilov & Hutter 2019), times the learning rate; not on biases
        and LayerNorms.
    grad_clip (float): the greatest L2 norm of all gradients of a pipe together; 0 = no limit. For
        pipes of other packages it is the limit of each parameter, as in Thinc.
    """
    return AdamW(
        (learn_rate, learn_rate if head_learn_rate is None else head_learn_rate),
        warmup_steps,
        total_steps,
        L2=weight_decay,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
    )


class AdamW(Optimizer):
    """See `build_adamw_v1`. Keeps no moving averages: they never reach torch weights."""

    def __init__(
        self, rates: tuple[float, float], warmup_steps: int, total_steps: int | str | None, **settings
    ):
        self.rates = rates
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.step = 0
        self._clipped: set[int] = set()
        super().__init__(rates[0] * self.ramp, use_averages=False, **settings)

    @property
    def ramp(self) -> float:
        """What the rates are multiplied with now: 1/warmup_steps ... 1 ... 1/(total - warmup)."""
        if self.step < self.warmup_steps:
            return (self.step + 1) / self.warmup_steps
        if not isinstance(self.total_steps, int):
            return 1.0
        left = self.total_steps - self.step
        return max(left, 0) / max(self.total_steps - self.warmup_steps, 1)

    def step_schedules(self) -> None:
        super().step_schedules()
        self.step += 1
        self.learn_rate = self.rates[0] * self.ramp

    def clip(self, model: Model) -> bool:
        """Apply the limit to all gradients of a pipe's model; call before its `finish_update`.

        RETURNS (bool): False if a gradient is NaN or infinite: such a step would destroy the weights.
        """
        norm = clip_gradients(model, self.grad_clip or math.inf)
        for node in model.walk() if self.grad_clip else ():
            self._clipped.update((node.id, *(shim.id for shim in node.shims)))
        return math.isfinite(norm)

    def __call__(self, key, weights, gradient, *, lr_scale: float = 1.0):
        """RAISES ValueError LK601: total_steps is a variable of a config that was not filled in."""
        if isinstance(self.total_steps, str):
            raise ValueError(Errors.LK601.format(value=self.total_steps))
        if not len(gradient):
            return weights, gradient
        name = key[1]
        rate = self.learn_rate * lr_scale
        if not name.startswith(ENCODER_PREFIX):
            rate = self.rates[1] * self.ramp * lr_scale
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
