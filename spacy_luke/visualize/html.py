"""What all pictures are made of. Every text goes through `escape`, every id through `entity_url`; styles are inline, as
displaCy's are, so that a picture looks the same in a notebook, and nothing is fetched from anywhere."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from zlib import crc32

from ..annotations import NIL

WIKIDATA = "https://www.wikidata.org/wiki/{}"
WIKIPEDIA = "https://{}.wikipedia.org/wiki/{}"
FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK JP', 'Hiragino Sans', sans-serif"
# For labels that displaCy has no colour for: light, so that black text can be read on them.
PALETTE = ("#9fd3ff", "#ffc2a8", "#b5e8b0", "#e3c6ff", "#ffe08a", "#a8e6e2", "#ffb8d2", "#d6dca0", "#c9d1ff", "#e0cdb8")

_QID = re.compile(r"Q\d+")
_TITLE = re.compile(r"([a-z]{2,3}(?:-[a-z]+)*):(.+)", re.DOTALL)  # as `kb from-wikipedia` names articles without QID
_PAGE = """<!DOCTYPE html>
<html lang="{lang}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="font: 16px/1.5 {font}; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222">
{content}
</body>
</html>
"""


def escape(text: Any) -> str:
    """Text as it may stand in an element or in a quoted attribute. Characters that no HTML file may hold, as the
    null character, become U+FFFD."""
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "\ufffd", str(text))
    return html.escape(kept, quote=True)


def page_of(content: str, *, title: str = "spacy_luke", lang: str = "en", direction: str = "ltr") -> str:
    """A whole HTML file around `content`, which is HTML already; the others are text."""
    return _PAGE.format(content=content, title=escape(title), lang=escape(lang), direction=escape(direction), font=FONT)


def entity_url(entity: str, template: str | None = None) -> str | None:
    """Where one can read about an entity; None if nobody knows.

    template: as displaCy's kb_url_template, {} is the id. Without one, a QID leads to Wikidata, and "ja:東京" to the
    article of the Japanese Wikipedia. The id is quoted, so that none can change where a link leads.
    """
    if not entity or entity == NIL:
        return None
    if template is not None:
        return template.replace("{}", quote(entity.encode("utf8", "replace"), safe=""))
    if _QID.fullmatch(entity):
        return WIKIDATA.format(entity)
    title = _TITLE.fullmatch(entity)
    return WIKIPEDIA.format(title[1], quote(title[2].replace(" ", "_").encode("utf8", "replace"))) if title else None


def entity_link(entity: str, options: Mapping[str, Any], hint: str = "") -> str:
    """The id of an entity, as a link where there is one. hint: text that the mouse shows."""
    url, title = entity_url(entity, options.get("kb_url_template")), f' title="{escape(hint)}"' if hint else ""
    if url is None:
        return f"<span{title}>{escape(entity)}</span>"
    style = "color: inherit; font-weight: normal"
    return (
        f'<a style="{style}" href="{escape(url)}" target="_blank" rel="noopener noreferrer"{title}>{escape(entity)}</a>'
    )


def color_of(label: str) -> str:
    """A colour for a label, always the same."""
    return PALETTE[crc32(label.encode("utf8", "replace")) % len(PALETTE)]


def bar(share: float, color: str = "#6aa9e0", box: str = "12rem") -> str:
    """A bar of that share, 0 to 1, of its box."""
    width = 100 * min(max(share, 0.0), 1.0)
    inner = f'<span style="display: block; height: 100%; width: {width:.1f}%; background: {color}"></span>'
    style = "display: inline-block; height: 0.8rem; background: #eee; border-radius: 0.2rem; overflow: hidden"
    return f'<span style="{style}; width: {box}">{inner}</span>'


def note(text: str) -> str:
    """What there is to say where there is nothing to show."""
    return f'<p style="color: #777">{escape(text)}</p>'
