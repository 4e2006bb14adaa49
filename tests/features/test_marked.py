"""Questions with marked spans: pieces as LukeTokenizer makes them, and windows that lose nothing they need."""

from __future__ import annotations

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_luke.features.marked import marked_questions
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.tokenization.tasks import encode_task

from ..vocabularies import TEXTS, write_bpe, write_sentencepiece
from .test_mentions import _doc, _words

NLP = spacy.blank("xx")
TASKS = {1: "entity_classification", 2: "entity_pair_classification"}
SLOT_IDS = {1: (7,), 2: (7, 9)}


@pytest.fixture(scope="module", params=[write_bpe, write_sentencepiece], ids=["bpe", "unigram"])
def tokenizer(request, tmp_path_factory):
    """With markers, as load_checkpoint gives it."""
    transformers = pytest.importorskip("transformers")
    path = request.param(tmp_path_factory.mktemp("vocabulary"))
    if request.param is write_sentencepiece:
        transformers.MLukeTokenizer.from_pretrained(path).save_pretrained(path)
    return PieceTokenizer.from_directory(path)


def ask(tokenizer, docs, groups, k=2, limit=512):
    return marked_questions(docs, groups, tokenizer, slot_ids=SLOT_IDS[k], limit=limit)


@pytest.mark.parametrize("k", [1, 2])
def test_a_text_that_fits_is_what_luke_tokenizer_makes(tokenizer, k):
    """encode_task is compared with transformers in its own tests."""
    for text, *spans in TEXTS:
        doc, words = _doc(text, spans)
        for order in ([0, 1], [1, 0]):
            group, chars = words[order][:k], [spans[i] for i in order][:k]
            ids, slots = encode_task(tokenizer, text, chars, TASKS[k])
            asked = ask(tokenizer, [doc], [[group]], k)
            [question] = asked.questions
            assert question.piece_ids.tolist() == ids.tolist(), text
            assert question.slot_spans.tolist() == slots.tolist(), text
            assert question.slot_ids.tolist() == list(SLOT_IDS[k]) and question.view == "full"
            assert asked.rows.tolist() == [0]


def test_both_directions_and_several_docs(tokenizer):
    one, two = (NLP.make_doc(text) for text in ("Bob met Tokyo in Kyoto", "John lives here"))
    pairs = [(0, 1), (2, 3)], [(2, 3), (0, 1)], [(2, 3), (4, 5)]
    asked = ask(tokenizer, [one, NLP.make_doc(""), two], [pairs, [], [[(0, 1), (2, 3)]]])
    assert asked.rows.tolist() == [0, 1, 2, 3] and len(asked.questions) == 4
    first, second = asked.questions[:2]
    swapped = {tokenizer.ent: tokenizer.ent2, tokenizer.ent2: tokenizer.ent}
    assert [swapped.get(i, i) for i in first.piece_ids.tolist()] == second.piece_ids.tolist()
    assert first.slot_spans.tolist() == second.slot_spans[::-1].tolist()
    assert first.slot_ids.tolist() == second.slot_ids.tolist() == [7, 9]
    for question in asked.questions:
        for marker, (start, end) in zip((tokenizer.ent, tokenizer.ent2), question.slot_spans):
            assert question.piece_ids[start] == question.piece_ids[end - 1] == marker


def test_overlapping_and_equal_spans(tokenizer):
    doc = NLP.make_doc("He met Barack Obama here")
    groups = [[(2, 4), (3, 4)], [(2, 4), (2, 4)], [(1, 3), (2, 4)]]
    asked = ask(tokenizer, [doc], [groups])
    assert asked.rows.tolist() == [0, 1, 2]
    for question, spans in zip(asked.questions, groups):
        ids, (head, tail) = question.piece_ids.tolist(), question.slot_spans.tolist()
        for marker, (start, end), (first, last) in zip((tokenizer.ent, tokenizer.ent2), (head, tail), spans):
            assert ids[start] == ids[end - 1] == marker and ids.count(marker) == 2
            inside = [i for i in ids[start:end] if i not in (tokenizer.ent, tokenizer.ent2)]
            cuts = [doc[a:b].start_char for a, b in spans] + [doc[a:b].end_char for a, b in spans]
            whole, slots = encode_task(tokenizer, doc.text, [(doc[first:last].start_char, doc[first:last].end_char)])
            if len(set(cuts)) == 2:  # else the other span cuts this one
                assert inside == whole[slice(*slots[0])].tolist()


def test_markers_in_the_text_are_text(tokenizer):
    doc = Doc(NLP.vocab, ["<ent>", "Tokyo", "<ent>", "in", "<ent2>", "Japan", "<ent2>"])
    [question] = ask(tokenizer, [doc], [[[(1, 2), (5, 6)]]]).questions
    for marker, span in zip((tokenizer.ent, tokenizer.ent2), question.slot_spans):
        assert numpy.flatnonzero(question.piece_ids == marker).tolist() == [span[0], span[1] - 1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_windows_of_long_texts(tokenizer, data):
    doc = _words(data.draw(st.integers(1, 80)))
    k, limit = data.draw(st.sampled_from([1, 2])), data.draw(st.integers(10, 40))
    span = st.tuples(st.integers(0, len(doc) - 1), st.integers(1, 6)).map(lambda p: (p[0], min(len(doc), sum(p))))
    groups = data.draw(st.lists(st.lists(span, min_size=k, max_size=k), max_size=6))
    asked = ask(tokenizer, [doc], [groups], k, limit)
    questions = dict(zip(asked.rows.tolist(), asked.questions))
    assert asked.rows.tolist() == sorted(questions)
    for row, spans in enumerate(groups):
        chars = [(doc[a:b].start_char, doc[a:b].end_char) for a, b in spans]
        ids, slots = encode_task(tokenizer, doc.text, chars, TASKS[k])
        needed = slots[:, 1].max() - slots[:, 0].min() + 2
        has_pieces = all(set(ids[a:b].tolist()) - {tokenizer.ent, tokenizer.ent2} for a, b in slots)
        assert (row in questions) == (needed <= limit and has_pieces)
        if row not in questions:
            continue
        found = questions[row]
        assert len(found.piece_ids) <= limit
        assert found.piece_ids[0] == tokenizer.cls and found.piece_ids[-1] == tokenizer.sep
        if len(ids) <= limit:
            assert found.piece_ids.tolist() == ids.tolist() and found.slot_spans.tolist() == slots.tolist()
        else:  # a run of the whole, the slots in it
            shift = int(slots[0, 0] - found.slot_spans[0, 0])
            assert found.piece_ids[1:-1].tolist() == ids[shift + 1 : shift + len(found.piece_ids) - 1].tolist()
            assert (found.slot_spans + shift).tolist() == slots.tolist()


def test_a_window_has_most_context_on_both_sides(tokenizer):
    """One piece a word: 10 pieces of room after <s>, </s> and markers, 5 between the borders of the pair."""
    word = next(w for w in ("o", "a", "J") if len(tokenizer.encode([f" {w} {w}"])[0].ids) == 2)
    doc = Doc(NLP.vocab, [word] * 40, spaces=[True] * 39 + [False])
    # 15 words on the shorter side: 2 of them, the other 3 are of the longer one; none and 1: the rest is the other's
    for pair, lo in (((20, 21), (24, 25)), 17), (((0, 1), (4, 5)), 0), (((38, 39), (34, 35)), 30):
        [question] = ask(tokenizer, [doc], [[pair]], limit=16).questions
        assert len(question.piece_ids) == 16
        assert question.slot_spans.min() - 1 == min(pair)[0] - lo


def test_a_long_text_is_not_tokenised_as_a_whole(tokenizer, monkeypatch):
    """What is far away changes nothing: the windows are those of all of the text."""
    doc = _words(1500)
    pairs = [[(i, i + 1), (i + 3, i + 5)] for i in (0, 2, 700, 745, 1480, 1495)]
    short = ask(tokenizer, [doc], [pairs], limit=30)
    lengths = []
    encode = tokenizer.encode_segments

    def measure(text, borders):
        lengths.append(len(text))
        return encode(text, borders)

    monkeypatch.setattr(tokenizer, "encode_segments", measure)
    ask(tokenizer, [doc], [pairs], limit=30)
    assert max(lengths) < len(doc.text) / 3
    monkeypatch.setattr("spacy_luke.features.marked.REACH", 10_000)
    whole = ask(tokenizer, [doc], [pairs], limit=30)
    assert short.rows.tolist() == whole.rows.tolist() and len(short.rows) > 3
    for a, b in zip(short.questions, whole.questions, strict=True):
        assert a.piece_ids.tolist() == b.piece_ids.tolist() and a.slot_spans.tolist() == b.slot_spans.tolist()


def test_no_markers(tmp_path):
    tokenizer = PieceTokenizer.from_directory(write_sentencepiece(tmp_path))
    with pytest.raises(ValueError, match="LK208.*load_checkpoint"):
        ask(tokenizer, [NLP.make_doc("a b")], [[[(0, 1), (1, 2)]]])
