"""Pictures of what the pipes say of a Doc, as HTML: `render` is to LUKE's annotations what displaCy's is to spaCy's."""

from __future__ import annotations

from .views import STYLES, render

__all__ = ["STYLES", "render"]
