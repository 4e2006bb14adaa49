"""The normal form of an alias: which spellings are one, which stay two, and that it is a normal form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_luke.kb.normalise import HYPHENS, MIDDLE_DOTS, UNSEEN, normalise_alias


@pytest.mark.parametrize(
    "text, normal",
    [
        ("Angela Merkel", "angela merkel"),
        (" New\t York \n", "new york"),
        ("Straße", "strasse"),
        ("ＮＨＫ", "nhk"),
        ("ﾄﾖﾀ", "トヨタ"),
        ("ｶﾞﾝﾀﾞﾑ", "ガンダム"),
        ("㈱日立", "(株)日立"),
        ("ジョン・スミス", "ジョンスミス"),
        ("ジョン･スミス", "ジョンスミス"),
        ("ジョン·スミス", "ジョンスミス"),
        ("ジョン スミス", "ジョンスミス"),
        ("夏目\u3000漱石", "夏目漱石"),
        ("佐々 木", "佐々木"),
        ("J リーグ", "j リーグ"),
        ("한국 은행", "한국 은행"),
        ("Jean\u2010Pierre", "jean-pierre"),
        ("Jean\u2013Pierre", "jean-pierre"),
        ("O\u2019Brien", "o'brien"),
        ("サッカー", "サッカー"),
        ("葛\U000e0100城", "葛城"),
        ("Mu\u0308ller", "müller"),
        ("İstanbul", "i̇stanbul"),
        ("u\u200b\u0308", "ü"),
        ("café", "café"),
        ("・ \u200b", ""),
        ("", ""),
    ],
)
def test_normal_forms(text, normal):
    assert normalise_alias(text) == normal


@pytest.mark.parametrize("one, other", [("Muller", "Müller"), ("ハハ", "ハバ"), ("U.S.", "US"), ("田中", "田中さん")])
def test_what_tells_names_apart_stays(one, other):
    assert normalise_alias(one) != normalise_alias(other)


def test_every_character_alone_and_between_letters_is_a_normal_form_after_one_call():
    for code in (*range(0x10000), *range(0x1F000, 0x1F300), *range(0xE0000, 0xE0200)):
        for text in (chr(code), f"a{chr(code)}b", f"あ{chr(code)} 漢"):
            once = normalise_alias(text)
            assert normalise_alias(once) == once, hex(code)


characters = st.one_of(
    st.characters(), st.sampled_from(HYPHENS + MIDDLE_DOTS + UNSEEN + " \u3000あ漢ーｶﾞ゛ßſİ\u0301\u0308\u0345\u3099")
)


@given(st.text(characters, max_size=12))
def test_the_normal_form_of_a_normal_form_is_itself(text):
    once = normalise_alias(text)
    assert normalise_alias(once) == once


@given(st.text(characters, max_size=12))
def test_case_and_spaces_around_make_no_difference(text):
    assert normalise_alias(f"\t{text}\u3000") == normalise_alias(text.casefold()) == normalise_alias(text)
