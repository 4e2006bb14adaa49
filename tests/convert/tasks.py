"""Fine-tuned tiny models of transformers, and the command that turns them into pipelines."""

from __future__ import annotations

import shutil

import spacy.cli
import torch
from typer.testing import CliRunner

import spacy_luke.cli  # noqa: F401  (spaCy does this by the entry point)

from ..vocabularies import write_json
from .hf import save_model

CLASSES = {
    "ner": "LukeForEntitySpanClassification",
    "relations": "LukeForEntityPairClassification",
    "typing": "LukeForEntityClassification",
}
HF_TASKS = {"relations": "entity_pair_classification", "typing": "entity_classification"}
LABELS = {
    "ner": ["NIL", "MISC", "PER", "ORG"],
    "relations": ["per:title", "org:founded", "no_relation", "per:origin"],  # "none" is not the first
    "typing": ["entity", "event", "NIL", "person"],  # a type may have any name
}


def run(*args):
    return CliRunner().invoke(spacy.cli.app, ["luke", "convert", *map(str, args)])


def write(tokenizers, path, task, kind="bpe", labels=None, **settings):
    """A fine-tuned LUKE ("bpe") or mLUKE ("unigram") as transformers writes it. RETURNS: model, its tokenizer."""
    shutil.copytree(tokenizers / kind, path)
    import transformers

    tokenizer_class = transformers.LukeTokenizer if kind == "bpe" else transformers.MLukeTokenizer
    tokenizer_class.from_pretrained(path).save_pretrained(path)
    if kind == "bpe":
        settings = {"entity_vocab_size": 5, "entity_emb_size": 16, **settings}
    else:
        names = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}
        write_json(path / "entity_vocab.json", names)
        settings = {"entity_vocab_size": 4, "entity_emb_size": 32, "use_entity_aware_attention": False, **settings}
    labels = LABELS[task] if labels is None else labels
    torch.manual_seed(len(labels))
    model = save_model(CLASSES[task], path, max_position_embeddings=130, id2label=dict(enumerate(labels)), **settings)
    for name, parameter in model.named_parameters():
        # slots look at their words more than at themselves, so that not all spans have the same label
        if "LayerNorm.weight" in name:
            parameter.data += 1.0
        elif "LayerNorm.bias" in name or "entity_embeddings.weight" in name:
            parameter.data *= 0.1
        elif "self.value" in name:
            parameter.data *= 5.0
    model.save_pretrained(path)
    return model, tokenizer_class.from_pretrained(path, task=HF_TASKS.get(task))
