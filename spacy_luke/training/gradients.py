"""What has to be known of all gradients of a pipe before any weight moves."""

from __future__ import annotations

import math

from thinc.api import Model


def scale_gradients(model: Model, factor: float) -> None:
    """Multiply every gradient that waits in a model, its torch parts included."""
    if factor == 1.0:
        return
    for node in model.walk():
        for name in node.grad_names:
            if node.has_grad(name):
                node.set_grad(name, node.get_grad(name) * factor)
        for gradient in _torch_gradients(node):
            gradient.mul_(factor)


def clip_gradients(model: Model, max_norm: float) -> float:
    """Scale all gradients of a model so that their common L2 norm is at most `max_norm`.

    RETURNS (float): the norm before; infinite if a gradient is NaN or infinite, and then nothing changed.
    """
    total = 0.0
    for node in model.walk():
        for name in node.grad_names:
            if node.has_grad(name):
                total += float((node.get_grad(name).astype("float64") ** 2).sum())
        gradients = list(_torch_gradients(node))
        if gradients:
            import torch

            total += float(torch.stack([gradient.norm() for gradient in gradients]).norm()) ** 2
    norm = math.sqrt(total) if math.isfinite(total) else math.inf
    if max_norm < norm < math.inf:
        scale_gradients(model, max_norm / norm)
    return norm


def drop_gradients(model: Model) -> None:
    """Set every gradient that waits in a model to 0."""
    for node in model.walk():
        for name in node.grad_names:
            if node.has_grad(name):
                node.set_grad(name, node.ops.alloc(node.get_grad(name).shape))
        for gradient in _torch_gradients(node):
            gradient.zero_()


def _torch_gradients(node: Model):
    for shim in node.shims:
        yield from shim.gradients() if hasattr(shim, "gradients") else ()
