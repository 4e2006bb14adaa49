"""The torch encoder as Thinc sees it: weights, tokenizer and settings that travel together."""

from __future__ import annotations

import os
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

import srsly
from thinc.api import Optimizer
from thinc.shims import Shim
from thinc.util import get_torch_default_device, torch2xp, xp2torch

from ..errors import Errors
from .shared import Answers
from .storage import Storage, map_weights, pack_weights, unpack_weights

if TYPE_CHECKING:
    import numpy
    import torch
    from torch import Tensor

    from ..encoder.config import LukeConfig
    from ..encoder.encoder import LukeEncoder
    from ..encoder.packed import PackedEncoder
    from ..tokenization.pieces import PieceTokenizer
    from ..types import LukeInputs, LukeOutputs, SlotView

# Parameters of the encoder are known to optimizers by this prefix.
ENCODER_PREFIX = "luke."


@dataclass(frozen=True)
class EncoderSettings:
    """What the config says about running an encoder; not part of its weights."""

    freeze_layers: int = 0  # the lowest n layers get no gradient
    freeze_embeddings: bool = False  # nor do the embeddings of pieces; with all layers, nothing gets one
    gradient_checkpointing: bool = False
    dtype: str = "float32"  # or "bfloat16": autocast; "int8": predictions on CPUs; states are float32 all the same
    dropout: float | None = None  # of hidden states and attention; None = as in the checkpoint


class LukeShim(Shim):
    """Holds a `LukeEncoder`, its `LukeConfig` and its `PieceTokenizer`; empty until `load` or
    `from_bytes`. Bytes are msgpack around safetensors; settings are the config's, not the file's."""

    _model: LukeEncoder | None
    _config: LukeConfig | None
    _fast: PackedEncoder | None
    _tokenizer: PieceTokenizer | None
    _rest: tuple[LukeConfig, PieceTokenizer, dict[str, numpy.ndarray]] | None  # read, while the weights are not
    weights_beside = False  # are the weights left out of to_bytes? See model_files.py
    storage: Storage = "float32"  # of weights in to_bytes; loaded they are float32, and saved so again
    answers: Answers  # to questions of one pipe that another may ask, too; see shared.py
    entity_head: dict[str, numpy.ndarray]  # what `layers.entity_head` starts from; empty if nothing is known

    def __init__(self, settings: EncoderSettings):
        super().__init__(None)
        self.settings = settings
        self._config = None
        self._forget()
        self._rest = None
        self._tokenizer = None
        self.entity_head = {}

    @property
    def encoder(self) -> LukeEncoder:
        """The readable encoder. Who asks for it may change its weights, so the fast one and all answers are forgotten.
        RAISES ValueError LK401: nothing has been loaded yet."""
        encoder = self._as_it_is()
        self._forget()
        return encoder

    def _as_it_is(self) -> LukeEncoder:
        """The readable encoder, for who changes nothing."""
        if self._model is None:
            raise ValueError(Errors.LK401)
        return self._model

    def _forget(self) -> None:
        self._fast = None
        self.answers = Answers()

    @property
    def fast(self) -> PackedEncoder:
        """The same encoder for prediction on the CPU, made when it is first asked for. It costs 4 bytes for each
        weight of the layers (340 MB at base size), 2 in bfloat16, 1 in int8; embedding tables are shared.
        RAISES ValueError LK401: nothing has been loaded yet."""
        if self._fast is None:
            import torch

            from ..encoder.packed import PackedEncoder
            from ..encoder.packed_weights import fast_dtype

            with torch.inference_mode():
                self._fast = PackedEncoder(self.encoder, fast_dtype(self.settings.dtype))
        return self._fast

    @property
    def device(self) -> torch.device:
        """Where the weights are. RAISES ValueError LK401: nothing has been loaded yet."""
        return next(self._as_it_is().parameters()).device

    @property
    def config(self) -> LukeConfig:
        """As in the checkpoint, whatever the settings say. RAISES ValueError LK401 as `encoder`."""
        if self._config is None:
            raise ValueError(Errors.LK401)
        return self._config

    @property
    def tokenizer(self) -> PieceTokenizer:
        """RAISES ValueError LK401 as `encoder`."""
        if self._tokenizer is None:
            raise ValueError(Errors.LK401)
        return self._tokenizer

    @property
    def is_frozen(self) -> bool:
        """Is nothing of it trained? RAISES ValueError LK401: nothing has been loaded yet."""
        return not any(parameter.requires_grad for parameter in self._as_it_is().parameters())

    @property
    def is_loaded(self) -> bool:
        return self._model is not None

    def load(
        self,
        config: LukeConfig,
        weights: dict[str, torch.Tensor],
        tokenizer: PieceTokenizer,
        entity_head: dict[str, numpy.ndarray],
    ) -> None:
        """Take over an encoder. weights: by the names of `LukeEncoder`, taken over, not copied.
        entity_head: pretrained parameters W, b, G, beta of `layers.entity_head`, or nothing.

        RAISES ValueError LK402: settings ask to freeze more layers than there are.
        """
        from ..encoder.encoder import empty_encoder

        one_thread_in_forks()
        settings = self.settings
        if not 0 <= settings.freeze_layers <= config.num_hidden_layers:
            raise ValueError(Errors.LK402.format(n=settings.freeze_layers, layers=config.num_hidden_layers))
        dropout = settings.dropout
        running = config
        if dropout is not None:
            running = replace(config, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
        encoder = empty_encoder(running)
        encoder.load_state_dict(weights, assign=True)
        encoder.to(get_torch_default_device())
        encoder.requires_grad_(True)
        encoder.gradient_checkpointing = settings.gradient_checkpointing
        if settings.freeze_embeddings:
            encoder.embeddings.requires_grad_(False)
        for layer in encoder.encoder["layer"][: settings.freeze_layers]:  # type: ignore[index]
            layer.requires_grad_(False)
        if settings.freeze_embeddings and settings.freeze_layers == config.num_hidden_layers:
            encoder.requires_grad_(False)  # what is left, of entity slots, would cost the whole way back
        self._model, self._config, self._tokenizer = encoder.eval(), config, tokenizer
        self._forget()
        self.entity_head = entity_head

    def copy(self) -> LukeShim:
        """A shim with the same weights and an id of its own: optimizers know weights by the shim's id, so
        copies with one id, as Thinc makes them, would share their moving averages."""
        copied = LukeShim(self.settings)
        copied._model, copied._config, copied._tokenizer = deepcopy(self._model), self._config, self._tokenizer
        copied.entity_head = self.entity_head
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """What a process is given that runs a pipeline: weights in oneDNN's order cannot travel."""
        return {**self.__dict__, "_fast": None, "answers": Answers()}

    def predict(self, inputs: LukeInputs, view: SlotView, read_pieces: bool = True) -> LukeOutputs:  # type: ignore[override]
        """The readable encoder: what a GPU runs."""
        import torch

        encoder = self._as_it_is().eval()
        with torch.inference_mode(), self._autocast():
            return encoder(inputs, view, read_pieces=read_pieces)

    def predict_pieces(self, inputs: LukeInputs) -> tuple[Tensor, list[Tensor]]:
        """Last states of the pieces alone, and what `predict_slots` wants of them."""
        import torch

        encoder = self._as_it_is().eval()
        with torch.inference_mode(), self._autocast():
            outputs = encoder(inputs, "words", output_layers=True)
        return outputs.pieces, [pieces for pieces, _ in outputs.layers[:-1]]

    def predict_slots(self, inputs: LukeInputs, layers: list[Tensor]) -> Tensor:
        """Last states of slots in the view "words", over pieces that were computed before."""
        import torch

        encoder = self._as_it_is().eval()
        with torch.inference_mode(), self._autocast():
            return encoder.ask(inputs, layers)

    def begin_update(self, inputs: LukeInputs, view: SlotView, read_pieces: bool = True) -> LukeOutputs:  # type: ignore[override]
        """Outputs keep torch's graph; call backward on what is made of them."""
        self.encoder.train()
        with self._autocast():
            return self.encoder(inputs, view, read_pieces=read_pieces)

    def _autocast(self):
        import torch

        if self.settings.dtype != "bfloat16":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def gradients(self) -> Iterator[torch.Tensor]:
        """The gradients that wait for `finish_update`."""
        for parameter in self._model.parameters() if self._model is not None else ():
            if parameter.grad is not None:
                yield parameter.grad

    def finish_update(self, optimizer: Optimizer) -> None:
        for name, parameter in self.encoder.named_parameters():
            if parameter.grad is None:
                continue
            key, values = (self.id, ENCODER_PREFIX + name), torch2xp(parameter.data)
            weights, _ = optimizer(key, values, torch2xp(parameter.grad))  # type: ignore
            if weights is not values:  # Thinc's optimizers work in place
                parameter.data.copy_(xp2torch(weights, device=parameter.device))
            parameter.grad = None

    def to_device(self, device_type: str, device_id: int) -> None:
        if self.is_loaded:
            self.encoder.to("cpu" if device_type == "cpu" else f"cuda:{device_id}")

    def to_bytes(self) -> bytes:
        if self._model is None:
            return srsly.msgpack_dumps({})
        msg: dict[str, Any] = {
            "config": self.config.to_dict(),
            "tokenizer": self.tokenizer.to_bytes(),
            "weights": None if self.weights_beside else self.weights_to_bytes(),
            "entity_head": self.entity_head,
        }
        return srsly.msgpack_dumps(msg)

    def from_bytes(self, bytes_data: bytes) -> LukeShim:
        msg = srsly.msgpack_loads(bytes_data)
        if msg:
            from ..encoder.config import LukeConfig
            from ..tokenization.pieces import PieceTokenizer

            tokenizer = PieceTokenizer.from_bytes(msg["tokenizer"])
            config = LukeConfig.from_dict(msg["config"])
            self._rest = (config, tokenizer, msg["entity_head"])
            if msg["weights"] is not None:
                self._load_weights(unpack_weights(msg["weights"]))
        return self

    def weights_to_bytes(self) -> bytes:
        """The weights as a safetensors file. RAISES ValueError LK401: nothing has been loaded yet."""
        if self._model is None:
            raise ValueError(Errors.LK401)
        return pack_weights(self._model.state_dict(), self.storage)

    @property
    def waits_for_weights(self) -> bool:
        """Has `from_bytes` read all but the weights, which lie in a file?"""
        return self._rest is not None

    def weights_from_file(self, path: Path) -> None:
        """Complete what `from_bytes` left out."""
        self._load_weights(map_weights(path))

    def _load_weights(self, weights: dict[str, torch.Tensor]) -> None:
        if self._rest is None:
            raise ValueError(Errors.LK401)
        (config, tokenizer, entity_head), self._rest = self._rest, None
        self.load(config, weights, tokenizer, entity_head)


@cache
def one_thread_in_forks() -> None:
    """Of the threads that torch computes with none lives on in a fork of the process: whoever has used a pipeline and then
    calls nlp.pipe(n_process=2) would wait for ever. So a fork has one thread, as torch's own DataLoader does it;
    several processes of one thread are the fastest, too."""
    import torch

    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))
