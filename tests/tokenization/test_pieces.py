"""PieceTokenizer on the real vocabulary of an XLM-R family."""

import gzip
import json
import pickle
import unicodedata

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
        assert copy.to_json() == e5.to_json()


@pytest.mark.shared
def test_real_text_is_cut_as_sentencepiece_cuts_it(e5, shared):
    sentencepiece = pytest.importorskip("sentencepiece")
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(shared / E5 / "sentencepiece.bpe.model"))
    with gzip.open(shared / "data/ner_ja_stockmark/ner_visible.json.gz", "rt", encoding="utf8") as file:
        texts = [entry["text"] for entry in json.load(file)][:500]
    # the texts are NFKC: here also as a file name of macOS and an old terminal would write them
    texts += [unicodedata.normalize("NFD", text) for text in texts[:100]] + [half_width(text) for text in texts[:100]]
    for text, pieces in zip(texts, e5.encode(texts), strict=True):
        assert pieces.ids.tolist() == [i + 1 if i else e5.unk for i in theirs.encode(text)], text


def half_width(text):
    """Katakana as half-width letters, voicing marks on their own."""
    narrow = {unicodedata.normalize("NFKC", chr(c)): chr(c) for c in range(0xFF66, 0xFF9E)}
    text = unicodedata.normalize("NFD", text).replace("\u3099", "\uff9e").replace("\u309a", "\uff9f")
    return "".join(narrow.get(character, character) for character in text)
