"""What the page may ask: about the pipeline, what it finds in a text, what the knowledge base knows, a new entity."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..errors import Errors
from ..visualize import render
from ..visualize.candidates import Choice, get_choices
from ..visualize.html import entity_url
from ..visualize.names import names_in
from ..visualize.pipelines import styles_of
from .kb_search import describe, search_kb

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# What can be switched off, and the pipes that then do not run. Entities are found in any case: all else is about them.
LAYERS = {"entities": (), "links": ("luke_linker",), "types": ("luke_typing",), "relations": ("luke_relations",)}
PICTURES = {"entities": "ent", "links": "candidates", "types": "types", "relations": "relations"}
MODES = ("global", "exact", "local")
NAME_CHARS = 1000  # of an id, a label or a query


class Demo:
    """A pipeline and the limits of its page. One question at a time: others wait."""

    def __init__(self, nlp: Language, *, max_chars: int = 5000, kb_url_template: str | None = None):
        self.nlp = nlp
        self.max_chars = max_chars
        styles, self.options = styles_of(nlp)
        self.options["kb_url_template"] = kb_url_template
        self.layers = [layer for layer, style in PICTURES.items() if style in styles]
        self._lock = Lock()

    @property
    def linker(self):
        """The luke_linker; None if there is none."""
        return self.nlp.get_pipe(self.options["linker_key"]) if "links" in self.layers else None

    def about(self) -> dict[str, Any]:
        """What the page says of the pipeline, and what it offers."""
        kb = self.options.get("kb")
        return {
            "name": f"{self.nlp.lang}_{self.nlp.meta.get('name') or 'pipeline'}",
            "lang": self.nlp.lang,
            "pipes": self.nlp.pipe_names,
            "layers": self.layers,
            "modes": list(MODES) if self.linker else [],
            "mode": self.linker.cfg["mode"] if self.linker else None,
            "max_chars": self.max_chars,
            "entities": None if kb is None else kb.get_size_entities(),
            "can_add": hasattr(kb, "add_entities"),
        }

    def analyse(self, text: Any, layers: Iterable[str], mode: Any = None) -> dict[str, Any]:
        """pictures: layer -> HTML; steps: the links in the order in which they were decided, see `steps_of`.

        layers: those that are on. mode: of luke_linker, for this text; None = as it is set.
        RAISES ValueError LK737: a text that is empty or too long, an unknown layer or mode.
        """
        layers = set(layers)
        if not isinstance(text, str) or not 0 < len(text) <= self.max_chars:
            raise ValueError(
                Errors.LK737.format(what="the text", found=_length(text), wanted=f"1 to {self.max_chars:,} characters")
            )
        if not layers <= LAYERS.keys():
            raise ValueError(Errors.LK737.format(what="layers", found=sorted(layers), wanted=", ".join(LAYERS)))
        if mode not in (None, *MODES):
            raise ValueError(Errors.LK737.format(what="mode", found=mode, wanted=", ".join(MODES)))
        off = {factory for layer, factories in LAYERS.items() if layer not in layers for factory in factories}
        names = [name for name in self.nlp.pipe_names if self.nlp.get_pipe_meta(name).factory in off]
        with self._lock:
            doc = self._run(text, names, mode)
        shown = [layer for layer in self.layers if layer in layers]
        return {
            "text": doc.text,
            "pictures": {layer: render(doc, PICTURES[layer], jupyter=False, options=self.options) for layer in shown},
            "steps": self.steps_of(doc) if "links" in shown else [],
        }

    def _run(self, text: str, disable: list[str], mode: str | None) -> Doc:
        if self.linker is None or mode is None:
            return self.nlp(text, disable=disable)
        before = self.linker.cfg["mode"]
        self.linker.cfg["mode"] = mode
        try:
            return self.nlp(text, disable=disable)
        finally:
            self.linker.cfg["mode"] = before

    def steps_of(self, doc: Doc) -> list[dict[str, Any]]:
        """The mentions in the order in which they were decided: by pass, the surest of a pass first. Those without
        candidates come last, their pass is null."""
        choices = get_choices(doc, self.options["linker_key"])
        ordered = sorted(choices, key=lambda c: (not _was_decided(c), c.step or 0, -c.probability, c.mention.start))
        return [self._step(choice) for choice in ordered]

    def _step(self, choice: Choice) -> dict[str, Any]:
        name = names_in(self.options, self.nlp.lang)
        return {
            "pass": (choice.step or 0) + 1 if _was_decided(choice) else None,
            "start": choice.mention.start_char,
            "end": choice.mention.end_char,
            "mention": choice.mention.text,
            "entity": choice.chosen,
            "name": name(choice.chosen),
            "url": entity_url(choice.chosen, self.options["kb_url_template"]),
            "probability": choice.probability,
            "candidates": len(choice.options) - 1,
        }

    def search(self, query: Any) -> dict[str, Any]:
        """entities: those of that id or name. RAISES ValueError LK737: no query, or too long; LK738: no linker."""
        kb = self._kb()
        if not isinstance(query, str) or not 0 < len(query.strip()) <= NAME_CHARS:
            raise ValueError(
                Errors.LK737.format(what="the query", found=_length(query), wanted=f"1 to {NAME_CHARS:,} characters")
            )
        with self._lock:
            found = search_kb(kb, query.strip())
        for each in found:
            each["url"] = entity_url(each["id"], self.options["kb_url_template"])
        return {"entities": found}

    def add(self, entity: dict[str, Any]) -> dict[str, Any]:
        """Add an entity, in the form of `build_kb` and without vector, until the demo ends: the next text may be
        linked to it. RAISES ValueError LK737, LK738; what LukeLinker.add_entities raises."""
        kb = self._kb()
        if not isinstance(entity, dict) or not entity.keys() <= {
            "id",
            "labels",
            "aliases",
            "description",
            "types",
            "count",
        }:
            raise ValueError(
                Errors.LK737.format(
                    what="the entity", found=str(entity)[:200], wanted="id, labels, aliases, description, types, count"
                )
            )
        with self._lock:
            self.linker.add_entities([entity])
            return {"added": describe(kb, entity["id"]), "entities": kb.get_size_entities()}

    def _kb(self):
        if self.linker is None:
            raise ValueError(Errors.LK738.format(pipes=", ".join(self.nlp.pipe_names) or "none"))
        return self.options["kb"]


def _was_decided(choice: Choice) -> bool:
    return choice.step is not None and choice.step >= 0


def _length(text: Any) -> str:
    return f"{len(text):,} characters" if isinstance(text, str) else type(text).__name__
