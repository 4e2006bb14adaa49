"""The mentions of a batch of Docs as numbers: what they may be linked to, and what the encoder is asked about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy
from thinc.api import Model

from ..features.candidates import GetCandidates
from ..features.label_types import LabelTypes
from ..features.link_options import link_options
from ..features.mentions import ask_window, mention_windows
from ..features.own_mention import without_own_mention
from ..models.encoder import get_shim
from ..types import Candidates, LinkOptions, MentionWindow, Question

if TYPE_CHECKING:
    from spacy.kb import KnowledgeBase
    from spacy.tokens import Doc, Span
    from thinc.types import Ints1d


class Asked(NamedTuple):
    """The mentions of a batch of Docs and what they may be."""

    candidates: list[Candidates]  # of all mentions
    options: LinkOptions
    windows: list[MentionWindow]
    doc_of: Ints1d  # (mentions,) int64, the Doc of each


def ask_about(
    model: Model,
    kb: KnowledgeBase,
    get_candidates: GetCandidates,
    label_types: LabelTypes,
    docs: list[Doc],
    mentions: list[list[Span]],
    links: list[str] | None = None,
    counted: bool = False,
) -> Asked:
    """model: of a luke_linker. mentions: of each Doc. links: in training, the gold entity of each mention of all;
    counted (bool): the knowledge base has counted these mentions."""
    shim = get_shim(model.get_ref("encoder"))
    spans = [numpy.asarray([(s.start, s.end) for s in doc], dtype="int64").reshape(-1, 2) for doc in mentions]
    windows = mention_windows(docs, spans, shim.tokenizer, limit=shim.config.max_pieces)
    candidates = [found for doc in get_candidates(kb, mentions) for found in doc]
    if counted and links is not None:
        candidates = without_own_mention(kb, [span.text for doc in mentions for span in doc], links, candidates)
    doc_of = numpy.repeat(numpy.arange(len(docs)), [len(doc) for doc in mentions])
    fits = label_types.fits(kb, [span.label_ for doc in mentions for span in doc], candidates, links)
    return Asked(candidates, link_options(kb, candidates, shim.config.entity_emb_size, fits), windows, doc_of)


def questions_about(
    model: Model, windows: Sequence[MentionWindow], shown: Ints1d, options: LinkOptions
) -> list[Question]:
    """The windows as the encoder sees them. shown (mentions,): the candidate that each mention shows, -1 = [MASK]."""
    config = get_shim(model.get_ref("encoder")).config
    mask, rows = config.other["special_entities"]["[MASK]"], config.entity_vocab_size
    reads_pieces = model.get_ref("head").attrs["with_pieces"]
    return [ask_window(w, mask, rows, shown, options.vectors, reads_pieces=reads_pieces) for w in windows]
