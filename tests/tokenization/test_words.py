"""Pieces that do not cross words, and offsets, on any text and every kind of vocabulary."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_luke.tokenization import plain
from spacy_luke.tokenization.alignment import align, word_offsets
from spacy_luke.tokenization.pieces import PieceTokenizer

from ..vocabularies import CORPUS, TEXTS

KINDS = ["bpe", "unigram", "wordpiece"]
any_text = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.one_of(st.characters(), st.sampled_from("a東 \u3000\n😀か\u3099ｶﾞ<mask>▁")), max_size=25)


@pytest.fixture(scope="module")
def made(bpe, unigram, wordpiece):
    paths = {"bpe": bpe, "unigram": unigram, "wordpiece": wordpiece}
    return {kind: PieceTokenizer.from_directory(path) for kind, path in paths.items()}


@pytest.mark.parametrize("kind", KINDS)
@any_text
@given(text=texts)
def test_offsets_of_any_text(made, kind, text):
    tokenizer = made[kind]
    pieces = tokenizer.encode([text])[0]
    assert len(pieces.ids) == len(pieces.starts) == len(pieces.ends)
    assert (0 <= pieces.starts).all() and (pieces.starts <= pieces.ends).all() and (pieces.ends <= len(text)).all()
    assert (numpy.diff(pieces.starts) >= 0).all()
    assert not set(pieces.ids) & {tokenizer.cls, tokenizer.sep, tokenizer.pad, tokenizer.mask}
    covered = {i for a, b in zip(pieces.starts, pieces.ends, strict=True) for i in range(a, b)}
    blanks = {i for i, character in enumerate(text) if character.isspace()}
    for start, end in zip(pieces.starts, pieces.ends, strict=True):
        assert start == end or (start not in blanks and end - 1 not in blanks)
    if kind == "bpe":  # which drops nothing
        assert covered | blanks == set(range(len(text)))


@pytest.mark.parametrize("kind", KINDS)
@any_text
@given(text=texts, cuts=st.sets(st.integers(1, 24)))
def test_no_piece_crosses_a_word(made, kind, text, cuts):
    borders = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = made[kind].encode_words([text], [borders[:-1]], [borders[1:]])[0]
    for start, end in zip(pieces.starts, pieces.ends, strict=True):
        assert not any(start < border < end for border in borders)
    assert (numpy.diff(pieces.starts) >= 0).all()
    alignment = align(pieces, borders[:-1], borders[1:])
    real = alignment.last > alignment.first
    # every run of pieces belongs to one word
    assert (alignment.first[real][1:] >= alignment.last[real][:-1]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_words_between_blanks_are_the_whole_text(made, kind):
    """Where all words stand between blanks, cutting at words changes nothing."""
    tokenizer = made[kind]
    for text in [*CORPUS, *(" ".join(text.split()) for text, *_ in TEXTS)]:
        ends = numpy.cumsum([len(word) + 1 for word in text.split()]) - 1
        starts = [0, *ends[:-1] + 1]
        found = tokenizer.encode_words([text], [starts], [ends])[0]
        assert found.ids.tolist() == tokenizer.encode([text])[0].ids.tolist(), text


def test_word_behind_a_letter_gets_no_space(made):
    text = "東京Tokyo Kyoto"
    words = [0, 2, 8], [2, 7, 13]
    for kind, prefix in (("unigram", "▁"), ("bpe", "Ġ")):
        tokenizer = made[kind]
        pieces = tokenizer.encode_words([text], [words[0]], [words[1]])[0]
        names = [tokenizer.tokenizer.id_to_token(int(i)) for i in pieces.ids]
        begins = align(pieces, *words).first
        assert names[begins[1]].startswith("T")
        before = names[begins[2] - 1] if names[begins[2]][0] != prefix else names[begins[2]]
        assert before.startswith(prefix)


def test_sudachi_words(made):
    pytest.importorskip("sudachipy")
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("ja")
    for text in [text for text, *_ in TEXTS if any("\u3040" < c < "\u9fff" for c in text)]:
        doc = nlp(text)
        starts, ends = word_offsets(doc)
        assert [doc.text[a:b] for a, b in zip(starts, ends, strict=True)] == [word.text for word in doc]
        for tokenizer in made.values():
            whole, cut = tokenizer.encode([doc.text])[0], tokenizer.encode_words([doc.text], [starts], [ends])[0]
            for pieces in (whole, cut):
                alignment = align(pieces, starts, ends)
                has = (alignment.last > alignment.first).tolist()
                # the joiner between emoji is dropped by BERT
                assert all(got or word.is_space or word.text == "\u200d" for got, word in zip(has, doc, strict=True))


def test_several_texts_at_once(made):
    for tokenizer in made.values():
        batch = [text for text, *_ in TEXTS]
        together = tokenizer.encode(batch)
        for text, pieces in zip(batch, together, strict=True):
            alone = tokenizer.encode([text])[0]
            assert numpy.array_equal(alone.ids, pieces.ids)
            assert numpy.array_equal(alone.ends, pieces.ends)


@pytest.mark.parametrize("most, short", [(10**6, 0), (0, 100), (3, 100)])
@pytest.mark.parametrize("directory", ["bpe", "unigram", "wordpiece"])
def test_what_is_remembered_changes_nothing(request, directory, most, short, monkeypatch):
    """Segments are remembered or not, thrown away in between or not."""
    tokenizer = PieceTokenizer.from_directory(request.getfixturevalue(directory))
    texts = [text for text, *_ in TEXTS] * 2
    borders = [[0, 2, 5, len(text)] for text in texts]
    expected = [PieceTokenizer.from_bytes(tokenizer.to_bytes()).encode_segments(*each) for each in zip(texts, borders)]
    monkeypatch.setattr(plain, "_MOST_KNOWN", most)
    monkeypatch.setattr(plain, "_SHORT", short)
    for a, b in zip((tokenizer.encode_segments(*each) for each in zip(texts, borders)), expected):
        assert [x.tolist() for x in (a.ids, a.starts, a.ends)] == [x.tolist() for x in (b.ids, b.starts, b.ends)]
    assert bool(tokenizer._plain._known) == (short > 0)


def test_borders_as_an_array():
    text = " a b  c"
    borders = [[0, 2], [3, 7]]
    assert plain.cuts_at(text, borders).tolist() == [[plain.cut_at(text, b) for b in pair] for pair in borders] == [[0, 2], [2, 7]]
