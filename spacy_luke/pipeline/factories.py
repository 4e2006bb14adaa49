"""How `nlp.add_pipe` makes our pipes. spaCy imports this with every `spacy.blank`: keep it light."""

from __future__ import annotations

from typing import Any, Callable

from spacy.language import Language
from spacy.pipeline.spancat import Suggester
from thinc.api import Config, Model

from ..annotations import register_extensions
from ..features.candidates import GetCandidates
from ..features.pairs import GetPairs
from .disambiguation import Mode
from .entity_typing import DEFAULT_MODEL as DEFAULT_TYPING_MODEL
from .entity_typing import LukeTyping
from .linker import DEFAULT_MODEL as DEFAULT_LINKER_MODEL
from .linker import LukeLinker
from .luke import DEFAULT_MODEL as DEFAULT_LUKE_MODEL
from .luke import Luke
from .ner import DEFAULT_MODEL as DEFAULT_NER_MODEL
from .ner import LukeNER
from .relations import DEFAULT_MODEL as DEFAULT_RELATIONS_MODEL
from .relations import LukeRelations

register_extensions()


def _model(text: str) -> dict[str, Any]:
    return Config().from_str(text)["model"]


@Language.factory("luke", default_config={"model": _model(DEFAULT_LUKE_MODEL)})
def make_luke(nlp: Language, name: str, model: Model) -> Luke:
    """One LUKE encoder for the pipes behind it; they name `spacy_luke.LukeListener.v1` as encoder."""
    return Luke(nlp.vocab, model, name)


@Language.factory(
    "luke_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans"],
    default_config={
        "model": _model(DEFAULT_NER_MODEL),
        "suggester": {"@misc": "spacy_luke.word_span_suggester.v1", "max_words": 10},
        "negatives": None,
        "overwrite": True,
        "spans_key": "luke_ner",
        "min_score": 0.1,
        "loss_weight": 1.0,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_luke_ner(
    nlp: Language,
    name: str,
    model: Model,
    suggester: Suggester,
    negatives: float | None,
    overwrite: bool,
    spans_key: str,
    min_score: float,
    loss_weight: float,
    scorer: Callable | None,
) -> LukeNER:
    """Named entities by LUKE. See `LukeNER` for what each setting does."""
    return LukeNER(
        nlp.vocab,
        model,
        name,
        suggester=suggester,
        negatives=negatives,
        overwrite=overwrite,
        spans_key=spans_key,
        min_score=min_score,
        loss_weight=loss_weight,
        scorer=scorer,
    )


@Language.factory(
    "luke_linker",
    requires=["doc.ents"],
    assigns=["token.ent_kb_id", "doc.spans"],
    default_config={
        "model": _model(DEFAULT_LINKER_MODEL),
        "get_candidates": {"@misc": "spacy_luke.CandidateGenerator.v1"},
        "generate_empty_kb": {"@misc": "spacy_luke.EmptyMMapKB.v1"},
        "mode": "global",
        "confidence": 0.9,
        "labels": None,
        "labels_discard": [],
        "spans_key": None,
        "use_gold_ents": True,
        "overwrite": True,
        "loss_weight": 1.0,
        "scorer": {"@scorers": "spacy_luke.linker_scorer.v1"},
    },
    default_score_weights={"nel_micro_f": 1.0, "nel_micro_p": 0.0, "nel_micro_r": 0.0, "nel_per_type": None},
)
def make_luke_linker(
    nlp: Language,
    name: str,
    model: Model,
    get_candidates: GetCandidates,
    generate_empty_kb: Callable,
    mode: Mode,
    confidence: float,
    labels: list[str] | None,
    labels_discard: list[str],
    spans_key: str | None,
    use_gold_ents: bool,
    overwrite: bool,
    loss_weight: float,
    scorer: Callable | None,
) -> LukeLinker:
    """Links to a knowledge base by LUKE.

    get_candidates: which entities a mention may stand for, e.g. `spacy_luke.CandidateGenerator.v1`.
    generate_empty_kb: what a saved knowledge base is loaded into; `spacy.EmptyKB.v2` for spaCy's own.
    mode (str): "global" decides the surest mentions first and shows them to the others, "exact" one
        mention a pass as in the paper, "local" all in one pass.
    confidence (float): probability above which "global" decides several mentions in one pass.
    labels (list): link entities of these labels only; None = all. labels_discard: and not of these.
    spans_key (str): mentions are doc.spans[spans_key]; None = doc.ents.
    use_gold_ents (bool): train on gold mentions; False = on those that the pipes before have found.
    overwrite (bool): False keeps the kb_id that a token has.
    loss_weight (float): of its loss, beside the other pipes that train the same encoder.
    """
    return LukeLinker(
        nlp.vocab,
        model,
        name,
        get_candidates=get_candidates,
        generate_empty_kb=generate_empty_kb,
        mode=mode,
        confidence=confidence,
        labels=labels,
        labels_discard=labels_discard,
        spans_key=spans_key,
        use_gold_ents=use_gold_ents,
        overwrite=overwrite,
        loss_weight=loss_weight,
        scorer=scorer,
    )


@Language.factory(
    "luke_relations",
    requires=["doc.ents"],
    assigns=["doc.spans", "doc._.relations", "span._.relations"],
    default_config={
        "model": _model(DEFAULT_RELATIONS_MODEL),
        "get_pairs": {"@misc": "spacy_luke.pair_getter.v1"},
        "multi_label": False,
        "threshold": 0.5,
        "thresholds": {},
        "negatives": None,
        "use_gold_ents": True,
        "spans_key": "luke_relations",
        "loss_weight": 1.0,
        "scorer": {"@scorers": "spacy_luke.relation_scorer.v1"},
    },
    default_score_weights={
        "rel_micro_f": 1.0,
        "rel_micro_p": 0.0,
        "rel_micro_r": 0.0,
        "rel_macro_f": None,
        "rel_per_type": None,
    },
)
def make_luke_relations(
    nlp: Language,
    name: str,
    model: Model,
    get_pairs: GetPairs,
    multi_label: bool,
    threshold: float,
    thresholds: dict[str, float],
    negatives: float | None,
    use_gold_ents: bool,
    spans_key: str,
    loss_weight: float,
    scorer: Callable | None,
) -> LukeRelations:
    """Relations between pairs of entities by LUKE.

    get_pairs: which pairs are asked about, e.g. `spacy_luke.pair_getter.v1`.
    multi_label (bool): a pair has any number of labels; False = one, or none.
    threshold (float): with multi_label, a pair has the labels of at least this probability.
    thresholds (dict): labels with a threshold of their own.
    negatives (float): pairs without a relation to train on, for each entity of a Doc; None = all.
    use_gold_ents (bool): train on pairs of the entities in the gold group; False = on those that the pipes
        before have found.
    spans_key (str): the span group with relations, of gold and of predicted Docs. doc._.relations reads
        "luke_relations".
    loss_weight (float): of its loss, beside the other pipes that train the same encoder.
    """
    return LukeRelations(
        nlp.vocab,
        model,
        name,
        get_pairs=get_pairs,
        multi_label=multi_label,
        threshold=threshold,
        thresholds=thresholds,
        negatives=negatives,
        use_gold_ents=use_gold_ents,
        spans_key=spans_key,
        loss_weight=loss_weight,
        scorer=scorer,
    )


@Language.factory(
    "luke_typing",
    requires=["doc.ents"],
    assigns=["doc.spans", "span._.luke_types"],
    default_config={
        "model": _model(DEFAULT_TYPING_MODEL),
        "threshold": 0.5,
        "thresholds": {},
        "hierarchy": None,
        "spans_key": None,
        "types_key": "luke_typing",
        "loss_weight": 1.0,
        "scorer": {"@scorers": "spacy_luke.typing_scorer.v1"},
    },
    default_score_weights={
        "types_micro_f": 1.0,
        "types_micro_p": 0.0,
        "types_micro_r": 0.0,
        "types_macro_f": 0.0,
        "types_strict_f": 0.0,
        "types_per_type": None,
    },
)
def make_luke_typing(
    nlp: Language,
    name: str,
    model: Model,
    threshold: float,
    thresholds: dict[str, float],
    hierarchy: str | None,
    spans_key: str | None,
    types_key: str,
    loss_weight: float,
    scorer: Callable | None,
) -> LukeTyping:
    """Types of entities by LUKE, any number for each.

    threshold (float): an entity has the types of at least this probability.
    thresholds (dict): types with a threshold of their own.
    hierarchy (str): what separates the parts of a type, if types imply their parents: with "/",
        /person/artist implies /person, in gold and in predictions.
    spans_key (str): mentions are doc.spans[spans_key], which may overlap; None = doc.ents.
    types_key (str): the span group of types, of gold and of predictions.
    loss_weight (float): of its loss, beside the other pipes that train the same encoder.
    """
    return LukeTyping(
        nlp.vocab,
        model,
        name,
        threshold=threshold,
        thresholds=thresholds,
        hierarchy=hierarchy,
        spans_key=spans_key,
        types_key=types_key,
        loss_weight=loss_weight,
        scorer=scorer,
    )
