"""The `luke_linker` pipe: links the mentions of a Doc to a knowledge base, all of them together."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterable, NamedTuple, Sequence

import numpy
import srsly
from spacy import util
from spacy.kb import KnowledgeBase
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from ..errors import Errors, Warnings
from ..features.candidates import GetCandidates
from ..features.carried import carry
from ..features.link_options import link_options
from ..features.mentions import ask_window, mention_windows
from ..kb.build_checks import check_entity
from ..kb.build_entities import names_of
from ..kb.descriptions import passage_of
from ..layers.model_files import model_from_disk, model_to_disk
from ..models.encoder import get_shim
from ..models.entity_vectors import bring_to, embed_passages, standardise
from ..models.linker import expect_nil, has_pretrained_head, standardise_head
from ..scorers import NIL
from ..training.link_targets import UNKNOWN, GoldLink, choose_masked, gold_links, link_targets, misaligned_links
from ..types import Candidates, LinkOptions, MentionWindow, Question
from .base import LukePipe, checked_weight
from .disambiguation import Mode, disambiguate, softmax_by_mention
from .link_counts import LinkCounts

if TYPE_CHECKING:
    from thinc.types import Floats2d

    from ..kb.descriptions import Passage

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeLinker.v1"
use_prior = true

[model.encoder]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""

# Mentions masked in training; the others are shown with their gold entity (LUKE.md of the paper's code:
# examples/entity_disambiguation/train.py, masked_entity_prob).
MASKED = 0.9

# Mentions that a fresh head starts from.
FIRST_MENTIONS = 2000

# Entities of the knowledge base that show on which scale its vectors are.
REFERENCES = 256


class Asked(NamedTuple):
    """The mentions of a batch of Docs and what they may be."""

    mentions: list[list[Span]]
    candidates: list[Candidates]  # of all mentions
    options: LinkOptions
    windows: list[MentionWindow]
    doc_of: numpy.ndarray  # (mentions,) int64


class Link(NamedTuple):
    """The answer for one mention."""

    entity: str  # id or NIL
    candidates: list[str]
    scores: list[float]  # (candidates,) probabilities; with `nil` they add up to 1
    nil: float
    step: int  # the pass in which it was decided, from 0; -1 = no candidates, nothing to decide


class LukeLinker(LukePipe):
    """Asks LUKE about all mentions of a Doc at once, decides the surest first and shows it to the others.

    Writes `token.ent_kb_id_`, an id or "NIL", and `doc.spans[name]`: the mentions, with
    `attrs["candidates"]` and `attrs["scores"]`, a list for each mention, `attrs["nil"]`, and `attrs["steps"]`: the pass
    in which each was decided, from 0, by the probabilities of that pass; -1 where there was nothing to decide.

    See `make_luke_linker` for the settings.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "luke_linker",
        *,
        get_candidates: GetCandidates,
        generate_empty_kb: Callable[[Vocab, int], KnowledgeBase],
        mode: Mode = "global",
        confidence: float = 0.9,
        labels: list[str] | None = None,
        labels_discard: Sequence[str] = (),
        spans_key: str | None = None,
        use_gold_ents: bool = True,
        overwrite: bool = True,
        loss_weight: float = 1.0,
        scorer: Callable | None = None,
    ):
        """RAISES ValueError LK505; LK510: a mode that does not exist; LK511: confidence not in 0 to 1."""
        if mode not in ("global", "exact", "local"):
            raise ValueError(Errors.LK510.format(name=name, mode=mode))
        if not 0 <= confidence <= 1:
            raise ValueError(Errors.LK511.format(name=name, value=confidence))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.get_candidates = get_candidates
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "mode": mode,
            "confidence": confidence,
            "labels": labels,
            "labels_discard": list(labels_discard),
            "spans_key": spans_key,
            "use_gold_ents": use_gold_ents,
            "overwrite": overwrite,
            "loss_weight": checked_weight(name, loss_weight),
        }
        self.kb = generate_empty_kb(vocab, 0)
        self._saved_kb = type(self.kb)  # what a saved knowledge base is loaded into

    def add_label(self, label: str) -> int:
        """Links have no labels; spaCy asks every trainable pipe."""
        return 0

    # --- the knowledge base ----------------------------------------------------------------------

    def set_kb(self, kb_loader: Callable[[Vocab], KnowledgeBase]) -> None:
        """Take another knowledge base, at any time; what was learned stays.

        RAISES ValueError LK512: no loader; LK513: vectors of another width than the encoder's.
        """
        if not callable(kb_loader):
            raise ValueError(Errors.LK512.format(name=self.name, found=type(kb_loader).__name__))
        kb = kb_loader(self.vocab)
        self._check_width(kb)
        if type(kb) is not self._saved_kb:
            found, saved = type(kb).__name__, self._saved_kb.__name__
            warnings.warn(Warnings.LKW515.format(name=self.name, found=found, empty=saved))
        self.kb = kb

    def _check_width(self, kb: KnowledgeBase) -> None:
        shim, found = get_shim(self.model.get_ref("encoder")), kb.entity_vector_length
        if shim.is_loaded and not kb.is_empty() and found not in (0, shim.config.entity_emb_size):
            raise ValueError(Errors.LK513.format(name=self.name, found=found, width=shim.config.entity_emb_size))

    def add_entities(self, entities: Iterable[dict]) -> None:
        """Add entities to the knowledge base and link to them at once, without training.

        entities: {"id": "mine", "labels": {"en": "Mine"}, "aliases": ["My Inc."], "description": "Mine is ...",
            "types": [...], "count": 3}, as of `build_kb`. Where there is no "vector", it is computed from the
            description (models/entity_vectors.py); an entity without label has none, and only its priors
            speak for it. Labels and aliases become aliases of the entity, each counted `count` times; without
            `count` they come behind entities of the same name that were counted.
        RAISES ValueError LK515: the knowledge base cannot be added to; as MMapKB.add_entities.
        """
        if not hasattr(self.kb, "add_entities"):
            raise ValueError(Errors.LK515.format(name=self.name, found=type(self.kb).__name__))
        entities = list(entities)
        for number, entity in enumerate(entities, 1):
            check_entity(entity, f"entity number {number}")
        entities = [dict(entity) for entity in entities]
        described = [(entity, passage_of(entity)) for entity in entities if entity.get("vector") is None]
        described = [(entity, passage) for entity, passage in described if passage is not None]
        if self.kb.entity_vector_length:
            vectors = self._vectors([passage for _, passage in described])  # type: ignore[misc]
            for (entity, _), vector in zip(described, vectors):
                entity["vector"] = vector.tolist()
        self.kb.add_entities(entities)
        counted = [(entity, name) for entity in entities if (entity.get("count") or 0) > 0 for name in names_of(entity)]
        self.kb.add_aliases([{"alias": name, "entity": e["id"], "count": e["count"]} for e, name in counted])

    def _vectors(self, passages: list[Passage]) -> Floats2d:
        """(passages, emb). A head that was not pretrained gives vectors on its own scale: they are brought to that of
        the knowledge base, which REFERENCES of its entities show, so that all are as `kb embed` made them."""
        kb: Any = self.kb
        vectors = embed_passages(self.model, passages)
        if has_pretrained_head(self.model):
            return vectors
        rows = range(0, len(kb), -(-len(kb) // REFERENCES) or 1)
        known = {row: passage for row in rows if (passage := passage_of(kb.info_at(row))) is not None}
        found, expected = embed_passages(self.model, list(known.values())), kb.vectors_of(list(known))
        both = found.any(axis=1) & expected.any(axis=1)
        return bring_to(vectors, found[both], expected[both]) if both.sum() > 1 else vectors

    # --- prediction ------------------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> list[list[tuple[Span, Link]]]:
        """For each Doc its mentions, in order, and their links."""
        docs = list(docs)
        mentions = [self._mentions(doc) for doc in docs]
        if not any(mentions):
            return [[] for _ in docs]
        if self.kb.is_empty():
            raise ValueError(Errors.LK514.format(name=self.name))
        asked = self._ask(docs, mentions)
        decided = disambiguate(
            self.model,
            asked.windows,
            asked.options,
            asked.doc_of,
            mode=self.cfg["mode"],
            confidence=self.cfg["confidence"],
        )
        starts = asked.options.nil_rows - asked.options.lengths
        links = []
        for row, found in enumerate(asked.candidates):
            *scores, nil = decided.probabilities[starts[row] : asked.options.nil_rows[row] + 1].tolist()
            best = int(decided.chosen[row] - starts[row])
            links.append(Link((found.ids + [NIL])[best], found.ids, scores, nil, int(decided.order[row])))
        rows = iter(links)
        return [[(span, next(rows)) for span in spans] for spans in mentions]

    def set_annotations(self, docs: Iterable[Doc], links: list[list[tuple[Span, Link]]]) -> None:
        for doc, found in zip(docs, links):
            group = SpanGroup(doc, name=self.name)
            for span, link in found:
                group.append(Span(doc, span.start, span.end, label=span.label, kb_id=link.entity))
                for token in span if self.cfg["spans_key"] is None else ():
                    if self.cfg["overwrite"] or not token.ent_kb_id:
                        token.ent_kb_id_ = link.entity
            group.attrs["candidates"] = [link.candidates for _, link in found]
            group.attrs["scores"] = [link.scores for _, link in found]
            group.attrs["nil"] = [link.nil for _, link in found]
            group.attrs["steps"] = [link.step for _, link in found]
            doc.spans[self.name] = group

    def _mentions(self, doc: Doc) -> list[Span]:
        key = self.cfg["spans_key"]
        return [span for span in (doc.ents if key is None else doc.spans.get(key, ())) if self._is_linked(span)]

    def _is_linked(self, span: Span) -> bool:
        labels, discard = self.cfg["labels"], self.cfg["labels_discard"]
        return len(span) > 0 and (labels is None or span.label_ in labels) and span.label_ not in discard

    def _ask(self, docs: list[Doc], mentions: list[list[Span]]) -> Asked:
        shim = get_shim(self.model.get_ref("encoder"))
        spans = [numpy.asarray([(s.start, s.end) for s in doc], dtype="int64").reshape(-1, 2) for doc in mentions]
        windows = mention_windows(docs, spans, shim.tokenizer, limit=shim.config.max_pieces)
        candidates = [found for doc in self.get_candidates(self.kb, mentions) for found in doc]
        doc_of = numpy.repeat(numpy.arange(len(docs)), [len(doc) for doc in mentions])
        options = link_options(self.kb, candidates, shim.config.entity_emb_size)
        return Asked(mentions, candidates, options, windows, doc_of)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """What the scorer of the config says of doc.ents and of the candidates in doc.spans[name]."""
        return {} if self.scorer is None else self.scorer(examples, **{"spans_key": self.name, **kwargs})

    # --- training ----------------------------------------------------------------------------------

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Cross-entropy over candidates and NIL, the mean over the masked mentions whose gold is an option."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "LukeLinker.update")
        self.start_update(examples)
        set_dropout_rate(self.model, drop)
        gold = [self._gold(example) for example in examples]
        if any(gold):
            losses[self.name] += self._update([eg.predicted for eg in examples], gold)
        self.end_update(sgd)
        return losses

    def _update(self, docs: list[Doc], gold: list[list[GoldLink]]) -> float:
        asked = self._ask(docs, [[link.mention for link in doc] for doc in gold])
        options = asked.options
        targets = link_targets([link.entity for doc in gold for link in doc], asked.candidates, options)
        masked = choose_masked(asked.doc_of, MASKED)
        candidate_of = numpy.full(len(options.mention) + len(targets), -1)
        candidate_of[options.candidate_rows] = numpy.arange(len(options.mention))
        shown = numpy.where(masked | (targets == UNKNOWN), -1, candidate_of[targets])
        shown[shown >= 0] = numpy.where(options.vectors[shown[shown >= 0]].any(axis=1), shown[shown >= 0], -1)
        trains = masked & (targets != UNKNOWN) & (options.lengths > 0)
        windows = [w for w in asked.windows if trains[w.mentions[w.is_asked]].any()]
        if not windows:
            return 0.0
        rank = numpy.zeros(len(shown), dtype="int64")  # no one of them was decided first: the nearest are carried
        windows = [carry(window, shown, rank, options.vectors) for window in windows]
        questions = [self._question(window, shown, options) for window in windows]
        slots = numpy.concatenate([numpy.where(w.is_asked & trains[w.mentions], w.mentions, -1) for w in windows])
        trains = numpy.isin(numpy.arange(len(targets)), slots)
        scores, backprop = self.model.begin_update((questions, slots, options))
        loss, d_scores = self.weighted(*self.get_loss(targets[trains], options, scores))
        backprop(d_scores)
        return loss

    def _question(self, window: MentionWindow, shown: numpy.ndarray, options: LinkOptions) -> Question:
        config = get_shim(self.model.get_ref("encoder")).config
        mask = config.other["special_entities"]["[MASK]"]
        reads_pieces = self.model.get_ref("head").attrs["with_pieces"]
        return ask_window(window, mask, config.entity_vocab_size, shown, options.vectors, reads_pieces=reads_pieces)

    def get_loss(self, targets: numpy.ndarray, options: LinkOptions, scores) -> tuple[float, Any]:
        """targets (masked mentions,): their right options. RETURNS: mean cross-entropy, its gradient."""
        n = max(len(targets), 1)
        probabilities = softmax_by_mention(self.model.ops.to_numpy(scores), options)
        loss = -float(numpy.log(numpy.maximum(probabilities[targets], 1e-30)).sum()) / n
        mention = numpy.repeat(numpy.arange(len(options.lengths)), options.lengths + 1)
        d_scores = probabilities * numpy.isin(mention, mention[targets])
        d_scores[targets] -= 1.0
        return loss, self.model.ops.asarray1f(d_scores / n)

    def _gold(self, example: Example) -> list[GoldLink]:
        """What this example can train: gold mentions, or predicted ones with the gold link of the same words."""
        key = self.cfg["spans_key"]
        links = [link for link in gold_links(example, key) if self._is_linked(link.mention)]
        if self.cfg["use_gold_ents"]:
            return links
        known = {(link.mention.start, link.mention.end): link.entity for link in links}
        found = self._mentions(example.predicted)
        return [GoldLink(span, known.get((span.start, span.end), "")) for span in found]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        kb_loader: Callable | None = None,  # spaCy evaluates this name: it knows Callable, not Vocab
    ) -> None:
        """Load the encoder and the knowledge base, and count what no linker could get right with it.

        kb_loader: vocab -> knowledge base, e.g. `spacy_luke.MMapKB.v1` or spaCy's `spacy.KBFromFile.v1`; None
            keeps the one there is.
        RAISES ValueError LK512, LK513; LK514: there is no knowledge base, or it is empty.
        """
        validate_get_examples(get_examples, "LukeLinker.initialize")
        self.model.initialize()
        if kb_loader is not None:
            self.set_kb(kb_loader)
        if self.kb.is_empty():
            raise ValueError(Errors.LK514.format(name=self.name))
        self._check_width(self.kb)
        if not has_pretrained_head(self.model):
            self._standardise_head(get_examples)
        counts, key = LinkCounts(), self.cfg["spans_key"]
        for batch in util.minibatch(get_examples(), 64):
            gold = [[link for link in gold_links(eg, key) if self._is_linked(link.mention)] for eg in batch]
            candidates = self.get_candidates(self.kb, [[link.mention for link in doc] for doc in gold])
            counts.add(self.kb, gold, candidates)
            for eg in batch:
                counts.lose([span for span in misaligned_links(eg, key) if self._is_linked(span)])
        if not has_pretrained_head(self.model):
            expect_nil(self.model, counts.nil_share)
        for message in counts.messages(self.name):
            warnings.warn(message)

    def _standardise_head(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """A fresh head starts from what it gives for the first mentions of the training data."""
        found: list[numpy.ndarray] = []
        for eg in get_examples():
            if sum(map(len, found)) >= FIRST_MENTIONS:
                break
            mentions = [link.mention for link in self._gold(eg)]
            if not mentions:
                continue
            asked = self._ask([eg.predicted], [mentions])
            nothing = numpy.full(len(mentions), -1)
            questions = [self._question(window, nothing, asked.options) for window in asked.windows]
            found += [self.model.ops.to_numpy(self.model.layers[0].predict(questions))] if questions else []
        if found and sum(map(len, found)) > 1:
            _, mean, deviation = standardise(numpy.concatenate(found))
            standardise_head(self.model, mean, deviation)

    # --- saving ------------------------------------------------------------------------------------

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        serialize = {"cfg": lambda: srsly.json_dumps(self.cfg), "kb": self.kb.to_bytes, "model": self.model.to_bytes}
        return util.to_bytes(serialize, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> LukeLinker:
        deserialize = {
            "cfg": lambda data: self.cfg.update(srsly.json_loads(data)),
            "kb": self.kb.from_bytes,
            "model": self.model.from_bytes,
        }
        util.from_bytes(bytes_data, deserialize, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        serialize = {
            "cfg": lambda p: srsly.write_json(p, self.cfg),
            "kb": self.kb.to_disk,
            "model": partial(model_to_disk, self.model),
        }
        util.to_disk(util.ensure_path(path), serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LukeLinker:
        deserialize = {
            "cfg": lambda p: self.cfg.update(srsly.read_json(p)),
            "kb": self.kb.from_disk,
            "model": partial(model_from_disk, self.model),
        }
        util.from_disk(util.ensure_path(path), deserialize, exclude)
        return self
