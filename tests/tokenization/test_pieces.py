"""PieceTokenizer on the real vocabulary of an XLM-R family."""

import pickle

import numpy
import pytest

from spacy_luke.tokenization.pieces import PieceTokenizer

E5 = "models/multilingual-e5-small-cjk-latin"


@pytest.fixture(scope="module")
def e5(shared):
    return PieceTokenizer.from_directory(shared / E5)


def words_of(pieces, text):
    return [text[a:b] for a, b in zip(pieces.starts, pieces.ends, strict=True)]


@pytest.mark.shared
def test_special_pieces(e5):
    assert (e5.cls, e5.sep, e5.pad, e5.unk) == (0, 2, 1, 3)
    assert e5.mask == len(e5) - 1
    assert e5.ent is None


@pytest.mark.shared
@pytest.mark.parametrize("text", ["<mask>", "a <s> b", "<pad></s>"])
def test_text_is_never_a_special_piece(e5, text):
    ids = e5.encode([text])[0].ids
    assert not set(ids.tolist()) & {e5.cls, e5.sep, e5.pad, e5.mask, e5.unk}
    assert "".join(words_of(e5.encode([text])[0], text)) == text.replace(" ", "")


@pytest.mark.shared
def test_offsets_are_characters(e5):
    text = "😀😀三浦 貴大  が　ＡＢＣで👍🏽"
    found = words_of(e5.encode([text])[0], text)
    assert "".join(found) == "".join(text.split())
    assert found[:4] == ["😀", "😀", "三", "浦"]


@pytest.mark.shared
def test_words(e5):
    text = "三浦 貴大は don't"
    starts, ends = [0, 2, 3, 5, 7, 9], [2, 3, 5, 6, 9, 12]
    pieces = e5.encode_words([text], [starts], [ends])[0]
    assert "".join(words_of(pieces, text)) == "三浦貴大はdon't"
    borders = set(starts) | set(ends)
    assert all(not any(a < b < z for b in borders) for a, z in zip(pieces.starts, pieces.ends, strict=True))
    # one word behind a blank or at the start gets a ▁, one behind a letter does not
    blank = e5.tokenizer.token_to_id("▁")
    whole = e5.encode_words([text], [[0, 3, 7]], [[2, 6, 12]])[0]
    assert numpy.array_equal(whole.ids, e5.encode([text])[0].ids)
    assert pieces.ids.tolist().count(blank) == 1


@pytest.mark.shared
def test_bad_texts(e5):
    empty, blank, broken = e5.encode(["", " \n\t", "\ud800a"])
    assert empty.ids.shape == (0,)
    assert (blank.starts == blank.ends).all()
    assert broken.ends[-1] == 2
    assert e5.encode([]) == []
    assert e5.encode_segments("", []).ids.shape == (0,)
    assert e5.encode_words(["", "  "], [[], [0]], [[], [2]])[1].ids.shape == (0,)


@pytest.mark.shared
def test_long_text(e5):
    text = ("東京都に住んでいる山田さんは、" * 7000)[:100_000]
    pieces = e5.encode([text])[0]
    assert pieces.ends[-1] == 100_000
    assert (numpy.diff(pieces.starts) >= 0).all()


@pytest.mark.shared
def test_bytes_and_pickle(e5):
    text = "三浦貴大は<mask>"
    for copy in (PieceTokenizer.from_bytes(e5.to_bytes()), pickle.loads(pickle.dumps(e5))):
        assert numpy.array_equal(copy.encode([text])[0].ids, e5.encode([text])[0].ids)
        assert copy.mask == e5.mask
        assert copy.tokenizer.to_str() == e5.tokenizer.to_str()
