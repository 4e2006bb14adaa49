"""The page of `luke demo`: answers.py asks the pipeline, app.py is the web application, page.* is what the browser gets."""

from __future__ import annotations

from .answers import Demo
from .app import make_app

__all__ = ["Demo", "make_app"]
