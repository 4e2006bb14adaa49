"""The encoder as a config names it: a private one, or a listener to the one of the `luke` pipe."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from thinc.api import Model

from ..errors import Errors
from ..layers.encoder import InT, OutT, luke_encoder
from ..layers.shared import predict_shared
from ..layers.shim import EncoderSettings, LukeShim

if TYPE_CHECKING:
    from spacy.training import Example

DType = Literal["float32", "bfloat16", "int8"]


def build_luke_encoder_v1(
    name: str,
    freeze_layers: int = 0,
    freeze_embeddings: bool = False,
    gradient_checkpointing: bool = False,
    dtype: DType = "float32",
    dropout: float | None = None,
) -> Model[InT, OutT]:
    """A LUKE encoder. Nothing is read before `nlp.initialize()`, and nothing of `name` afterwards: a
    saved pipeline carries weights and tokenizer.

    name (str): directory or Hugging Face hub id of a LUKE, mLUKE, Japanese LUKE, RoBERTa, XLM-R or
        BERT checkpoint, or a directory written by `python -m spacy luke convert`.
    freeze_layers (int): the lowest n layers are not trained.
    freeze_embeddings (bool): embeddings of pieces are not trained. Saves most of the optimizer's
        memory and time where the vocabulary is large. With all layers frozen, too, nothing of the encoder is
        trained, and training does not go back through it; there is no dropout in it.
    gradient_checkpointing (bool): less memory in training for about a third more time.
    dtype (str): "bfloat16" runs under autocast, on CPU and GPU; "int8" is float32 but for predictions on CPUs (and frozen
        encoders in training), whose linear layers are of 8-bit integers; states are float32 in any case.
    dropout (float): in hidden states and attention while training; None takes the checkpoint's.
    """
    if dtype not in ("float32", "bfloat16", "int8"):
        raise ValueError(Errors.LK404.format(value=dtype, name="dtype", options="float32, bfloat16, int8"))
    settings = EncoderSettings(freeze_layers, freeze_embeddings, gradient_checkpointing, dtype, dropout)
    return luke_encoder(settings, init=partial(load_into, name=name))


def load_into(model: Model[InT, OutT], X=None, Y=None, *, name: str) -> None:
    """Load the checkpoint into the encoder; the init callback of `build_luke_encoder_v1`."""
    from ..convert.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(name)
    names = {"W": "dense.weight", "b": "dense.bias", "G": "LayerNorm.weight", "beta": "LayerNorm.bias"}
    names = {name: f"entity_predictions.transform.{theirs}" for name, theirs in names.items()}
    head = {n: checkpoint.heads[theirs].numpy() for n, theirs in names.items() if theirs in checkpoint.heads}
    get_shim(model).load(checkpoint.config, checkpoint.weights, checkpoint.tokenizer, head)
    model.set_dim("nO", checkpoint.config.hidden_size, force=True)


def build_luke_listener_v1(upstream: str = "*") -> Model[InT, OutT]:
    """Asks its questions of the encoder of a `luke` pipe: the weights are shared, the answers are not,
    because LUKE's states depend on the entities that are put in.

    upstream (str): name of the `luke` pipe; "*" is any.
    """
    return LukeListener(upstream)


class LukeListener(Model[InT, OutT]):
    """Knows the encoder by a plain attribute, not as layer or ref: it must not be saved in each pipe.

    While it has a `batch`, answers carry gradients to the shared encoder: the `luke` pipe gives it in its
    `update`, the listening pipe takes it back in its own: at the start if it is of another batch, else at
    the end. So a frozen `luke` pipe, whose `update` is never called, stays as it is.
    """

    def __init__(self, upstream_name: str):
        super().__init__("luke_listener", listener_forward, init=listener_init, dims={"nO": None})
        self.upstream_name = upstream_name
        self.upstream: Model[InT, OutT] | None = None
        self.batch: list[Example] | None = None
        self.asks_mentions = False  # see share_mentions
        self.has_company = False  # does another listener ask_mentions, too; the `luke` pipe says so
        self.is_last = False  # and all of them before this one

    def copy(self):
        """A listener to the same encoder (Thinc would make a plain Model)."""
        copied = LukeListener(self.upstream_name)
        copied.upstream = self.upstream
        copied.asks_mentions = self.asks_mentions
        if self.has_dim("nO"):
            copied.set_dim("nO", self.get_dim("nO"))
        return copied


def listener_init(model: LukeListener, X=None, Y=None) -> None:
    """Loads the encoder if nothing has: spaCy does not initialize a frozen `luke` pipe."""
    if not get_shim(model).is_loaded:
        get_encoder(model).initialize()
    model.set_dim("nO", get_encoder(model).get_dim("nO"), force=True)


def listener_forward(model: LukeListener, questions: InT, is_train: bool):
    encoder = get_encoder(model)
    if is_train and model.batch is not None:
        return encoder(questions, True)
    predict = partial(predict_shared, encoder, is_last=model.is_last) if model.has_company else encoder.predict
    return predict(questions), lambda d_states: []


def share_mentions(layer: Model[InT, OutT]) -> None:
    """Say that a pipe asks about all mentions of a window as [MASK] entities. Where another pipe behind the same `luke`
    does so, too, the second takes the answers of the first, if the mentions are the same."""
    if isinstance(layer, LukeListener):
        layer.asks_mentions = True


def get_encoder(layer: Model[InT, OutT]) -> Model[InT, OutT]:
    """The model that has the weights: `layer` itself, or what it listens to.

    RAISES ValueError LK403: a listener without a `luke` pipe.
    """
    if not isinstance(layer, LukeListener):
        return layer
    if layer.upstream is None:
        raise ValueError(Errors.LK403.format(upstream=layer.upstream_name))
    return layer.upstream


def get_shim(layer: Model[InT, OutT]) -> LukeShim:
    """Weights, config and tokenizer behind an encoder or a listener."""
    return get_encoder(layer).shims[0]  # type: ignore


def find_listeners(model: Model) -> list[LukeListener]:
    """All listeners in a pipe's model."""
    return [node for node in model.walk() if isinstance(node, LukeListener)]
