"""A head for more labels than before."""

from __future__ import annotations

from thinc.api import Model


def larger_head(head: Model, nO: int) -> Model:
    """A head with labels behind the present ones, whose scores stay; new rows start as its `init` says.

    It is another layer, with another id: an optimizer that has seen the old one would find moving
    averages of the wrong shape under the old id.
    """
    params = dict.fromkeys(head.param_names)
    dims: dict[str, int | None] = {"nO": nO, "nI": head.get_dim("nI")}
    larger: Model = Model(head.name, head._func, init=head.init, dims=dims, params=params, attrs=dict(head.attrs))
    larger.initialize()
    for name in head.param_names:
        value = head.get_param(name)
        larger.get_param(name)[: len(value)] = value
    return larger
