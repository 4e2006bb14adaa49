"""Japanese honorifics behind a name: 田中さん, 安倍氏, トヨタ社."""

from __future__ import annotations

import re

HONORIFICS = ("さん", "さま", "様", "ちゃん", "くん", "君", "氏", "殿", "先生", "先輩", "選手", "教授", "博士", "社")
# 同社, 本社 and 会社 are words of their own, not names with 社: it needs two characters in front.
_NAME = re.compile(f"(?P<name>.+?)(?:{'|'.join(HONORIFICS[:-1])})|(?P<firm>..+)社", re.DOTALL)


def without_honorific(text: str) -> str | None:
    """The name in front of an honorific, or None if the text does not end with one: 田中さん -> 田中."""
    text = text.strip()
    found = _NAME.fullmatch(text)
    return (found["name"] or found["firm"]).rstrip() if found else None
