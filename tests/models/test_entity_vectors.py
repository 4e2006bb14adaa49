"""Vectors from descriptions: the same as Hugging Face's masked-entity head gives for the name."""

from __future__ import annotations

import numpy
import pytest
import torch

from spacy_luke.kb.descriptions import Passage
from spacy_luke.models.encoder import build_luke_encoder_v1, get_shim
from spacy_luke.models.entity_vectors import _fit, embed_passages, standardise
from spacy_luke.models.linker import build_luke_linker_v1

from .. import tiny
from ..linking import WIDTH, write_luke

transformers = pytest.importorskip("transformers")

PASSAGES = [
    Passage("Tokyo is the capital of Japan.", 0, 5),
    Passage("Kyoto: was its capital before", 0, 5),
    Passage("The capital of Japan is Tokyo", 24, 29),
    Passage("東京は日本の首都で、世界最大の都市のひとつである。", 3, 5),
    Passage("Kyoto", 0, 5),
]


def linker(path):
    model = build_luke_linker_v1(build_luke_encoder_v1(str(path)))
    model.initialize()
    return model


@pytest.fixture(scope="module")
def luke(tmp_path_factory):
    torch.manual_seed(0)  # the seeds of conftest.py are set later
    path = tmp_path_factory.mktemp("luke")
    return path, write_luke(path)


@pytest.fixture(scope="module")
def model(luke):
    return linker(luke[0])


def test_as_the_head_of_transformers(luke, model):
    path, theirs = luke
    tokenizer = transformers.LukeTokenizer.from_pretrained(path)
    for passage, found in zip(PASSAGES, embed_passages(model, PASSAGES)):
        inputs = tokenizer(passage.text, entity_spans=[(passage.start, passage.end)], return_tensors="pt")
        with torch.no_grad():
            states = theirs.luke(**inputs).entity_last_hidden_state
            expected = theirs.entity_predictions.transform(states)[0, 0].numpy()
        numpy.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_batch_is_one_by_one(model):
    together = embed_passages(model, PASSAGES)
    assert together.shape == (len(PASSAGES), WIDTH) and together.dtype == numpy.float32
    alone = numpy.concatenate([embed_passages(model, [passage]) for passage in PASSAGES])
    numpy.testing.assert_allclose(together, alone, atol=1e-4)
    assert len(numpy.unique(together.round(3), axis=0)) == len(PASSAGES)


def test_no_passages_no_vectors(model):
    assert embed_passages(model, []).shape == (0, WIDTH)


def test_a_name_without_pieces_gets_zeros(tmp_path):
    model = linker(tiny.write_xlmr(tmp_path / "xlmr"))
    found = embed_passages(model, [PASSAGES[0], Passage("\u200b", 0, 1), PASSAGES[1]])
    assert found[[0, 2]].any(axis=1).all() and numpy.isfinite(found).all()
    assert not found[1].any()
    assert not embed_passages(model, [Passage("\u200b", 0, 1)]).any()


@pytest.mark.parametrize("before, behind", [(0, 20), (20, 20), (20, 0)])
def test_a_long_description_is_cut_around_the_name(xlmr_24, before, behind):
    """24 pieces: what is far away does not matter, what is near does."""
    far = "Kyoto was its capital. "

    def passage(before: int, behind: int, near: str) -> Passage:
        head = far * before + f"{near} " * bool(before)
        return Passage(f"{head}Tokyo {near} {far * behind}".strip(), len(head), len(head) + 5)

    model = linker(xlmr_24)
    texts = [(before, behind, "lives"), (2 * before, 2 * behind, "lives"), (before, behind, "Obama")]
    found, farther, other = embed_passages(model, [passage(*text) for text in texts])
    numpy.testing.assert_allclose(farther, found, atol=1e-5)
    assert abs(other - found).max() > 1e-3


@pytest.mark.parametrize("length", [8, 9, 20, 31])
@pytest.mark.parametrize("limit", [8, 9])
def test_windows_hold_the_mention(length, limit):
    ids = numpy.arange(length)
    for start in range(1, length - 1):
        for end in range(start + 1, length):
            found, spans = _fit(ids, numpy.asarray([[start, end]]), limit)
            lo, hi = spans[0]
            assert len(found) == min(length, limit) and found[0] == 0 and found[-1] == length - 1
            kept = min(end - start, len(found) - 2)
            assert found[lo:hi].tolist() == list(range(start, start + kept))
            assert (numpy.diff(found[1:-1]) == 1).all()


def test_a_name_longer_than_the_encoder(xlmr_24):
    model = linker(xlmr_24)
    name = "Kyoto was its capital before " * 10
    found = embed_passages(model, [Passage(name, 0, len(name)), Passage(name * 2, len(name), 2 * len(name))])
    assert found[0].any() and found[1].any() and numpy.isfinite(found).all()
    assert get_shim(model.get_ref("encoder")).config.max_pieces == 24


def test_standardise_leaves_rows_of_zeros_alone():
    vectors = numpy.asarray([[1, 10], [0, 0], [3, 30], [5, 20]], dtype="float32")
    found, mean, deviation = standardise(vectors)
    assert mean.tolist() == [3, 20]
    numpy.testing.assert_allclose(deviation, [1.632994, 8.164966], rtol=1e-5)
    assert not found[1].any()
    numpy.testing.assert_allclose(found[[0, 2, 3]].mean(axis=0), 0, atol=1e-6)
    numpy.testing.assert_allclose(found[[0, 2, 3]].std(axis=0), 1, atol=1e-4)
