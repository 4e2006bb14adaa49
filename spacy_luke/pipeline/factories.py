"""How `nlp.add_pipe` makes our pipes. spaCy imports this with every `spacy.blank`: keep it light."""

from __future__ import annotations

from typing import Any, Callable

from spacy.language import Language
from spacy.pipeline.spancat import Suggester
from thinc.api import Config, Model

from ..features.candidates import GetCandidates
from .disambiguation import Mode
from .linker import DEFAULT_MODEL as DEFAULT_LINKER_MODEL, LukeLinker
from .luke import DEFAULT_MODEL as DEFAULT_LUKE_MODEL, Luke
from .ner import DEFAULT_MODEL as DEFAULT_NER_MODEL, LukeNER


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
        scorer=scorer,
    )
