"""One table of parameter names, read in both directions: Hugging Face's files <-> our encoder.

Our LukeEncoder has the names of transformers' LukeModel, and BERT, RoBERTa and XLM-R have the same
names for the word side, so an encoder weight only loses the prefix of its model ("luke.", "bert.").
What has another name is the masked-word head of BERT.
"""

from __future__ import annotations

import re

# model_type -> prefix of the encoder inside a model with heads; without heads there is no prefix
PREFIXES = {"luke": "luke.", "bert": "bert.", "roberta": "roberta.", "xlm-roberta": "roberta."}

HEADS = ("lm_head.", "entity_predictions.")

# Hugging Face's start of a name -> ours, per model_type; the first that fits, in both directions
_STARTS = {
    "bert": (
        ("cls.predictions.transform.dense.", "lm_head.dense."),
        ("cls.predictions.transform.LayerNorm.", "lm_head.layer_norm."),
        ("cls.predictions.decoder.", "lm_head.decoder."),
        ("cls.predictions.bias", "lm_head.bias"),
    ),
}

# Weights that are read by nobody, by name. Buffers, tied copies, and heads that are not ours.
HARMLESS = re.compile(
    r"embeddings\.position_ids|embeddings\.token_type_ids"  # buffers of old versions
    r"|pooler\.dense\.(weight|bias)|cls\.seq_relationship\.(weight|bias)"  # next-sentence head
    r"|lm_head\.decoder\.(weight|bias)"  # tied to the word table and to lm_head.bias
    r"|entity_predictions\.decoder\.(weight|bias)"  # tied to the entity table
    r"|(classifier|qa_outputs)\..+"  # heads of fine-tuned models
)


def to_ours(name: str, model_type: str) -> str:
    """The name in our encoder (or head) of a weight in a Hugging Face file."""
    # names of the TensorFlow checkpoints of 2018, as transformers still translates them
    name = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name)
    name = re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name)
    name = name.removeprefix(PREFIXES[model_type])
    for theirs, ours in _STARTS.get(model_type, ()):
        if name.startswith(theirs):
            return ours + name[len(theirs) :]
    return name


def to_hf(name: str, model_type: str = "luke") -> str:
    """The name in a Hugging Face file of a model with heads; to_ours(to_hf(name)) == name."""
    for theirs, ours in _STARTS.get(model_type, ()):
        if name.startswith(ours):
            return theirs + name[len(ours) :]
    return name if name.startswith(HEADS) else PREFIXES[model_type] + name
