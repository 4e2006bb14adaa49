"""luke_linker on a tiny random encoder: learns, is saved, and gives the same however it is run."""

from __future__ import annotations

import pickle

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from ..linking import IDS, add_linker, answers, doc_with, example, links, memory_kb, spacy_kb
from ..tiny import encoder_config

TRAIN = [
    ("Tokyo is the capital of Japan", [(0, 5, "LOC", "Q1"), (24, 29, "LOC", "Q3")]),
    ("John Smith in Tokyo saw Japan", [(14, 19, "LOC", "Q2"), (24, 29, "ORG", "Q4")]),
    ("old Tokyo", [(4, 9, "LOC", "NIL")]),
]
TRAIN_JA = [
    ("東京は日本の首都です。", [(0, 2, "LOC", "Q1"), (3, 5, "LOC", "Q3")]),
    ("山田さんは東京駅で日本に歌う。", [(5, 7, "LOC", "Q2"), (9, 11, "LOC", "Q4")]),
]
MMAP = {"@misc": "spacy_luke.EmptyMMapKB.v1"}
STOCK = {"@misc": "spacy.EmptyKB.v2"}


def _steps(nlp, examples, steps=60, name="luke_linker"):
    linker = nlp.get_pipe(name)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses = linker.update(examples(), sgd=optimizer)
    return losses[name]


def _trained(path, lang="en", data=TRAIN, **config):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank(lang)
    add_linker(nlp, path, [example(nlp, *each) for each in data], **config)
    assert _steps(nlp, lambda: [example(nlp, *each) for each in data]) < 0.05
    return nlp


def _given(nlp, data=TRAIN):
    return [doc_with(nlp, text, [(*ent[:3], "") for ent in ents]) for text, ents in data]


def _assert_learnt(nlp, data=TRAIN, **how):
    for doc, (text, ents) in zip(nlp.pipe(_given(nlp, data), **how), data, strict=True):
        assert links(doc) == [(text[a:b], id) for a, b, _, id in ents]


def _assert_same(nlp, other, data=TRAIN):
    for a, b in zip(_given(nlp, data), _given(other, data)):
        a, b = nlp(a), other(b)
        assert links(a) == links(b)
        assert answers(a).keys() == answers(b).keys()
        for span, options in answers(a).items():
            assert answers(b)[span] == pytest.approx(options, abs=1e-6)


@pytest.fixture(scope="module")
def trained(xlmr):
    return _trained(xlmr)


def test_overfits(trained):
    _assert_learnt(trained)


def test_overfits_japanese_sudachi_words(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    _assert_learnt(_trained(xlmr, "ja", TRAIN_JA), TRAIN_JA)


@pytest.mark.parametrize("mode", ["local", "exact"])
def test_overfits_in_the_other_modes(xlmr, mode):
    _assert_learnt(_trained(xlmr, mode=mode))


@pytest.mark.parametrize(("kb", "empty"), [(memory_kb, MMAP), (spacy_kb, STOCK)], ids=["MMapKB", "InMemoryLookupKB"])
def test_saved_and_loaded_into_another_pipeline(xlmr, xlmr_24, tmp_path, kb, empty):
    trained = _trained(xlmr, kb=kb, generate_empty_kb=empty)
    trained.to_disk(tmp_path / "model")
    other = spacy.blank("en")  # started from another encoder and other entities, then overwritten
    few = {"Tokyo": (["Q9"], [1.0])}
    add_linker(other, xlmr_24, kb=lambda vocab: kb(vocab, ["Q9"], few), generate_empty_kb=empty)
    other.get_pipe("luke_linker")(_given(other)[0])
    for loaded in (
        spacy.load(tmp_path / "model"),
        other.from_disk(tmp_path / "model"),
        spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes()),
    ):
        found = loaded.get_pipe("luke_linker").kb
        assert type(found) is type(trained.get_pipe("luke_linker").kb) and sorted(found.get_entity_strings()) == IDS
        _assert_same(trained, loaded)
        _assert_learnt(loaded)


def test_a_saved_pipeline_needs_no_checkpoint(trained):
    config = trained.config.copy()
    config["components"]["luke_linker"]["model"]["encoder"]["name"] = "no/such-checkpoint"
    _assert_same(trained, spacy.blank("en").from_config(config).from_bytes(trained.to_bytes()))


def test_pickled(trained):
    linker = pickle.loads(pickle.dumps(trained.get_pipe("luke_linker")))
    assert [links(doc) for doc in linker.pipe(_given(trained))] == [links(trained(doc)) for doc in _given(trained)]


def test_training_goes_on_after_loading(trained, xlmr):
    again = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    data = [*TRAIN, ("Japan sings", [(0, 5, "ORG", "Q4")])]
    assert _steps(again, lambda: [example(again, *each) for each in data]) < 0.05
    _assert_learnt(again, data)


def test_a_batch_is_as_one_by_one(trained):
    alone = [trained(doc) for doc in _given(trained)]
    for size in (1, 2, 10):
        for a, b in zip(alone, trained.pipe(_given(trained), batch_size=size)):
            assert links(a) == links(b)
            for span, options in answers(a).items():
                assert answers(b)[span] == pytest.approx(options, abs=1e-5)


def test_two_processes(trained):
    _assert_learnt(trained, n_process=2, batch_size=1)


def test_results_are_kept(trained):
    doc = trained(_given(trained)[1])
    bytes_data = DocBin(docs=[doc]).to_bytes()
    empty = spacy.blank("xx").vocab
    [from_bin] = DocBin().from_bytes(bytes_data).get_docs(empty)
    for kept in (doc.copy(), from_bin, Doc(spacy.blank("xx").vocab).from_bytes(doc.to_bytes())):
        assert links(kept) == links(doc) and answers(kept) == answers(doc)
        assert kept.spans["luke_linker"].attrs["steps"] == [0, 0]
        assert [(s.label_, s.kb_id_) for s in kept.spans["luke_linker"]] == [("LOC", "Q2"), ("ORG", "Q4")]


def test_attributes_are_plain(trained):
    attrs = trained(_given(trained)[0]).spans["luke_linker"].attrs
    assert {type(x) for found in attrs["candidates"] for x in found} == {str}
    assert {type(x) for found in attrs["scores"] for x in found} | {type(x) for x in attrs["nil"]} == {float}
    assert {type(x) for x in attrs["steps"]} == {int}
    assert set(attrs) == {"candidates", "scores", "nil", "steps"}


def test_scores_of_the_pipeline(trained):
    scores = trained.evaluate([example(trained, *each) for each in TRAIN])
    assert scores["nel_micro_f"] == scores["nel_with_nil_f"] == scores["nel_candidate_recall"] == 1.0
    wrong = [(text, [(*ent[:3], "Q4") for ent in ents]) for text, ents in TRAIN[:1]]
    scores = trained.evaluate([example(trained, *each) for each in wrong])
    assert scores["nel_micro_f"] == 0.0 and scores["nel_candidate_recall"] == 0.5
    without = [Example(trained.make_doc(eg.text), eg.reference) for eg in [example(trained, *TRAIN[0])]]
    assert trained.evaluate(without)["nel_micro_r"] == 0.0


def test_another_name(xlmr):
    nlp = spacy.blank("en")
    examples = [example(nlp, *each) for each in TRAIN]
    add_linker(nlp, xlmr, examples, name="mine")
    assert list(answers(nlp(_given(nlp)[0]), "mine")) == [(0, 1), (5, 6)]
    assert nlp.evaluate(examples)["nel_candidate_recall"] == 1.0
    nlp.get_pipe("mine").scorer = None
    assert "nel_micro_f" not in nlp.evaluate(examples)


def test_adding_the_pipe_reads_no_checkpoint():
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config("no/such-checkpoint")}})
    assert not nlp("Tokyo").spans["luke_linker"]
