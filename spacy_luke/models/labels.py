"""What models share whose rows are scores of labels: how their last layer gets its sizes, and how it grows."""

from __future__ import annotations

from thinc.api import Model

from ..layers.larger_head import larger_head
from .encoder import get_shim


def init_output(model: Model, X=None, Y=None) -> None:
    """Initialize the encoder and the head over it. A head that may read pieces does so where slots are not
    pretrained (layers/slot_input.py)."""
    encoder, head = model.get_ref("encoder"), model.get_ref("output_layer")
    encoder.initialize()
    head.set_dim("nI", encoder.get_dim("nO"), force=True)
    if "with_pieces" in head.attrs:
        head.attrs["with_pieces"] = not get_shim(encoder).config.entities_pretrained
    if Y is not None:
        model.set_dim("nO", Y.shape[1], force=True)
    head.set_dim("nO", model.get_dim("nO"), force=True)
    head.initialize()


def resize_output(model: Model, nO: int) -> None:
    """Make room for more labels; scores of the present ones stay."""
    head = model.get_ref("output_layer")
    if head.has_param("W"):
        model.replace_node(head, larger_head(head, nO))
    model.set_dim("nO", nO, force=True)
