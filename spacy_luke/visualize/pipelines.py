"""Which pictures a pipeline can give, and where its pipes write what is drawn."""

from __future__ import annotations

from typing import Any

from spacy.language import Language

# factory -> style, the option that names the span group, the pipe's setting of it
_DRAWN = {
    "luke_typing": ("types", "types_key", "types_key"),
    "luke_relations": ("relations", "relations_key", "spans_key"),
    "luke_linker": ("candidates", "linker_key", None),
}


def styles_of(nlp: Language) -> tuple[list[str], dict[str, Any]]:
    """The styles of `render` that show what this pipeline writes, and options for them: span groups and, with a
    luke_linker, its knowledge base. Of several pipes of a kind the last is taken."""
    found, options = {}, {}
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory in _DRAWN:
            style, option, setting = _DRAWN[nlp.get_pipe_meta(name).factory]
            pipe: Any = nlp.get_pipe(name)
            found[style] = name
            options[option] = name if setting is None else pipe.cfg[setting]
            if style == "candidates":
                options["kb"] = pipe.kb
    return ["ent", *(style for style, *_ in _DRAWN.values() if style in found)], options
