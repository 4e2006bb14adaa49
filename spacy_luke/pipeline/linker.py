"""The `luke_linker` pipe: links the mentions of a Doc to a knowledge base, all of them together."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Callable, Iterable, Sequence

import numpy
import srsly
from spacy import util
from spacy.kb import KnowledgeBase
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import Errors, Warnings
from ..features.candidates import GetCandidates
from ..features.label_types import LabelTypes
from ..features.own_mention import counted_here
from ..models.encoder import get_shim
from ..training.link_targets import GoldLink, gold_links, misaligned_links
from ..types import LinkOptions
from .asked import Asked, ask_about
from .base import LukePipe, checked_weight
from .disambiguation import Mode, disambiguate, softmax_by_mention
from .foreign_vectors import foreign_vectors
from .link_annotations import Link, links_of, write_links
from .link_counts import LinkCounts
from .linker_batch import masked_batch
from .linker_start import start_linker
from .new_entities import add_described

DEFAULT_MODEL = """
[model]
@architectures = "spacy_luke.LukeLinker.v1"
use_prior = true
use_labels = true

[model.encoder]
@architectures = "spacy_luke.LukeEncoder.v1"
name = "studio-ousia/mluke-base-lite"
"""


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
            "label_types": LabelTypes().counts,  # learned
            "counted": False,  # learned: has the knowledge base counted the training mentions?
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
        if not isinstance(kb, KnowledgeBase):
            raise ValueError(Errors.LK512.format(name=self.name, found=f"function that returns a {type(kb).__name__}"))
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
            description (models/entity_vectors.py); an entity without label has none, and only priors and
            types speak for it. Labels and aliases become aliases of the entity, each counted `count` times; without
            `count` they come behind entities of the same name that were counted.
        RAISES ValueError LK515: the knowledge base cannot be added to; as MMapKB.add_entities.
        """
        if not hasattr(self.kb, "add_entities"):
            raise ValueError(Errors.LK515.format(name=self.name, found=type(self.kb).__name__))
        add_described(self.kb, self.model, entities)

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
        rows = iter(links_of(asked, decided))
        return [[(span, next(rows)) for span in spans] for spans in mentions]

    def set_annotations(self, docs: Iterable[Doc], links: list[list[tuple[Span, Link]]]) -> None:
        for doc, found in zip(docs, links):
            write_links(doc, self.name, found)
            for span, link in found if self.cfg["spans_key"] is None else ():
                for token in span:
                    if self.cfg["overwrite"] or not token.ent_kb_id:
                        token.ent_kb_id_ = link.entity

    def _mentions(self, doc: Doc) -> list[Span]:
        key = self.cfg["spans_key"]
        return [span for span in (doc.ents if key is None else doc.spans.get(key, ())) if self._is_linked(span)]

    def _is_linked(self, span: Span) -> bool:
        labels, discard = self.cfg["labels"], self.cfg["labels_discard"]
        return len(span) > 0 and (labels is None or span.label_ in labels) and span.label_ not in discard

    def _ask(self, docs: list[Doc], mentions: list[list[Span]], links: list[str] | None = None) -> Asked:
        label_types = LabelTypes(self.cfg["label_types"])
        counted = self.cfg["counted"]
        return ask_about(self.model, self.kb, self.get_candidates, label_types, docs, mentions, links, counted)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """What the scorer of the config says of doc.ents and of the candidates in doc.spans[name]."""
        return {} if self.scorer is None else self.scorer(examples, **{"spans_key": self.name, **kwargs})

    # --- training ----------------------------------------------------------------------------------

    def learn(self, examples: list[Example]) -> float:
        """Cross-entropy over candidates and NIL, the mean over the masked mentions whose gold is an option."""
        asked, links = self._ask_gold(examples, [self._trains(example) for example in examples])
        batch = masked_batch(self.model, asked, links)
        if batch is None:
            return 0.0
        scores, backprop = self.model.begin_update((batch.questions, batch.slots, asked.options))
        loss, d_scores = self.weighted(*self.get_loss(batch.targets, asked.options, scores))
        backprop(d_scores)
        return loss

    def get_loss(self, targets: numpy.ndarray, options: LinkOptions, scores) -> tuple[float, Any]:
        """targets (masked mentions,): their right options. RETURNS: mean cross-entropy, its gradient."""
        n = max(len(targets), 1)
        probabilities = softmax_by_mention(self.model.ops.to_numpy(scores), options)
        loss = -float(numpy.log(numpy.maximum(probabilities[targets], 1e-30)).sum()) / n
        mention = numpy.repeat(numpy.arange(len(options.lengths)), options.lengths + 1)
        d_scores = probabilities * numpy.isin(mention, mention[targets])
        d_scores[targets] -= 1.0
        return loss, self.model.ops.asarray1f(d_scores / n)

    def _ask_gold(self, examples: list[Example], gold: list[list[GoldLink]]) -> tuple[Asked, list[str]]:
        """And the id, NIL or "" (not annotated) of each mention."""
        links = [link.entity for doc in gold for link in doc]
        mentions = [[link.mention for link in doc] for doc in gold]
        return self._ask([eg.predicted for eg in examples], mentions, links), links

    def _ask_annotated(self, examples: list[Example]) -> tuple[Asked, list[str]]:
        """The same for gold mentions with a link."""
        return self._ask_gold(examples, [[link for link in self._gold(eg) if link.entity] for eg in examples])

    def _gold(self, example: Example) -> list[GoldLink]:
        """The gold mentions that are to be linked."""
        return [link for link in gold_links(example, self.cfg["spans_key"]) if self._is_linked(link.mention)]

    def _trains(self, example: Example) -> list[GoldLink]:
        """What this example can train: gold mentions, or predicted ones with the gold link of the same words."""
        links = self._gold(example)
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
        counts, key = LinkCounts(), self.cfg["spans_key"]
        for batch in util.minibatch(get_examples(), 64):
            gold = [self._gold(eg) for eg in batch]
            candidates = self.get_candidates(self.kb, [[link.mention for link in doc] for doc in gold])
            counts.add(self.kb, gold, candidates)
            for eg in batch:
                counts.lose([span for span in misaligned_links(eg, key) if self._is_linked(span)])
        uses_labels = self.model.get_ref("candidate_scores").attrs["use_labels"]
        self.cfg["label_types"] = (counts.label_types if uses_labels else LabelTypes()).counts
        self.cfg["counted"] = counted_here(self.kb, counts.pairs)
        start_linker(self.model, map(self._ask_annotated, util.minibatch(get_examples(), 16)))
        for message in (*counts.messages(self.name), *foreign_vectors(self.name, self.kb, self.model)):
            warnings.warn(message)

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
        super().to_disk(path, exclude=exclude)
        if "kb" not in exclude:
            self.kb.to_disk(Path(path) / "kb")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> LukeLinker:
        if "kb" not in exclude:
            self.kb.from_disk(Path(path) / "kb")
        super().from_disk(path, exclude=exclude)
        return self
