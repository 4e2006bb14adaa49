"""luke_relations on a tiny random encoder: what every pipe has to stand."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus

from spacy_luke.models.relations import ask
from spacy_luke.training.readers.gold_mentions import build_gold_mentions_reader_v1

from ..related import TRAIN, TRAIN_JA, doc_of, examples_of, expected, found, relations_config, scores_of, trained_on

ODD = [
    "",
    "Tokyo",
    "   \n\t ",
    "  Tokyo  \n Japan ",
    "😀 Tokyo 👨‍👩‍👧 Kyoto",
    "e\u0301te\u0301 か\u3099 Tokyo",
    "John " * 700,
    "x" * 3000 + " y",
    "\u0000 \ufffd \u200b Acme",
]


@pytest.fixture(scope="module")
def trained(xlmr):
    return trained_on(xlmr)


def _odd_doc(nlp, text):
    """Entities: the first two words that are not blank, and the last."""
    doc = nlp.make_doc(text)
    words = [token.i for token in doc if not token.is_space]
    doc.ents = [doc[i : i + 1] for i in ()]
    chosen = sorted({*words[:2], *words[-1:]})
    doc.set_ents([spacy.tokens.Span(doc, i, i + 1, label="ORG") for i in chosen])
    return doc


def _docs(nlp):
    return [doc_of(nlp, text, ents) for text, ents, _ in TRAIN] + [_odd_doc(nlp, text) for text in ODD]


def _assert_same(a, b, tolerance=1e-5):
    a, b = scores_of(a), scores_of(b)
    assert a == pytest.approx(b, abs=tolerance)


def test_overfits(trained):
    for entry in TRAIN:
        doc = trained(doc_of(trained, *entry[:2]))
        assert found(doc) == expected(entry)
        assert [span.text for span in doc.spans["luke_relations"]] == [ent.text for ent in doc.ents]
        assert all(0.5 < relation.score <= 1.0 for relation in doc._.relations)
    assert [r.label for r in trained(doc_of(trained, *TRAIN[0][:2])).ents[1]._.relations] == ["founded", "based_in"]


def test_overfits_japanese_sudachi_words(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    nlp = trained_on(xlmr, "ja", TRAIN_JA)
    for entry in TRAIN_JA:
        assert found(nlp(doc_of(nlp, *entry[:2]))) == expected(entry)


@pytest.mark.parametrize(
    "config",
    [{"negatives": 1.0}, {"multi_label": True}, {"pairs": {"constraints": "learn"}}],
    ids=["sampled", "several labels", "constraints"],
)
def test_overfits_in_other_ways(xlmr, config):
    nlp = trained_on(xlmr, **config)
    for entry in TRAIN:
        assert found(nlp(doc_of(nlp, *entry[:2]))) == expected(entry)


def test_saved_and_loaded_into_another_pipeline(xlmr, xlmr_24, tmp_path):
    trained = trained_on(xlmr, pairs={"constraints": "learn"})
    trained.to_disk(tmp_path / "model")
    others = []
    for _ in range(2):  # started from another encoder and other labels, then overwritten
        other = spacy.blank("en")
        other.add_pipe("luke_relations", config=relations_config(xlmr_24, pairs={"constraints": "learn"}))
        data = [("a b", [(0, 1, "X"), (2, 3, "Y")], [(0, "r", 1), (1, "s", 0)])]
        other.initialize(lambda nlp=other, data=data: examples_of(nlp, data))
        others.append(other)
    for loaded in (
        spacy.load(tmp_path / "model"),
        others[0].from_disk(tmp_path / "model"),
        others[1].from_bytes(trained.to_bytes()),
        spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes()),
    ):
        pipe = loaded.get_pipe("luke_relations")
        assert pipe.labels == ("founded", "based_in")
        assert pipe.cfg["constraints"] == {"based_in": [["ORG", "LOC"]], "founded": [["PERSON", "ORG"]]}
        for text, ents, _ in TRAIN:
            a, b = (nlp(doc_of(nlp, text, ents)) for nlp in (loaded, trained))
            _assert_same(a, b, 1e-6)
            assert found(a) == found(b)


def test_a_saved_pipeline_needs_no_checkpoint(trained, tmp_path):
    trained.to_disk(tmp_path)
    config = spacy.util.load_config(tmp_path / "config.cfg")
    config["components"]["luke_relations"]["model"]["encoder"]["name"] = "no/such-checkpoint"
    config.to_disk(tmp_path / "config.cfg")
    nlp = spacy.load(tmp_path)
    assert found(nlp(doc_of(nlp, *TRAIN[0][:2]))) == expected(TRAIN[0])


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(trained, text):
    doc = trained(_odd_doc(trained, text))
    assert list(doc.spans["luke_relations"]) == list(doc.ents)
    scores = trained.get_pipe("luke_relations").predict([doc])
    n = len(doc.ents)
    assert scores.probabilities.shape == (n * (n - 1), 3) or n > 2  # the last may be more than 100 words away


def test_a_doc_longer_than_the_model(xlmr_24):
    """Each pair has a window of its own; a pair that none holds is never a relation."""
    blank = "the old and the new "
    text = blank * 30 + "Bob in Tokyo " + blank * 3
    ents = [(0, 3, "DET"), (600, 603, "PERSON"), (607, 612, "LOC")]
    data = [(text, ents, [(1, "in", 2)])]
    with pytest.warns(UserWarning, match="LKW520.*1 of 2 gold relations") as caught:  # 148 words between them
        nlp = trained_on(xlmr_24, data=[(text, ents, [(1, "in", 2), (0, "x", 1)])])
    assert not any("LKW521" in str(w.message) for w in caught)
    pipe = nlp.get_pipe("luke_relations")
    doc = doc_of(nlp, text, ents)
    scores = pipe.predict([doc])
    assert scores.pairs[0].pairs.tolist() == [[1, 2], [2, 1]] and scores.asked.all()
    assert found(nlp(doc)) == expected(data[0])
    pipe.get_pairs.max_words = None
    scores = pipe.predict([doc])
    assert scores.pairs[0].pairs[scores.asked].tolist() == [[1, 2], [2, 1]] and len(scores.asked) == 6
    assert not scores.probabilities[~scores.asked].any()
    assert found(nlp(doc)) == expected(data[0])
    with pytest.warns(UserWarning, match=r"LKW521.*1 of 2 gold relations \(50.0%\).*x: 1"):
        data = [(text, ents, [(1, "in", 2), (0, "x", 1)])]
        trained_on(xlmr_24, data=data, steps=1, least=9, pairs={"max_words": None})


def test_small_windows(xlmr):
    """max_pieces cuts the text around each pair, as a smaller encoder would."""
    text, ents, relations = TRAIN[0]
    blank = "the old and the new "
    moved = [(start + 100, end + 100, label) for start, end, label in ents]
    data = [(blank * 5 + text + " " + blank * 5, moved, relations)]
    nlp = trained_on(xlmr, data=data, model={"max_pieces": 24})
    pipe = nlp.get_pipe("luke_relations")
    doc = doc_of(nlp, *data[0][:2])
    pairs = [[(22, 23), (20, 21)], [(20, 21), (24, 25)]]
    sizes = [len(question.piece_ids) for question in ask(pipe.model, [doc], [pairs]).questions]
    assert len(sizes) == 2 and 18 < min(sizes) <= max(sizes) <= 24
    assert found(nlp(doc)) == expected(data[0])
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    _assert_same(loaded(doc_of(loaded, *data[0][:2])), nlp(doc), 1e-6)
    with pytest.raises(ValueError, match="LK408.*max_pieces = 7"):
        spacy.blank("en").add_pipe("luke_relations", config=relations_config(xlmr, model={"max_pieces": 7}))


def test_neighbours_change_nothing(trained):
    alone = [trained(doc) for doc in _docs(trained)]
    assert any(found(doc) for doc in alone)
    for together in (
        list(trained.pipe(_docs(trained))),
        list(trained.pipe(_docs(trained)[::-1]))[::-1],
        list(trained.pipe(_docs(trained), batch_size=2)),
    ):
        for a, b in zip(alone, together, strict=True):
            _assert_same(a, b)


def test_two_processes(trained):
    alone = [trained(doc) for doc in _docs(trained)[:5]]
    for a, b in zip(alone, trained.pipe(_docs(trained)[:5], n_process=2, batch_size=2), strict=True):
        _assert_same(a, b)
        assert [r.label for r in b._.relations] == [r.label for r in a._.relations]


def test_results_survive_docbin_bytes_and_copies(trained):
    docs = list(trained.pipe(_docs(trained)[:6]))
    bins = DocBin(docs=docs)
    for again in (
        list(DocBin().from_bytes(bins.to_bytes()).get_docs(spacy.blank("en").vocab)),
        [Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes()) for doc in docs],
        [doc.copy() for doc in docs],
    ):
        for a, b in zip(docs, again, strict=True):
            _assert_same(a, b, 1e-9)
            assert [r.head.text for r in b._.relations] == [r.head.text for r in a._.relations]


def test_evaluated_on_gold_entities(trained, tmp_path):
    """A DocBin, read by spaCy's reader, with gold entities by ours."""
    DocBin(docs=[eg.reference for eg in examples_of(trained)]).to_disk(tmp_path / "a.spacy")
    corpus = Corpus(tmp_path / "a.spacy")
    scores = trained.evaluate(list(build_gold_mentions_reader_v1(corpus)(trained)))
    assert scores["rel_micro_f"] == scores["rel_macro_f"] == 1.0
    assert set(scores["rel_per_type"]) == {"founded", "based_in"}
    scores = trained.evaluate(list(corpus(trained)))  # nobody finds entities: all are missed
    assert scores["rel_micro_r"] == 0.0


def test_entities_of_a_span_group_with_another_key_for_results(xlmr):
    nlp = trained_on(xlmr, pairs={"entities_key": "mine"})
    pipe = nlp.get_pipe("luke_relations")
    pipe.cfg["spans_key"] = "out"
    text, ents, _ = TRAIN[0]
    doc = nlp.make_doc(text)
    doc.spans["mine"] = [doc.char_span(*ent) for ent in ents]
    doc = nlp(doc)
    assert found(doc, "out") == expected(TRAIN[0]) and "luke_relations" not in doc.spans and not doc.ents
    assert "mine" in doc.spans
