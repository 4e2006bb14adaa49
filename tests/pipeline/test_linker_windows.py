"""luke_linker on what does not fit: long Docs, many mentions, long mentions. Every mention is answered once."""

from __future__ import annotations

import numpy
import pytest
from spacy.tokens import Span
from spacy.training import Example

from spacy_luke.pipeline import linker_batch

from ..linking import answers, words_doc
from .loop import IDS, MENTIONS, WORDS, Setting, alias_of, best, random_priors
from .test_disambiguation import assert_same, decisions  # noqa: F401


def _long_text(n: int):
    """n mentions with words between them."""
    rng = numpy.random.default_rng(4)
    words, places = [], []
    for i in range(n):
        words += rng.choice(["the", "capital", "of", "and", "before", "came", "was"], rng.integers(1, 5)).tolist()
        start, end = MENTIONS[rng.integers(len(MENTIONS))]
        places.append((len(words), len(words) + end - start))
        words += WORDS[start:end]
    return words, places


LONG, PLACES = _long_text(27)
PRIORS = random_priors()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Windows of 24 pieces."""
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return Setting(tmp_path_factory.mktemp("luke24"), max_pieces=24, **no_dropout)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return Setting(tmp_path_factory.mktemp("luke1000"), max_pieces=1000)


def _windows(linker, doc):
    """The windows of a Doc as the loop wants them."""
    found = []
    for window in linker._ask([doc], [list(doc.ents)]).windows:
        slots = zip([list(range(*span)) for span in window.spans.tolist()], window.mentions, window.is_asked)
        found.append((window.piece_ids.tolist(), list(slots)))
    return found


@pytest.mark.parametrize("mode", ["local", "exact"])
def test_a_long_doc_equals_the_loop_over_its_windows(small, mode, decisions):  # noqa: F811
    """Also: an entity that is decided in one window is shown in all others that hold its mention, and carried to
    later ones that do not."""
    nlp, linker = small.linker(PRIORS, mode)
    doc = words_doc(nlp, LONG, PLACES)
    windows = _windows(linker, doc)
    assert len(windows) > 5 and all(len(pieces) <= 24 for pieces, _ in windows)
    assert sum(not yes for _, slots in windows for _, _, yes in slots) > 5  # context, asked elsewhere
    small.loop.n_told.clear()
    expected, order = small.loop.run(LONG, PLACES, PRIORS, mode, windows)
    assert_same(answers(linker(doc)), expected)
    if mode == "exact":
        assert max(small.loop.n_told) > 1
        assert [PLACES[i] for i in numpy.argsort(decisions[0].order)] == order


def test_more_than_128_mentions_equal_the_loop_over_the_parts(large):
    words = [word for i in range(150) for word in ("Tokyo", "and" if i % 3 else "of")]
    mentions = [(i, i + 1) for i in range(0, 300, 2)]
    nlp, linker = large.linker(PRIORS, "local")
    found = answers(linker(words_doc(nlp, words, mentions)))
    expected = {}
    for part in (mentions[:75], mentions[75:]):
        expected.update(large.loop.run(words, part, PRIORS, "local")[0])
    assert_same(found, expected)


@pytest.mark.parametrize("mode", ["global", "exact"])
def test_a_long_doc_of_many_mentions_is_answered_once(small, mode):
    words, places = _long_text(140)
    nlp, linker = small.linker(PRIORS, mode)
    doc = linker(words_doc(nlp, words, places))
    found = answers(doc)
    assert list(found) == places
    for span, options in found.items():
        assert list(options) == [*PRIORS[alias_of(words, span)][0], "NIL"]
        assert sum(options.values()) == pytest.approx(1, abs=1e-5)
    assert [ent.kb_id_ for ent in doc.ents] == [best(found[ent.start, ent.end]) for ent in doc.ents]


def test_a_mention_of_more_than_30_pieces_equals_the_loop(large):
    """The first 30 count for its position, in LukeTokenizer as here."""
    words = ["in", *WORDS, "was", "Tokyo"]
    mentions = [(1, len(WORDS) + 1), (len(words) - 1, len(words))]
    priors = random_priors(words, mentions)
    [(pieces, _)] = [large.loop._window(words, mentions)]
    assert len(pieces) > 60
    nlp, linker = large.linker(priors, "exact")
    found = answers(linker(words_doc(nlp, words, mentions)))
    assert_same(found, large.loop.run(words, mentions, priors, "exact")[0])


def test_a_mention_that_every_window_cuts_gets_one_of_its_own(small):
    words = ["of"] * 40
    mentions = [(start, start + 8) for start in (0, 3, 11, 20, 32)]
    priors = random_priors(words, mentions)
    for span in mentions:
        nlp, linker = small.linker(priors)
        doc = words_doc(nlp, words, [span])
        [(_, slots)] = _windows(linker, doc)
        assert [(len(positions), is_asked) for positions, _, is_asked in slots] == [(16, True)]
        assert set(answers(linker(doc))) == {span}


def test_a_mention_longer_than_a_window_is_decided_by_its_prior(small):
    words = ["of"] * 30 + ["Tokyo", "of"]
    priors = {"of " * 29 + "of": (["E1", "E2"], [0.3, 0.7]), "Tokyo": (["E1"], [0.5])}
    nlp, linker = small.linker(priors, "exact")
    found = answers(linker(words_doc(nlp, words, [(0, 30), (30, 31)])))
    assert [list(options) for options in found.values()] == [["E2", "E1", "NIL"], ["E1", "NIL"]]
    bias = small.model.entity_predictions.bias.detach().numpy()[-20:]
    scores = [bias[2] + 0.4 * numpy.log(0.7), bias[1] + 0.4 * numpy.log(0.3), small.head["b"][0]]
    expected = numpy.exp(scores) / numpy.exp(scores).sum()
    numpy.testing.assert_allclose(list(found[0, 30].values()), expected, atol=1e-5)


FAR = [*["Tokyo"] * 4, *["of"] * 60, "Paris"]
FAR_PLACES = [(0, 1), (1, 2), (2, 3), (3, 4), (64, 65)]


@pytest.mark.parametrize("mode, changes", [("exact", True), ("global", True), ("local", False)])
def test_an_entity_of_the_first_window_changes_what_is_decided_in_the_last(small, mode, changes):
    """No window holds both names. The first can only be one entity, each time another one."""
    seen = []
    for entity in IDS:
        nlp, linker = small.linker({"Tokyo": ([entity], [0.9]), "Paris": (IDS[:10], [0.1] * 10)}, mode)
        linker.model.get_ref("candidate_scores").set_param("b", numpy.asarray([-1000.0], "f"))  # never NIL
        doc = words_doc(nlp, FAR, FAR_PLACES)
        assert [len(slots) for _, slots in _windows(linker, doc)] == [4, 1]
        seen.append(answers(linker(doc))[FAR_PLACES[-1]])
        assert doc.ents[0].kb_id_ == entity
    assert (len({best(options) for options in seen}) > 1) == changes
    assert (len({round(options["E0"], 4) for options in seen}) > 10) == changes


@pytest.mark.parametrize("mode", ["global", "exact"])
def test_neighbours_of_a_long_doc_change_nothing(small, mode):
    nlp, linker = small.linker(PRIORS, mode)
    texts = [(LONG, PLACES), (WORDS[:9], MENTIONS[:2]), _long_text(15), (LONG, PLACES[::2])]
    alone = [answers(linker(words_doc(nlp, *text))) for text in texts]
    for batch_size in (2, 4):
        for doc, expected in zip(linker.pipe((words_doc(nlp, *text) for text in texts), batch_size=batch_size), alone):
            assert_same(answers(doc), expected, 1e-5)


def test_training_shows_gold_of_earlier_windows(small, monkeypatch):
    """The loss in the last window depends on the gold entity that the first one shows."""
    monkeypatch.setattr(linker_batch, "choose_masked", lambda *_: numpy.asarray([False] * 4 + [True]))
    priors = {"Tokyo": (IDS[:2], [0.5, 0.5]), "Paris": (IDS[:10], [0.1] * 10)}
    losses = {}
    for first in ("E0", "E1", "NIL", "E1"):
        nlp, linker = small.linker(priors)
        gold = words_doc(nlp, FAR, [])
        gold.ents = [Span(gold, *span, "X", kb_id=id) for span, id in zip(FAR_PLACES, [*[first] * 4, "E3"])]
        loss = linker.update([Example(words_doc(nlp, FAR, []), gold)], drop=0.0)["luke_linker"]
        assert losses.setdefault(first, loss) == pytest.approx(loss, abs=1e-6)
    assert len({round(loss, 5) for loss in losses.values()}) == 3
