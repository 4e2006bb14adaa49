"""nmt_nfkc applied as SentencePiece applies it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.tokenization.charsmap import chars_map
from spacy_luke.tokenization.sentencepiece import SentencePieceModel

ALPHABET = "aAeéo\u0301\u0323\u0302 \u3000\t\n〜～①㍿ｶﾞﾊﾟ" + (
    "かは\u3099\u309a゛日한\u1112\u1161\u11ab\u200b\u200d😀\x7f\ufeffﬁ"
)


@pytest.fixture(scope="module")
def charsmap(unigram):
    return chars_map(SentencePieceModel.from_file(unigram / "sentencepiece.bpe.model").charsmap)


def test_by_hand(charsmap):
    assert charsmap.apply("ｶﾞか\u3099").text == "ガが"
    mapped = charsmap.apply("a㍿ｶﾞb")
    assert mapped.text == "a株式会社ガb"
    assert mapped.starts.tolist() == [0, 1, 1, 1, 1, 2, 4]
    assert mapped.ends.tolist() == [1, 2, 2, 2, 2, 4, 5]
    assert charsmap.apply("東京 ~～").starts is None


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from(ALPHABET), max_size=20))
def test_equal_to_sentencepiece(charsmap, text):
    sentencepiece = pytest.importorskip("sentencepiece")
    rule = sentencepiece.SentencePieceNormalizer(
        rule_name="nmt_nfkc", add_dummy_prefix=False, escape_whitespaces=False, remove_extra_whitespaces=False
    )
    mapped = charsmap.apply(text)
    assert mapped.text.rstrip(" ") == rule.normalize(text).rstrip(" ")
    if mapped.starts is not None:
        assert (mapped.starts < mapped.ends).all()
        assert (mapped.starts[1:] >= mapped.starts[:-1]).all()
        assert len(mapped.starts) >= len(mapped.text)
