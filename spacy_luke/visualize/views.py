"""`render`: one Doc or several, in one of the styles, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spacy.displacy import get_doc_settings
from spacy.tokens import Doc
from spacy.util import is_in_jupyter

from ..errors import Errors
from .candidates import candidates
from .html import page_of
from .marked import entities, types
from .relations import relations

# style -> what draws one Doc: (doc, options) -> HTML
STYLES: dict[str, Callable[[Doc, Mapping[str, Any]], str]] = {
    "ent": entities,
    "types": types,
    "relations": relations,
    "candidates": candidates,
}


def render(
    docs: Doc | Iterable[Doc],
    style: str = "ent",
    page: bool = False,
    jupyter: bool | None = None,
    options: Mapping[str, Any] | None = None,
) -> str | None:
    """HTML of Docs, as `displacy.render`. Every text, label and id is escaped; nothing is fetched from anywhere.

    style (str): "ent" entities with links, "types" mentions with types and probabilities, "relations" arcs
        between entities, "candidates" what each mention may be, as bars.
    page (bool): a whole HTML file.
    jupyter (bool): show it in the notebook; None = if we are in one.
    options (dict):
        kb_url_template   where ids lead to, {} is the id; without it QIDs lead to Wikidata, "ja:東京" to Wikipedia
        kb                the knowledge base: its labels are shown beside ids
        colors, ents      label -> colour, and the labels shown, as in displaCy ("ent" and "types")
        top               candidates shown of each mention, 5
        types_key, relations_key, linker_key    the span groups, those that the pipes write if not given

    RETURNS: the HTML; nothing where it was shown in a notebook.
    RAISES ValueError LK730: an unknown style; LK732: what is no Doc; LK731, LK262: span groups that our pipes
        did not write.
    """
    if style not in STYLES:
        raise ValueError(Errors.LK730.format(style=style, known=", ".join(STYLES)))
    docs = [docs] if isinstance(docs, Doc) else list(docs)
    for doc in docs:
        if not isinstance(doc, Doc):
            raise ValueError(Errors.LK732.format(found=type(doc).__name__))
    drawn = "\n".join(f"<figure style='margin: 0 0 2rem'>{STYLES[style](doc, options or {})}</figure>" for doc in docs)
    if page:
        settings = get_doc_settings(docs[0]) if docs else {"lang": "en", "direction": "ltr"}
        drawn = page_of(drawn, lang=settings["lang"], direction=settings["direction"])
    if jupyter or (jupyter is None and is_in_jupyter()):
        from IPython.display import HTML, display

        display(HTML(f'<span class="tex2jax_ignore">{drawn}</span>'))  # no formulas are looked for in it
        return None
    return drawn
