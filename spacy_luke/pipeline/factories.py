"""How `nlp.add_pipe` makes our pipes. spaCy imports this with every `spacy.blank`: keep it light."""

from __future__ import annotations

from typing import Any, Callable

from spacy.language import Language
from spacy.pipeline.spancat import Suggester
from thinc.api import Config, Model

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
