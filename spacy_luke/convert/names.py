"""One table of parameter names, read in both directions: Hugging Face's files <-> our encoder.

Our LukeEncoder has the names of transformers' LukeModel, and BERT, RoBERTa and XLM-R have the same
names for the word side, so an encoder weight only loses or gains the prefix of its model ("luke.").
What has another name is the masked-word head of BERT; those of the others are ours already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# model_type -> prefix of the encoder inside a model with heads; without heads there is no prefix
PREFIXES = {"luke": "luke.", "bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta."}

# What stands beside the encoder in a file, under its start; everything else is encoder.
HEADS = ("lm_head.", "entity_predictions.")

# Hugging Face's start of a name and ours, per model_type
_STARTS = {
    "bert": (
        ("cls.predictions.transform.dense.", "lm_head.dense."),
        ("cls.predictions.transform.LayerNorm.", "lm_head.layer_norm."),
        ("cls.predictions.decoder.", "lm_head.decoder."),
        ("cls.predictions.bias", "lm_head.bias"),
    ),
}

# Weights that nobody reads, under our names.
HARMLESS = re.compile(
    r"embeddings\.(position_ids|token_type_ids)"  # buffers of old versions
    r"|pooler\.dense\.(weight|bias)|cls\.seq_relationship\.(weight|bias)"  # next-sentence head
    r"|lm_head\.decoder\.(weight|bias)"  # tied to the word table and to lm_head.bias
    r"|entity_predictions\.decoder\.weight"  # tied to the entity table
    r"|classifier\..+|qa_outputs\..+"  # heads of fine-tuned models; see classifier.py
)

_ANCHOR = "embeddings.word_embeddings.weight"


def find_prefix(names: Iterable[str]) -> str:
    """What stands in front of the encoder's names in a file: "luke.", "bert.", nothing, or anything else.
    RETURNS: the prefix; nothing if there is no word table."""
    return min((name[: -len(_ANCHOR)] for name in names if name.endswith(_ANCHOR)), key=len, default="")


def to_ours(name: str, model_type: str, prefix: str | None = None) -> str:
    """The name in our encoder (or head) of a weight in a Hugging Face file.

    prefix: what `find_prefix` found; None takes the usual one of the model_type.
    """
    # names of the TensorFlow checkpoints of 2018, as transformers still translates them
    name = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name)
    name = re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name)
    name = name.removeprefix(PREFIXES[model_type] if prefix is None else prefix)
    for theirs, ours in _STARTS.get(model_type, ()):
        if name.startswith(theirs):
            return ours + name[len(theirs) :]
    return name


def to_hf(name: str, model_type: str = "luke") -> str:
    """The name in a Hugging Face file of a model with heads; to_ours(to_hf(name, t), t) == name."""
    for theirs, ours in _STARTS.get(model_type, ()):
        if name.startswith(ours):
            return theirs + name[len(ours) :]
    return name if name.startswith(HEADS) else PREFIXES[model_type] + name
