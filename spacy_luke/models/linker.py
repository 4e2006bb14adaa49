"""LUKE's entity disambiguation: mentions are [MASK] entities, their states are compared with candidates."""

from __future__ import annotations

from typing import Callable, TypeAlias

import numpy
from thinc.api import Model, chain
from thinc.types import Floats1d

from ..layers.candidate_scores import CandidateScores
from ..layers.encoder import InT as QuestionsT
from ..layers.encoder import OutT as StatesT
from ..layers.entity_head import EntityHead
from ..layers.with_batches import with_batches
from ..types import LinkOptions, Question
from .encoder import get_shim, share_mentions

# Questions; for each of their slots the mention it answers for, -1 = it is context; options of the mentions.
InT = tuple[list[Question], "object", LinkOptions]
OutT: TypeAlias = Floats1d


def build_luke_linker_v1(
    encoder: Model[QuestionsT, StatesT],
    use_prior: bool = True,
    use_labels: bool = True,
    batch_size: int | None = None,
) -> Model[InT, OutT]:
    """(questions, mention of each slot, options) -> scores (options,), not normalised.

    "Global Entity Disambiguation with BERT" (NAACL 2022) section 3, studio-ousia/luke
    examples/entity_disambiguation/model.py: entity head . candidate vector + bias; here also the log prior
    and the fit of the mention's label, each with a weight, and NIL as one more option (layers/candidate_scores.py).

    encoder: `spacy_luke.LukeEncoder.v1` or `spacy_luke.LukeListener.v1`.
    use_prior (bool): False scores without the prior, as in the paper.
    use_labels (bool): False does not look at labels of mentions, as in the paper.
    batch_size (int): pieces and slots of a batch; null takes as many as are fastest and fit in the free memory.
    """
    share_mentions(encoder)
    head, scores = EntityHead(), CandidateScores(use_prior=use_prior, use_labels=use_labels)
    return Model(
        "luke_linker",
        forward,
        init=init,
        layers=[with_batches(chain(encoder, head), batch_size), scores],
        refs={"encoder": encoder, "head": head, "candidate_scores": scores},
    )


def init(model: Model[InT, OutT], X=None, Y=None) -> None:
    """Takes over the masked-entity head of a LUKE checkpoint. Without one, the head starts as the identity of the
    states of slot and pieces, linear, as half of them would be lost in an activation, and what it gives is brought
    to mean 0 and variance 1 by `start_linker` (benchmarks/linking, "Encoders without entity pretraining")."""
    encoder, head, scores = (model.get_ref(name) for name in ("encoder", "head", "candidate_scores"))
    encoder.initialize()
    shim = get_shim(encoder)
    config = shim.config
    is_fresh = not shim.entity_head
    activation = "linear" if is_fresh else config.hidden_act
    head.attrs.update(activation=activation, eps=config.layer_norm_eps, with_pieces=is_fresh)
    head.set_dim("nI", config.hidden_size, force=True)
    head.set_dim("nO", config.entity_emb_size, force=True)
    scores.set_dim("nI", config.entity_emb_size, force=True)
    scores.attrs["scale"] = config.entity_emb_size**-0.5 if is_fresh else 1.0
    head.initialize()
    scores.initialize()
    start = shim.entity_head or {"W": numpy.eye(config.entity_emb_size, config.hidden_size, dtype="float32")}
    for name, weights in start.items():
        head.set_param(name, head.ops.asarray_f(weights))


def has_pretrained_head(model: Model[InT, OutT]) -> bool:
    """Did the checkpoint have a masked-entity head?"""
    return bool(get_shim(model.get_ref("encoder")).entity_head)


def standardise_head(model: Model[InT, OutT], mean: Floats1d, deviation: Floats1d) -> None:
    """Let the head give (x - mean) / deviation where it gave x. mean, deviation: (emb,)."""
    head = model.get_ref("head")
    mean, deviation = head.ops.asarray1f(mean), head.ops.asarray1f(deviation)
    head.set_param("G", head.get_param("G") / deviation)
    head.set_param("beta", (head.get_param("beta") - mean) / deviation)


def forward(model: Model[InT, OutT], X: InT, is_train: bool) -> tuple[OutT, Callable]:
    questions, mentions, options = X
    batches, scores = model.layers
    mentions = model.ops.to_numpy(mentions)
    rows = numpy.flatnonzero(mentions >= 0)  # here, as a mask on a GPU would be waited for
    asked, answered = model.ops.asarray1i(rows), model.ops.asarray1i(mentions[rows])
    queries = model.ops.alloc2f(len(options.lengths), model.get_ref("head").get_dim("nO"))
    backprop_slots = None
    if questions:
        of_slots, backprop_slots = batches(questions, is_train)
        queries[answered] = of_slots[asked]
    Y, backprop_scores = scores((queries, options), is_train)

    def backprop(dY: OutT) -> list:
        d_queries = backprop_scores(dY)
        if backprop_slots is not None:
            d_slots = model.ops.alloc2f(len(mentions), d_queries.shape[1])
            d_slots[asked] = d_queries[answered]
            backprop_slots(d_slots)
        return []

    return Y, backprop
