"""luke_ner on a tiny random encoder: what every pipe has to stand."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.types import Ragged

from spacy_luke.models.ner import was_asked
from spacy_luke.pipeline.decoding import decode

from ..tiny import ner_config

TRAIN = [
    ("Tokyo is the capital of Japan", {"entities": [(0, 5, "LOC"), (24, 29, "LOC")]}),
    ("John Smith lives in Kyoto", {"entities": [(0, 10, "PERSON"), (20, 25, "LOC")]}),
    ("The capital is old", {"entities": []}),
]
TRAIN_JA = [
    ("東京は日本の首都です。", {"entities": [(0, 2, "LOC"), (3, 5, "LOC")]}),
    ("山田さんは京都駅に行った。", {"entities": [(0, 2, "PERSON"), (5, 7, "LOC")]}),
]
ODD = [
    "",
    "Tokyo",
    "   \n\t ",
    "  Tokyo  \n Japan ",
    "😀 Tokyo 👨‍👩‍👧 Kyoto",
    "e\u0301te\u0301 か\u3099 Tokyo",
    "John " * 700,
    "x" * 3000,
    "\u0000\ufffd\u200b",
]


def _examples(nlp, data):
    return [Example.from_dict(nlp.make_doc(text), gold) for text, gold in data]


def _trained(path, lang="en", data=TRAIN, steps=60, **config):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank(lang)
    nlp.add_pipe("luke_ner", config=ner_config(path, **config))
    examples = _examples(nlp, data)
    nlp.initialize(lambda: examples)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(steps):
        losses: dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses)
    assert losses["luke_ner"] < 0.05
    return nlp


@pytest.fixture(scope="module")
def trained(xlmr):
    return _trained(xlmr)


def _ents(doc):
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def _scores(doc):
    group = doc.spans["luke_ner"]
    return {(s.start, s.end, s.label_): float(p) for s, p in zip(group, group.attrs["scores"])}


def _assert_same(a, b, tolerance=1e-5):
    assert _ents(a) == _ents(b)
    a, b = _scores(a), _scores(b)
    assert {k for k, v in a.items() if v > 0.11} <= set(b) and {k for k, v in b.items() if v > 0.11} <= set(a)
    for key in set(a) & set(b):
        assert a[key] == pytest.approx(b[key], abs=tolerance)


def test_overfits(trained):
    for text, gold in TRAIN:
        assert _ents(trained(text)) == gold["entities"]


def test_overfits_japanese_sudachi_words(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    nlp = _trained(xlmr, "ja", TRAIN_JA)
    for text, gold in TRAIN_JA:
        assert _ents(nlp(text)) == gold["entities"]


@pytest.mark.parametrize("config", [{"negatives": 1.0}, {"model": {"view": "full"}}], ids=["sampled", "full"])
def test_overfits_in_other_ways(xlmr, config):
    nlp = _trained(xlmr, **config)
    for text, gold in TRAIN:
        assert _ents(nlp(text)) == gold["entities"]


def test_saved_and_loaded_into_another_pipeline(trained, xlmr, xlmr_24, tmp_path):
    trained.to_disk(tmp_path / "model")
    # started from another encoder, other labels, then overwritten
    other = spacy.blank("en")
    other.add_pipe("luke_ner", config=ner_config(xlmr_24))
    other.initialize(lambda: _examples(other, [("a b", {"entities": [(0, 1, "X"), (2, 3, "Y")]})]))
    for loaded in (
        spacy.load(tmp_path / "model"),
        other.from_disk(tmp_path / "model"),
        spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes()),
    ):
        assert loaded.get_pipe("luke_ner").labels == ("LOC", "PERSON")
        for text, _ in TRAIN:
            _assert_same(loaded(text), trained(text), 1e-6)


def test_a_saved_pipeline_needs_no_checkpoint(xlmr, trained, tmp_path):
    config = trained.config.copy()
    config["components"]["luke_ner"]["model"]["encoder"]["name"] = "no/such-checkpoint"
    loaded = spacy.blank("en").from_config(config).from_bytes(trained.to_bytes())
    _assert_same(loaded(TRAIN[0][0]), trained(TRAIN[0][0]))


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(trained, text):
    doc = trained(text)
    assert "luke_ner" in doc.spans
    for ent in doc.ents:
        assert not ent[0].is_space and not ent[-1].is_space
    assert len(doc.spans["luke_ner"]) == len(doc.spans["luke_ner"].attrs["scores"])


def test_a_text_of_100_000_characters(trained):
    text = "Nothing. " * 5 + "John Smith lives in Kyoto. "
    text *= 100_000 // len(text)
    doc = trained(text)
    assert len(doc) > 10_000
    assert doc.has_annotation("ENT_IOB")


def test_a_long_doc_is_asked_in_windows(xlmr_24):
    nlp = _trained(xlmr_24, data=[(text + " .", gold) for text, gold in TRAIN])
    doc = nlp(" . ".join(text for text, _ in TRAIN) + " .")
    assert len(nlp.get_pipe("luke_ner").predict([doc]).scores) > 100
    assert {ent.text for ent in doc.ents} & {"Tokyo", "Kyoto", "Japan", "John Smith"}


def test_neighbours_change_nothing(trained):
    texts = [text for text, _ in TRAIN] + ODD[:6]
    alone = [trained(text) for text in texts]
    for together in (list(trained.pipe(texts)), list(trained.pipe(texts[::-1]))[::-1], list(trained.pipe(texts, batch_size=2))):
        for a, b in zip(alone, together):
            _assert_same(a, b)


@pytest.mark.parametrize("batch_size", [1, 60])
def test_the_batch_size_changes_nothing(trained, batch_size, monkeypatch):
    texts = [text for text, _ in TRAIN] + ODD[:6]
    expected = list(trained.pipe(texts))
    attrs = trained.get_pipe("luke_ner").model.layers[0].attrs
    assert attrs["batch_size"] is None
    monkeypatch.setitem(attrs, "batch_size", batch_size)
    for a, b in zip(expected, trained.pipe(texts)):
        _assert_same(a, b)


def test_two_processes(trained):
    texts = [text for text, _ in TRAIN] * 2
    for a, b in zip(trained.pipe(texts), trained.pipe(texts, n_process=2, batch_size=2)):
        _assert_same(a, b)


def test_results_survive_docbin_and_bytes(trained):
    doc = trained(TRAIN[1][0])
    binned = next(DocBin(docs=[doc]).get_docs(trained.vocab))
    for copy in (binned, Doc(trained.vocab).from_bytes(doc.to_bytes()), doc.copy()):
        _assert_same(copy, doc, 0.0)


def test_docs_without_annotation_train_nothing(trained, xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    nlp.initialize(lambda: _examples(nlp, TRAIN))

    def weights():
        return pipe.model.get_ref("output_layer").get_param("W").tobytes(), pipe.model.get_ref("encoder").shims[0].to_bytes()

    before = weights()
    unknown = Example(nlp.make_doc("Tokyo is old"), nlp.make_doc("Tokyo is old"))
    losses = nlp.update([unknown], sgd=nlp.create_optimizer())
    assert losses == {"luke_ner": 0.0} and weights() == before
    losses = nlp.update([unknown, *_examples(nlp, TRAIN)], sgd=nlp.create_optimizer())
    assert losses["luke_ner"] > 0
    assert all(a != b for a, b in zip(weights(), before))


def test_misaligned_gold_is_neither_entity_nor_none(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    reference = Doc(nlp.vocab, words=["To", "kyo", "is", "old"], spaces=[False, True, True, False], ents=["B-LOC", "O", "O", "O"])
    example = Example(nlp.make_doc("Tokyo is old"), reference)
    pipe.add_label("LOC")
    spans, classes = pipe._training_spans([example])
    asked = {tuple(row) for row in spans.data.tolist()}
    assert asked == {(1, 2), (1, 3), (2, 3)} and set(classes) == {0}


def test_unknown_labels_train_nothing(trained):
    pipe = trained.get_pipe("luke_ner")
    example = Example.from_dict(trained.make_doc("Tokyo is old"), {"entities": [(0, 5, "PLANET")]})
    spans, classes = pipe._training_spans([example])
    assert (0, 1) not in {tuple(row) for row in spans.data.tolist()}
    assert trained.evaluate([example])["ents_f"] == 0.0


def test_empty_and_blank_docs_in_training(xlmr):
    nlp = _trained(xlmr, data=[*TRAIN, ("", {"entities": []}), ("  ", {"entities": []})])
    nlp.update(_examples(nlp, [("", {"entities": []})]), sgd=nlp.create_optimizer())


def test_a_batch_of_nothing(trained):
    pipe = trained.get_pipe("luke_ner")
    assert pipe.update([]) == {"luke_ner": 0.0}
    assert len(pipe.predict([]).scores) == 0


def test_gold_without_pieces_is_no_loss(trained):
    """The tokenizer drops a zero width space: no question is asked about it, so there is no answer to judge."""
    reference = Doc(trained.vocab, words=["The", "capital", "is", "old", "\u200b"], ents=["O"] * 4 + ["B-LOC"])
    pipe = trained.get_pipe("luke_ner")
    spans, classes = pipe._training_spans([Example(reference.copy(), reference)])
    scores, _ = pipe.model.begin_update(([reference], spans))
    loss, d_scores = pipe.get_loss(classes, scores)
    unasked = [row for row, span in enumerate(spans.data.tolist()) if span == [4, 5]]
    assert classes[unasked] == [1] and not d_scores[unasked].any()
    asked = numpy.delete(scores, unasked, axis=0).astype("float64")
    expected = numpy.log(numpy.exp(asked).sum(axis=1)) - asked[range(len(asked)), numpy.delete(classes, unasked)]
    assert loss == pytest.approx(expected.mean(), rel=1e-3, abs=1e-6) and loss < 5


def test_existing_entities(trained, xlmr):
    pipe = trained.get_pipe("luke_ner")
    doc = trained.make_doc(TRAIN[1][0])
    doc.ents = [doc.char_span(5, 10, "MINE")]
    try:
        pipe.cfg["overwrite"] = False
        assert [(e.text, e.label_) for e in pipe(doc.copy()).ents] == [("Smith", "MINE"), ("Kyoto", "LOC")]
    finally:
        pipe.cfg["overwrite"] = True
    assert [(e.text, e.label_) for e in pipe(doc).ents] == [("John Smith", "PERSON"), ("Kyoto", "LOC")]


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_words(trained, overwrite):
    """spaCy notes a blocked word as one where an entity without a type begins."""
    pipe = trained.get_pipe("luke_ner")
    doc = trained.make_doc(TRAIN[1][0])
    doc.set_ents([doc.char_span(20, 25, "MINE")], blocked=[doc[1:3]], default="outside")
    try:
        pipe.cfg["overwrite"] = overwrite
        for _ in range(2):  # a second pass finds what the first one left
            doc = pipe(doc)
    finally:
        pipe.cfg["overwrite"] = True
    found = [(token.ent_iob_, token.ent_type_) for token in doc]
    if overwrite:
        assert found == [("B", "PERSON"), ("I", "PERSON"), ("O", ""), ("O", ""), ("B", "LOC")]
    else:
        assert found[1:] == [("B", ""), ("B", ""), ("O", ""), ("B", "MINE")]


def test_a_new_label_for_a_trained_pipe(xlmr):
    nlp = _trained(xlmr)
    before = nlp(TRAIN[1][0])
    pipe = nlp.get_pipe("luke_ner")
    assert pipe.add_label("PERSON") == 0 and pipe.add_label("DAY") == 1
    assert _ents(nlp(TRAIN[1][0])) == _ents(before)
    data = [*TRAIN, ("He came on Monday", {"entities": [(11, 17, "DAY")]})]
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.003
    for _ in range(60):
        nlp.update(_examples(nlp, data), sgd=optimizer)
    assert _ents(nlp("He came on Monday")) == [(11, 17, "DAY")]
    assert _ents(nlp(TRAIN[1][0])) == TRAIN[1][1]["entities"]
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert _ents(again("He came on Monday")) == [(11, 17, "DAY")]
    assert again.get_pipe("luke_ner").add_label("MORE") == 1 and again("He came on Monday").ents


def test_a_new_label_is_not_found_everywhere(xlmr):
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    nlp.initialize(lambda: _examples(nlp, TRAIN))
    text = "The quick brown fox jumps over the lazy dog"
    assert not nlp(text).ents
    assert ner.add_label("DAY") == ner.add_label("TIME") == 1
    *_, loc, person, day, time = ner.model.get_ref("output_layer").get_param("b")
    assert not nlp(text).ents and day == time == person < loc


def test_labels_are_checked(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    for bad in ("", 3, None):
        with pytest.raises(ValueError, match="LK501"):
            pipe.add_label(bad)
    with pytest.raises(ValueError, match="LK502"):
        nlp.initialize(lambda: _examples(nlp, [("a", {"entities": []})]))


def test_a_new_label_goes_on_with_the_same_optimizer(xlmr):
    nlp = _trained(xlmr)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    nlp.update(_examples(nlp, TRAIN), sgd=optimizer)
    nlp.get_pipe("luke_ner").add_label("DAY")
    data = [*TRAIN, ("He came on Monday", {"entities": [(11, 17, "DAY")]})]
    for _ in range(60):
        nlp.update(_examples(nlp, data), sgd=optimizer)
    assert _ents(nlp("He came on Monday")) == [(11, 17, "DAY")]


def test_fewer_than_no_negatives(xlmr):
    with pytest.raises(ValueError, match="LK503.*-1"):
        spacy.blank("en").add_pipe("luke_ner", config=ner_config(xlmr, negatives=-1.0))


@pytest.mark.parametrize("negatives", [None, 1.0])
def test_a_fresh_head_expects_each_class_as_often_as_it_is_trained(xlmr, negatives):
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("luke_ner", config=ner_config(xlmr, negatives=negatives, suggester={"max_words": 2}))
    nlp.initialize(lambda: _examples(nlp, TRAIN))
    entities = numpy.asarray([3, 1])  # LOC, PERSON
    words = [len(nlp.make_doc(text)) for text, _ in TRAIN]
    none = sum(words) if negatives else sum(2 * n - 1 for n in words) - entities.sum()
    counts = numpy.asarray([none, *entities]) + 0.5
    assert ner.labels == ("LOC", "PERSON")
    b = ner.model.get_ref("output_layer").get_param("b")
    numpy.testing.assert_allclose(numpy.exp(b), counts / counts.sum(), rtol=1e-5)


def test_labels_given_at_initialize(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    pipe.initialize(lambda: _examples(nlp, TRAIN), nlp=nlp, labels=["PERSON", "LOC"])
    assert pipe.label_data == ["PERSON", "LOC"] and pipe.model.get_dim("nO") == 3


def test_adding_the_pipe_reads_no_checkpoint():
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner")
    with pytest.raises(ValueError, match="LK401"):
        nlp("Tokyo")


def test_entities_out_of_reach_are_counted(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=ner_config(xlmr, suggester={"@misc": "spacy_luke.word_span_suggester.v1", "max_words": 1}))
    with pytest.warns(UserWarning, match=r"never suggests 1 of 4 gold .*25\.0 %.*2: 1.*PERSON: 1"):
        nlp.initialize(lambda: _examples(nlp, TRAIN))


def test_suggested_entities_that_no_question_holds_are_counted(xlmr_24):
    """With 24 pieces a window, 22 of them words': the longest entity does not fit, the last one has no piece."""
    nlp = spacy.blank("en")
    suggester = {"@misc": "spacy_luke.word_span_suggester.v1", "max_words": 40}
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr_24, suggester=suggester))
    words = ["old"] * 50 + ["\u200b"]
    ents = ["B-LONG", *["I-LONG"] * 29, *["O"] * 10, "B-LOC", *["O"] * 9, "B-NONE"]
    long = Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, ents=ents))
    counted = r"LKW503.*2 of 7 gold .*28\.6 %.* words: 1: 1, 30: 1\. By label: LONG: 1, NONE: 1"
    with pytest.warns(UserWarning, match=counted) as seen:
        nlp.initialize(lambda: [long, *_examples(nlp, TRAIN)])
    assert not any("LKW501" in str(warning.message) for warning in seen)
    gold = Ragged(numpy.asarray([[0, 30], [40, 41], [50, 51]]), numpy.asarray([3]))
    assert was_asked(pipe.model.predict(([long.predicted], gold))).tolist() == [False, True, False]


def test_a_suggester_that_suggests_nothing_loses_everything(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_ner", config=ner_config(xlmr, suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [50]}))
    with pytest.warns(UserWarning, match=r"never suggests 4 of 4 gold"):
        nlp.initialize(lambda: _examples(nlp, TRAIN))
    assert nlp.update(_examples(nlp, TRAIN)) == {"luke_ner": 0.0}
    assert not nlp("Tokyo").ents and nlp("Tokyo").has_annotation("ENT_IOB")


@pytest.mark.parametrize("getter", ["strided_spans", "sent_spans"])
def test_span_getters_of_spacy_transformers(xlmr, getter):
    pytest.importorskip("spacy_transformers", reason="span getters come with spacy-transformers")
    settings = {"window": 6, "stride": 4} if getter == "strided_spans" else {}
    get_spans = {"@span_getters": f"spacy-transformers.{getter}.v1", **settings}
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("luke_ner", config=ner_config(xlmr, model={"get_spans": get_spans}))
    examples = _examples(nlp, TRAIN)
    nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=nlp.create_optimizer(), annotates=["sentencizer"])
    docs = list(nlp.pipe(["Tokyo is old. Kyoto is older. " * 5, "", "John"]))
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    _assert_same(again("Tokyo is old. Kyoto is older. " * 5), docs[0])


def test_stock_suggesters(xlmr):
    for suggester in (
        {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": 3},
        {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]},
    ):
        nlp = _trained(xlmr, suggester=suggester)
        assert _ents(nlp(TRAIN[1][0])) == TRAIN[1][1]["entities"]
        assert not nlp("").ents


def test_no_entity_begins_or_ends_with_white_space(xlmr):
    """" Tokyo" and "Tokyo" are the same pieces: taken as entity and as none they would train nothing."""
    suggester = {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": 4}
    data = [("Tokyo \n is old", {"entities": [(0, 5, "LOC")]}), ("lives \n John \n Smith", {"entities": [(8, 20, "PERSON")]})]
    nlp = _trained(xlmr, suggester=suggester, data=data)
    for text, gold in data:
        doc = nlp(text)
        assert _ents(doc) == gold["entities"]
        assert not any(s[0].is_space or s[-1].is_space for s in doc.spans["luke_ner"])


def test_span_finder_proposes(xlmr):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("span_finder", config={"spans_key": "proposed", "threshold": 0.2})
    preset = {"@misc": "spacy.preset_spans_suggester.v1", "spans_key": "proposed"}
    nlp.add_pipe("luke_ner", config=ner_config(xlmr, suggester=preset))
    examples = _examples(nlp, TRAIN)
    for eg in examples:
        eg.reference.spans["proposed"] = list(eg.reference.ents)
    nlp.initialize(lambda: examples)
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    for _ in range(80):
        fresh = [Example(nlp.make_doc(eg.text), eg.reference) for eg in examples]
        nlp.update(fresh, sgd=optimizer, annotates=["span_finder"])
    for text, gold in TRAIN:
        assert _ents(nlp(text)) == gold["entities"]
    assert not nlp("").ents


def test_accumulated_batches_give_the_mean_gradient(xlmr):
    """Two batches of one example and one finish_update move weights as if both losses were averaged."""

    def gradients(batches):
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
        nlp.initialize(lambda: _examples(nlp, TRAIN))
        seen = {}
        for batch in batches:
            pipe.update(_examples(nlp, [batch]), drop=0.0)
        pipe.finish_update(lambda key, weights, gradient, **_: (weights, seen.setdefault(key[1], gradient.copy())))
        return seen

    one, two, both = gradients(TRAIN[:1]), gradients(TRAIN[1:2]), gradients(TRAIN[:2])
    assert len(both) > 20
    for name, gradient in both.items():
        numpy.testing.assert_allclose(gradient, (one[name] + two[name]) / 2, atol=1e-6)


@pytest.mark.parametrize("bad", [(0, 9), (-1, 2), (2, 2)])
def test_spans_outside_the_doc(trained, bad):
    def suggester(docs, *, ops=None):
        return Ragged(numpy.asarray([bad]), numpy.asarray([1]))

    pipe = trained.get_pipe("luke_ner")
    kept, pipe.suggester = pipe.suggester, suggester
    try:
        with pytest.raises(ValueError, match=rf"LK504.*\[{bad[0]}, {bad[1]}\) for a Doc of 5 words"):
            trained("John Smith lives in Kyoto")
    finally:
        pipe.suggester = kept


def test_a_nan_gradient_leaves_the_weights(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_ner", config=ner_config(xlmr))
    nlp.initialize(lambda: _examples(nlp, TRAIN))
    optimizer = spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)
    head, shim = pipe.model.get_ref("output_layer"), pipe.model.get_ref("encoder").shims[0]
    before = head.get_param("W").copy(), shim.to_bytes()
    pipe.update(_examples(nlp, TRAIN))
    next(shim.gradients())[0] = numpy.nan
    with pytest.warns(UserWarning, match="LKW502.*'luke_ner'"):
        pipe.finish_update(optimizer)
    assert (head.get_param("W") == before[0]).all() and shim.to_bytes() == before[1]
    nlp.update(_examples(nlp, TRAIN), sgd=optimizer)
    assert (head.get_param("W") != before[0]).any() and shim.to_bytes() != before[1]
    assert numpy.isfinite(head.get_param("W")).all()


def test_decoding_by_hand():
    spans = numpy.asarray([[0, 1], [0, 2], [1, 2], [2, 3], [3, 4]])
    scores = numpy.asarray([[0, 5, 0], [0, 0, 6], [0, 4, 1], [3, 2, 1], [0, 1, 1.5]], dtype="f")
    taken = numpy.zeros(4, dtype=bool)
    assert decode(spans, scores, taken) == [(1, 2), (4, 2)]
    assert taken.tolist() == [True, True, False, True]
