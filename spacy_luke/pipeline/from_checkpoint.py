"""A checkpoint that transformers has fine-tuned -> a pipeline that gives the same probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from ..convert.classifier import Classifier, Task, load_classifier

_FACTORIES = {"ner": "luke_ner", "relations": "luke_relations", "typing": "luke_typing"}

# Slots of transformers' models see all others, whatever the encoder was made from.
_SETTINGS: dict[str, dict[str, Any]] = {
    "ner": {"@architectures": "spacy_luke.LukeNER.v1", "view": "full"},
    "relations": {"@architectures": "spacy_luke.LukeRelations.v1"},
    "typing": {"@architectures": "spacy_luke.LukeTyping.v1"},
}


def pipeline_from_checkpoint(
    name_or_path: str | Path, task: Task, *, lang: str = "xx", none: str | None = None
) -> tuple[Language, Classifier]:
    """A blank pipeline of `lang` with one pipe, luke_ner, luke_relations or luke_typing, that has the encoder, the
    labels and the classifier of LukeForEntitySpanClassification, LukeForEntityPairClassification or
    LukeForEntityClassification.

    The tokens are those of LukeTokenizer and MLukeTokenizer for relations and typing. luke_ner tokenises word by
    word, as the authors' own NER code does (studio-ousia/luke examples/ner/reader.py); their tokenizers for
    transformers cut a text only at the borders of the spans they are given. Types are independent of each
    other (sigmoid, threshold 0.5: a logit of 0), one label of each span or pair is chosen (softmax).

    name_or_path: a directory in Hugging Face's layout, or a hub id.
    none: the label that says "no entity" or "no relation", see `load_classifier`.
    RETURNS: the pipeline, ready for `to_disk`, and what was read.
    RAISES: ValueError: what load_classifier (LK721-LK728) and load_checkpoint raise; ImportError: spaCy does not
        know `lang`, or lacks its tokenizer.
    """
    classifier = load_classifier(name_or_path, task, none)
    nlp = spacy.blank(lang)
    encoder = {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(name_or_path)}
    pipe: Any = nlp.add_pipe(_FACTORIES[task], config={"model": {**_SETTINGS[task], "encoder": encoder}})
    for label in classifier.labels:
        pipe.add_label(label)
    model = pipe.model
    model.set_dim("nO", len(classifier.W), force=True)
    model.initialize()
    head = model.get_ref("output_layer")
    # rows of SpanHead are (first, last, slot), as transformers concatenates them
    head.set_param("W", model.ops.asarray_f(classifier.W.reshape(head.get_param("W").shape)))
    if classifier.b is not None:
        head.set_param("b", model.ops.asarray_f(classifier.b))
    return nlp, classifier
