"""LUKE: a transformer over the pieces of a text and the entity slots laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from ..errors import Errors
from ..types import LukeOutputs
from .embeddings import EntityEmbeddings, PieceEmbeddings
from .layer import Layer

if TYPE_CHECKING:
    from ..types import LukeInputs, SlotView
    from .config import LukeConfig


class LukeEncoder(nn.Module):
    """LUKE (Yamada et al., EMNLP 2020) and mLUKE (Ri et al., ACL 2022).

    Parameter names are those of transformers' LukeModel, so state dicts can be exchanged. In the
    view "full" the numbers are LukeModel's too; "words" is described in attention.py.

    config: sizes and switches.
    add_pooler: also make LukeModel's pooler (`pool`), which no task of ours reads.
    gradient_checkpointing: set it to True to keep only the states between layers in training and
    compute the rest again in the backward pass: less memory, about a third more time.
    """

    def __init__(self, config: LukeConfig, add_pooler: bool = False) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embeddings = PieceEmbeddings(config)
        self.entity_embeddings = EntityEmbeddings(config)
        layers = nn.ModuleList([Layer(config) for _ in range(config.num_hidden_layers)])
        self.encoder = nn.ModuleDict({"layer": layers})
        pooler = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.hidden_size)})
        self.pooler = pooler if add_pooler else None
        init_weights(self, config.initializer_range)

    def forward(
        self, inputs: LukeInputs, view: SlotView = "full", output_layers: bool = False, read_pieces: bool = True
    ) -> LukeOutputs:
        """Hidden states of pieces and slots.

        inputs: a padded batch, shapes in types.py.
        view: what a slot may see. output_layers: also return the embeddings and every layer's states.
        read_pieces: False if nobody reads the last states of pieces; the last layer leaves them out.
        RETURNS: pieces (batch, pieces, hidden), slots (batch, slots, hidden) or None.
        RAISES: ValueError if windows are longer than the position table, or slot fields are missing
            or do not fit each other.
        """
        check_inputs(inputs, view, self.config)
        pieces = self.embeddings(inputs.piece_ids, inputs.piece_mask, inputs.piece_types)
        slots = None
        if inputs.slot_ids is not None:
            slots = self.entity_embeddings(
                inputs.slot_ids, inputs.slot_positions, inputs.slot_types, inputs.entity_vectors
            )
        layers = [(pieces, slots)]
        for layer in self.encoder["layer"]:
            is_read = read_pieces or layer is not self.encoder["layer"][-1]
            pieces, slots = self._run(layer, pieces, slots, inputs.piece_mask, inputs.slot_mask, view, is_read)
            if output_layers:
                layers.append((pieces, slots))
        return LukeOutputs(pieces, slots, layers if output_layers else None)

    def ask(self, inputs: LukeInputs, layers: Sequence[Tensor]) -> Tensor:
        """States of slots in the view "words", from states of pieces that are there already: the words are
        computed once, however many questions about them follow, and when.

        inputs: with slots. layers: (batch, pieces, hidden) what each layer got, the first of
            `forward(..., output_layers=True).layers` without the last one.
        RETURNS: (batch, slots, hidden), as `forward` gives them.
        """
        check_inputs(inputs, "words", self.config)
        slots = self.entity_embeddings(inputs.slot_ids, inputs.slot_positions, inputs.slot_types, inputs.entity_vectors)
        for layer, pieces in zip(self.encoder["layer"], layers):
            slots = layer.ask(slots, pieces, inputs.piece_mask, inputs.slot_mask)
        return slots

    def pool(self, pieces: Tensor) -> Tensor:
        """LukeModel's pooler: tanh of a dense layer over the first piece.
        pieces: (batch, pieces, hidden). RETURNS: (batch, hidden)."""
        return torch.tanh(self.pooler["dense"](pieces[:, 0]))

    def _run(self, layer: Layer, *states) -> tuple[Tensor, Tensor | None]:
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(layer, *states, use_reentrant=False)
        return layer(*states)


class _NoInit(TorchFunctionMode):
    """Weights without memory need no numbers, and torch would import its compiler, a second of work, to draw them."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def empty_encoder(config: LukeConfig) -> LukeEncoder:
    """An encoder on the device "meta": it has names and shapes, and waits for `load_state_dict(weights, assign=True)`."""
    with torch.device("meta"), _NoInit():
        return LukeEncoder(config)


def init_weights(module: nn.Module, deviation: float) -> None:
    """Fresh weights as in BERT: matrices normal, biases 0, LayerNorm the identity, padding rows 0."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Embedding)):
            nn.init.normal_(part.weight, std=deviation)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
        if isinstance(part, nn.Embedding) and part.padding_idx is not None:
            with torch.no_grad():
                part.weight[part.padding_idx].zero_()


def check_inputs(inputs: LukeInputs, view: str, config: LukeConfig) -> None:
    """Raise ValueError for what would give wrong numbers or a riddle deep inside torch."""
    if view not in ("full", "words"):
        raise ValueError(Errors.LK110.format(view=view))
    if inputs.piece_ids.shape[1] > config.max_pieces:
        raise ValueError(Errors.LK111.format(n=inputs.piece_ids.shape[1], limit=config.max_pieces))
    _check_mask("piece_mask", inputs.piece_mask, inputs.piece_ids)
    if inputs.slot_ids is None:
        return
    _check_mask("slot_mask", inputs.slot_mask, inputs.slot_ids)
    shape, positions = tuple(inputs.slot_ids.shape), inputs.slot_positions
    found = None if positions is None else tuple(positions.shape)
    if found is None or len(found) != 3 or found[:2] != shape:
        raise ValueError(Errors.LK112.format(found=found, shape=shape))
    vectors = inputs.entity_vectors
    if vectors is not None and vectors.shape[-1] != config.entity_emb_size:
        raise ValueError(Errors.LK113.format(found=vectors.shape[-1], emb=config.entity_emb_size))


def _check_mask(name: str, mask: Tensor | None, ids: Tensor) -> None:
    if mask is None or mask.dtype != torch.bool or mask.shape != ids.shape:
        dtype, found = (None, None) if mask is None else (mask.dtype, tuple(mask.shape))
        raise ValueError(Errors.LK114.format(name=name, dtype=dtype, found=found, shape=tuple(ids.shape)))
