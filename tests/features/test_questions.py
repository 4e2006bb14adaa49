import numpy
import pytest
import spacy
from spacy.tokens import Doc

from spacy_luke.features.questions import _asked_in, ask_spans
from spacy_luke.features.suggesters import build_word_span_suggester_v1
from spacy_luke.tokenization.alignment import align, word_offsets
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.types import Window

NLP = spacy.blank("xx")


@pytest.fixture(scope="module")
def tokenizer(xlmr):
    return PieceTokenizer.from_directory(xlmr)


def _encode(docs, tokenizer):
    words = [word_offsets(doc) for doc in docs]
    pieces = tokenizer.encode_words([doc.text for doc in docs], *zip(*words))
    return pieces, [align(p, *w) for p, w in zip(pieces, words)]


def _ask(docs, tokenizer, limit=512, view="words", max_words=3, **settings):
    spans = build_word_span_suggester_v1(max_words)(docs)
    data = spans.dataXd.reshape(-1, 2)
    asked = ask_spans(docs, data, spans.lengths, tokenizer, slot_id=2, view=view, limit=limit, **settings)
    return data, asked


def test_pieces_and_slots_of_a_short_doc(tokenizer):
    doc = NLP.make_doc("Tokyo is the capital")
    spans, asked = _ask([doc], tokenizer)
    (question,) = asked.questions
    (pieces,), (alignment,) = _encode([doc], tokenizer)
    assert question.piece_ids.tolist() == [tokenizer.cls, *pieces.ids, tokenizer.sep]
    assert asked.rows.tolist() == list(range(len(spans)))
    assert set(question.slot_ids) == {2}
    for (first, last), (start, end) in zip(question.slot_spans, spans):
        assert (first, last) == (alignment.first[start] + 1, alignment.last[end - 1] + 1)


@pytest.mark.parametrize("view", ["words", "full"])
@pytest.mark.parametrize("limit,max_words", [(12, 1), (40, 2), (512, 2)])
def test_every_span_is_asked_once_with_its_own_pieces(tokenizer, view, limit, max_words):
    docs = [NLP.make_doc(text) for text in ("He lives in Tokyo and in Kyoto. " * 3, "", "  ", "京都 に 行く Bob 😀")]
    spans, asked = _ask(docs, tokenizer, limit, view, max_words)
    owner = numpy.repeat(range(4), [len(build_word_span_suggester_v1(max_words)([d]).data) for d in docs])
    pieces, alignments = _encode(docs, tokenizer)
    assert sorted(asked.rows) == sorted(set(asked.rows))
    has_pieces = [
        alignments[o].last[e - 1] > alignments[o].first[s] for o, (s, e) in zip(owner, spans)
    ]
    assert sorted(asked.rows) == numpy.flatnonzero(has_pieces).tolist()
    slots = [(q, span) for q in asked.questions for span in q.slot_spans]
    for row, (question, (first, last)) in zip(asked.rows, slots):
        alignment, (start, end) = alignments[owner[row]], spans[row]
        expected = pieces[owner[row]].ids[alignment.first[start] : alignment.last[end - 1]]
        assert question.piece_ids[first:last].tolist() == expected.tolist()
        assert len(question.piece_ids) <= limit


@pytest.mark.parametrize("n_words,sizes", [(128, [128]), (129, [65, 64]), (300, [100, 100, 100])])
def test_slots_that_see_each_other_are_cut_as_in_luke(tokenizer, n_words, sizes):
    doc = Doc(NLP.vocab, words=["a"] * n_words)
    _, asked = _ask([doc], tokenizer, limit=1024, view="full", max_words=1)
    assert [len(q.slot_ids) for q in asked.questions] == sizes
    assert asked.rows.tolist() == list(range(n_words))
    _, asked = _ask([doc], tokenizer, limit=1024, view="words", max_words=1)
    assert [len(q.slot_ids) for q in asked.questions] == [n_words]


def test_a_word_longer_than_the_encoder_is_cut_not_refused(tokenizer):
    doc = Doc(NLP.vocab, words=["x" * 100, "Tokyo"])
    _, asked = _ask([doc], tokenizer, limit=12)
    assert max(len(q.piece_ids) for q in asked.questions) == 12
    for question in asked.questions:
        assert (question.slot_spans[:, 1] < len(question.piece_ids)).all()
        assert (question.slot_spans[:, 0] < question.slot_spans[:, 1]).all()


def test_spans_find_their_windows_as_one_by_one():
    """Also where targets leave words out, a window is too short for a span, or a span has no piece."""
    rng = numpy.random.default_rng(0)
    windows = [Window(0, 0, 6, 0, 4), Window(0, 2, 9, 4, 8), Window(0, 11, 20, 12, 13), Window(0, 11, 20, 13, 17)]
    starts = rng.integers(0, 20, 300)
    spans = numpy.stack([starts, starts + rng.integers(1, 6, 300)], axis=1)
    pieces = numpy.stack([starts, starts + rng.integers(0, 2, 300)], axis=1)
    expected = [
        [
            i
            for i, (start, end) in enumerate(spans)
            if w.target_start <= start < w.target_end and end <= w.end and pieces[i, 1] > pieces[i, 0]
        ]
        for w in windows
    ]
    assert [rows.tolist() for rows in _asked_in(windows, spans, pieces)] == expected
    assert min(map(len, expected)) > 0


def test_no_docs_and_empty_docs(tokenizer):
    for docs in ([], [NLP.make_doc("")], [NLP.make_doc("  \n ")]):
        spans, asked = _ask(docs, tokenizer)
        assert asked.questions == [] and len(asked.rows) == 0 and asked.n_spans == len(spans)


def test_spans_that_differ_by_a_word_differ_in_pieces(tokenizer):
    """Whatever the vocabulary joins: no piece lies over two Japanese words."""
    words = ["東京", "都", "知事", "は", "京都", "へ"]
    doc = Doc(NLP.vocab, words=words, spaces=[False] * 6)
    spans, asked = _ask([doc], tokenizer, max_words=4)
    (question,) = asked.questions
    assert len({tuple(span) for span in question.slot_spans.tolist()}) == len(spans)


def test_slots_that_see_each_other_are_of_one_sentence(tokenizer):
    words = ["Tokyo", "is", "old", "Kyoto", "is", "older"]
    doc = Doc(NLP.vocab, words=words, sent_starts=[True, False, False, True, False, False])
    spans, asked = _ask([doc], tokenizer, view="full", max_words=1)
    first, second = asked.questions
    assert first.piece_ids.tolist() == second.piece_ids.tolist()
    assert asked.rows.tolist() == list(range(6)) and len(first.slot_ids) == len(second.slot_ids) == 3
    assert len(_ask([doc], tokenizer, view="words", max_words=1)[1].questions) == 1
