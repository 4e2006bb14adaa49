"""The normal form of an alias: what two spellings of one name have in common."""

from __future__ import annotations

import re
from unicodedata import normalize

# One name written by different keyboards. Other Unicode hyphens become U+2010 by NFKC.
HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\ufe58\ufe63\uff0d"
APOSTROPHES = "\u2018\u2019\u201b\u02bc\u2032\u02b9\uff07"
# ・ ･ · ‧ • ∙ ⋅ between the parts of a foreign name in kana, or nothing at all.
MIDDLE_DOTS = "\u30fb\uff65\u00b7\u0387\u2027\u2022\u2219\u22c5"
# Seen by nobody: soft hyphen, zero-width characters, marks of direction, byte order mark, variation selectors.
UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" + "".join(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_TABLE = {
    **dict.fromkeys(map(ord, HYPHENS), "-"),
    **dict.fromkeys(map(ord, APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, MIDDLE_DOTS + UNSEEN)),
}
# Kana with its marks of length and repetition, and Han characters: scripts that have no space between words.
_KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BETWEEN = re.compile(f"(?<=[{_KANA}{_HAN}]) (?=[{_KANA}{_HAN}])")


def normalise_alias(text: str) -> str:
    """The normal form of an alias. Aliases with the same normal form are looked up as one.

    In this order, again and again until nothing changes:
    1. Unicode NFKC: full-width letters and half-width kana become ordinary, ligatures and circled
       characters are taken apart (ＮＨＫ, ﾄﾖﾀ, ㈱ -> NHK, トヨタ, (株)).
    2. Case folding (Straße -> strasse).
    3. Hyphens, dashes and the minus sign become "-", typographic apostrophes "'". The kana mark of length
       (ー) is a letter and stays.
    4. Middle dots (・ ･ · ‧ • ∙ ⋅) and characters that nobody sees (soft hyphen, zero-width, direction,
       variation selectors) are dropped: ジョン・スミス -> ジョンスミス.
    5. White space, line ends too, becomes one space, at both ends none. Between two characters of kana or
       Han it is dropped: 夏目　漱石 -> 夏目漱石.

    Accents, full stops, brackets and honorifics (さん, 氏, Mr.) stay: they tell names apart, or are the
    candidate generator's business. The normal form is "" for a text of nothing but spaces, middle dots
    and what nobody sees: such a text is no alias.

    text (str): any string.
    RETURNS (str): the normal form; normalise_alias(normalise_alias(text)) == normalise_alias(text).
    """
    if text.isascii():
        return " ".join(text.lower().split())
    before = None
    while text != before:
        before = text
        text = normalize("NFKC", text).casefold().translate(_TABLE)
        text = _SPACE_BETWEEN.sub("", " ".join(text.split()))
    return text
