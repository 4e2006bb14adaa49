"""luke_typing on a tiny random encoder: what every pipe has to stand, types of thousands, hierarchies."""

from __future__ import annotations

import pickle

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_luke.annotations import get_types, set_types
from spacy_luke.models.encoder import get_shim
from spacy_luke.models.typing import ask
from spacy_luke.training.readers.gold_mentions import GoldMentions
from spacy_luke.training.type_targets import gold_types

from ..tiny import encoder_config, ner_config
from .test_ner import ODD

# Mentions and their types.
TRAIN = [
    ("Tokyo is the capital of Japan", [(0, 5, "place city"), (24, 29, "place country")]),
    ("John Smith lives in Kyoto", [(0, 10, "person"), (20, 25, "place city")]),
    ("The capital is old", [(4, 11, "")]),
]
TRAIN_JA = [
    ("東京は日本の首都です。", [(0, 2, "place city"), (3, 5, "place country")]),
    ("山田さんは京都駅に行った。", [(0, 2, "person"), (5, 7, "place")]),
]


def doc_of(nlp, text, mentions, key="luke_typing") -> Doc:
    """A gold Doc."""
    doc = nlp.make_doc(text)
    set_types(doc, [(doc.char_span(start, end), labels.split()) for start, end, labels in mentions], types_key=key)
    return doc


def with_mentions(nlp, text, mentions) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(start, end, "ENTITY") for start, end, *_ in mentions]
    return doc


def examples_of(nlp, data, **settings):
    return [Example(with_mentions(nlp, *row), doc_of(nlp, *row, **settings)) for row in data]


def config_of(path, **settings) -> dict:
    return {"model": {"@architectures": "spacy_luke.LukeTyping.v1", "encoder": encoder_config(path)}, **settings}


def make(path, lang="en", data=TRAIN, **config):
    """An initialized pipeline and its training Examples."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank(lang)
    nlp.add_pipe("luke_typing", config=config_of(path, **config))
    examples = examples_of(nlp, data)
    nlp.initialize(lambda: examples)
    return nlp, examples


def adamw():
    return spacy.registry.get("optimizers", "spacy_luke.AdamW.v1")(0.003, 0.02)


def train(nlp, examples, steps=40, optimizer=None, **settings):
    optimizer = optimizer or adamw()
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer, **settings)
    return losses


def _trained(path, **settings):
    nlp, examples = make(path, **settings)
    assert train(nlp, examples)["luke_typing"] < 0.05
    return nlp


@pytest.fixture(scope="module")
def trained(xlmr):
    return _trained(xlmr)


def types(doc, key="luke_typing"):
    """Mention in characters -> type -> score."""
    found: dict = {}
    for span, score in zip(doc.spans[key], doc.spans[key].attrs["scores"], strict=True):
        found.setdefault((span.start_char, span.end_char), {})[span.label_] = score
    return found


def labels(doc):
    return {borders: set(scores) for borders, scores in types(doc).items()}


def gold(mentions):
    return {(start, end): set(names.split()) for start, end, names in mentions if names}


def assert_same(a, b, tolerance=1e-5):
    a, b = types(a), types(b)
    assert {k: list(v) for k, v in a.items()} == {k: list(v) for k, v in b.items()}
    for borders in a:
        assert a[borders] == pytest.approx(b[borders], abs=tolerance)


def assert_right(nlp, data=TRAIN):
    for text, mentions in data:
        assert labels(nlp(with_mentions(nlp, text, mentions))) == gold(mentions), text


# --- what every pipe has to stand ----------------------------------------------------------------


def test_overfits(trained):
    assert_right(trained)
    scores = trained.evaluate(examples_of(trained, TRAIN))
    assert scores["types_micro_f"] == scores["types_macro_f"] == scores["types_strict_f"] == 1.0
    assert set(scores["types_per_type"]) == {"place", "city", "country", "person"}


def test_overfits_japanese_sudachi_words(xlmr):
    pytest.importorskip("sudachipy", reason="Japanese words need spacy-luke[ja]")
    nlp = _trained(xlmr, lang="ja", data=TRAIN_JA)
    assert_right(nlp, TRAIN_JA)


def test_saved_and_loaded_into_another_pipeline(trained, xlmr, xlmr_24, tmp_path):
    trained.to_disk(tmp_path / "model")
    # started from another encoder, other types and thresholds, then overwritten
    other, _ = make(xlmr_24, data=[("a b", [(0, 1, "X Y"), (2, 3, "Z W")])], threshold=0.9)
    for loaded in (
        spacy.load(tmp_path / "model"),
        other.from_disk(tmp_path / "model"),
        spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes()),
    ):
        assert loaded.get_pipe("luke_typing").labels == ("place", "city", "country", "person")
        for row in TRAIN:
            assert_same(loaded(with_mentions(loaded, *row)), trained(with_mentions(trained, *row)), 1e-6)


def test_a_saved_pipeline_needs_no_checkpoint(trained):
    config = trained.config.copy()
    config["components"]["luke_typing"]["model"]["encoder"]["name"] = "no/such-checkpoint"
    loaded = spacy.blank("en").from_config(config).from_bytes(trained.to_bytes())
    assert_right(loaded)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(trained, text):
    """Every word an entity, then the first and the last together."""
    doc = trained.make_doc(text)
    doc.ents = [Span(doc, i, i + 1, "X") for i in range(0, len(doc), max(1, len(doc) // 10)) if not doc[i].is_space]
    found = trained(doc)
    assert {(s.start, s.end) for s in found.spans["luke_typing"]} <= {(e.start, e.end) for e in found.ents}
    assert all(0.5 <= score <= 1 for score in found.spans["luke_typing"].attrs["scores"])
    pipe = trained.get_pipe("luke_typing")
    assert numpy.isfinite(pipe.update([Example(trained.make_doc(text), found)])["luke_typing"])
    pipe.finish_update(lambda key, weights, gradient, **_: (weights, gradient * 0))  # trains nothing


def test_docs_without_entities(trained):
    for doc in (trained("Tokyo is old"), trained(""), trained("Tokyo")):
        assert list(doc.spans["luke_typing"]) == [] and doc.spans["luke_typing"].attrs["scores"] == []


def test_a_doc_longer_than_the_model(xlmr_24):
    """Each mention is asked in the window around it: 24 pieces of some 150."""
    text, mentions = "", []
    for part, found in TRAIN * 2:
        mentions += [(len(text) + a, len(text) + b, names) for a, b, names in found]
        text += part + (" and " if len(mentions) > 5 else " or so ")
    nlp, examples = make(xlmr_24, data=[(text, mentions)])
    train(nlp, examples, 80)
    assert_right(nlp, [(text, mentions)])
    assert len(nlp.get_pipe("luke_typing").predict([with_mentions(nlp, text, mentions)]).mentions[0]) == 10


def test_neighbours_change_nothing(trained):
    docs = [with_mentions(trained, *row) for row in TRAIN] + [trained.make_doc(text) for text in ODD[:6]]
    docs[3].ents = []
    docs[4].ents = [Span(docs[4], 0, 1, "X")]
    alone = [trained(doc.copy()) for doc in docs]
    for together in (
        list(trained.pipe([doc.copy() for doc in docs])),
        list(trained.pipe([doc.copy() for doc in docs[::-1]]))[::-1],
        list(trained.pipe([doc.copy() for doc in docs], batch_size=2)),
    ):
        for a, b in zip(alone, together, strict=True):
            assert_same(a, b)


def test_few_scores_at_once(trained, monkeypatch):
    """A Doc whose mentions do not fit one chunk."""
    docs = [with_mentions(trained, *row) for row in TRAIN]
    expected = [trained(doc.copy()) for doc in docs]
    for limit in (1, 8, 12):
        monkeypatch.setattr("spacy_luke.pipeline.entity_typing.MAX_SCORES", limit)
        for a, b in zip(trained.pipe([doc.copy() for doc in docs]), expected):
            assert_same(a, b)


def test_two_processes(trained):
    docs = [with_mentions(trained, *row) for row in TRAIN] * 2
    expected = [trained(doc.copy()) for doc in docs]
    for a, b in zip(expected, trained.pipe(docs, n_process=2, batch_size=2), strict=True):
        assert_same(a, b)
        assert [e._.luke_types for e in a.ents] == [pytest.approx(e._.luke_types) for e in b.ents]


def test_results_survive_docbin_and_bytes(trained):
    doc = trained(with_mentions(trained, *TRAIN[1]))
    binned = next(DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(trained.vocab))
    for copy in (binned, Doc(trained.vocab).from_bytes(doc.to_bytes()), doc.copy()):
        assert_same(copy, doc, 0.0)
        assert [ent._.luke_types for ent in copy.ents] == [ent._.luke_types for ent in doc.ents]


def test_types_of_a_span(trained):
    doc = trained(with_mentions(trained, *TRAIN[0]))
    tokyo, japan = doc.ents
    assert set(tokyo._.luke_types) == {"place", "city"} and doc[1:2]._.luke_types == {}
    assert list(tokyo._.luke_types.values()) == sorted(tokyo._.luke_types.values(), reverse=True)
    assert get_types(japan, "other") == {}


def test_pipes_pickle(trained):
    pipe = pickle.loads(pickle.dumps(trained.get_pipe("luke_typing")))
    doc = with_mentions(trained, *TRAIN[0])
    a, b = (p.predict([doc]) for p in (pipe, trained.get_pipe("luke_typing")))
    assert a.rows.tolist() == b.rows.tolist() and a.types.tolist() == b.types.tolist()
    numpy.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-6)


def test_a_sourced_pipe(trained):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_typing", source=trained)
    assert_right(nlp)


def test_docs_without_annotation_train_nothing(xlmr):
    nlp, examples = make(xlmr)
    pipe = nlp.get_pipe("luke_typing")

    def weights():
        return pipe.model.get_ref("output_layer").get_param("W").tobytes(), get_shim(pipe.model.get_ref("encoder")).to_bytes()

    before = weights()
    unknown = Example(with_mentions(nlp, *TRAIN[0]), with_mentions(nlp, *TRAIN[0]))  # entities, and no types
    empty = Example(with_mentions(nlp, *TRAIN[0]), doc_of(nlp, TRAIN[0][0], []))
    assert nlp.update([unknown, empty], sgd=adamw()) == {"luke_typing": 0.0} and weights() == before
    assert nlp.update([unknown, *examples], sgd=adamw())["luke_typing"] > 0
    assert all(a != b for a, b in zip(weights(), before))


def test_an_entity_that_is_not_annotated_trains_nothing(xlmr):
    """Two entities, one with types: the loss is that of the one alone."""
    nlp, _ = make(xlmr)
    pipe = nlp.get_pipe("luke_typing")
    text, mentions = TRAIN[0]
    one = Example(with_mentions(nlp, text, mentions), doc_of(nlp, text, mentions[:1]))
    assert [len(spans) for spans in pipe._gold([one])[0]] == [1]
    both = Example(with_mentions(nlp, text, mentions), doc_of(nlp, text, [mentions[0], (24, 29, "")]))
    assert [len(spans) for spans in pipe._gold([both])[0]] == [2]
    assert pipe.update([one])["luke_typing"] != pytest.approx(pipe.update([both])["luke_typing"], rel=1e-3)


def test_misaligned_gold(xlmr):
    nlp, _ = make(xlmr)
    reference = Doc(nlp.vocab, words=["To", "kyo", "is", "old"], spaces=[False, True, True, False])
    set_types(reference, [(reference[0:1], ["city"]), (reference[0:2], ["place"]), (reference[3:4], ["person"])])
    example = Example(nlp.make_doc("Tokyo is old"), reference)
    mentions, rows, columns = nlp.get_pipe("luke_typing")._gold([example])
    assert mentions[0].tolist() == [[0, 1], [2, 3]]
    assert list(zip(rows.tolist(), columns.tolist())) == [(0, 0), (1, 3)]


def test_empty_docs_and_batches(trained, xlmr):
    nlp, examples = make(xlmr, data=[*TRAIN, ("", []), ("  ", [])])
    assert train(nlp, examples, 2)["luke_typing"] > 0
    assert nlp.update(examples[3:], sgd=adamw()) == {"luke_typing": 0.0}
    pipe = trained.get_pipe("luke_typing")
    assert pipe.update([]) == {"luke_typing": 0.0}
    assert pipe.predict([]).mentions == []


def test_the_loss_by_hand(xlmr):
    """Binary cross-entropy of every type, added up, the mean over the mentions that can be asked: the second has
    no piece, the tokenizer drops a zero width space."""
    torch = pytest.importorskip("torch")
    nlp, _ = make(xlmr)
    doc = Doc(nlp.vocab, words=["Tokyo", "\u200b", "is"])
    set_types(doc, [(doc[0:1], ["place", "city"]), (doc[1:2], ["person"]), (doc[2:3], [])])
    pipe = nlp.get_pipe("luke_typing")
    mentions, rows, columns = pipe._gold([Example(doc.copy(), doc)])
    scores, _ = pipe.model.begin_update(([doc], mentions))
    loss, d_scores = pipe.get_loss((rows, columns), scores)
    asked = torch.tensor(scores[[0, 2]], requires_grad=True)
    targets = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0] * 4])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(asked, targets, reduction="sum") / 2
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    numpy.testing.assert_allclose(d_scores[[0, 2]], asked.grad, atol=1e-6)
    assert not d_scores[1].any()


def test_accumulated_batches_give_the_mean_gradient(xlmr):
    def gradients(batches):
        nlp, examples = make(xlmr)
        pipe, seen = nlp.get_pipe("luke_typing"), {}
        for batch in batches:
            pipe.update([examples[i] for i in batch], drop=0.0)
        pipe.finish_update(lambda key, weights, gradient, **_: (weights, seen.setdefault(key[1], gradient.copy())))
        return seen

    one, two, both = gradients([[0]]), gradients([[1]]), gradients([[0], [1]])
    assert len(both) > 20
    for name, gradient in both.items():
        numpy.testing.assert_allclose(gradient, (one[name] + two[name]) / 2, atol=1e-6)


def test_dropout(xlmr):
    nlp, examples = make(xlmr)
    pipe = nlp.get_pipe("luke_typing")
    same = [pipe.update(examples, drop=0.0)["luke_typing"] for _ in range(2)]
    other = [pipe.update(examples, drop=0.5)["luke_typing"] for _ in range(2)]
    assert same[0] == pytest.approx(same[1]) and other[0] != pytest.approx(other[1])


# --- types ---------------------------------------------------------------------------------------


def test_a_new_type_for_a_trained_pipe(xlmr):
    nlp = _trained(xlmr)
    before = [nlp(with_mentions(nlp, *row)) for row in TRAIN]
    pipe = nlp.get_pipe("luke_typing")
    assert pipe.add_label("person") == 0 and pipe.add_label("day") == 1 and pipe.add_label("day") == 0
    for doc, row in zip(before, TRAIN):
        assert_same(nlp(with_mentions(nlp, *row)), doc)
    data = [*TRAIN, ("He came on Monday", [(11, 17, "day")])]
    train(nlp, examples_of(nlp, data))
    assert_right(nlp, data)
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert_right(again, data)
    assert again.get_pipe("luke_typing").add_label("more") == 1


def test_a_new_type_goes_on_with_the_same_optimizer(xlmr):
    nlp = _trained(xlmr)
    optimizer = adamw()
    train(nlp, examples_of(nlp, TRAIN), 1, optimizer)
    nlp.get_pipe("luke_typing").add_label("day")
    data = [*TRAIN, ("He came on Monday", [(11, 17, "day")])]
    train(nlp, examples_of(nlp, data), 60, optimizer)
    assert_right(nlp, data)


def test_labels_are_checked(xlmr):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_typing", config=config_of(xlmr))
    for bad in ("", 3, None):
        with pytest.raises(ValueError, match="LK501"):
            pipe.add_label(bad)
    with pytest.raises(ValueError, match="LK542.*set_types"):
        nlp.initialize(lambda: [Example(nlp.make_doc("a"), nlp.make_doc("a"))])


def test_types_given_at_initialize_and_unknown_gold(xlmr):
    """Gold of a type that the pipe does not know trains nothing, and is counted."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_typing", config=config_of(xlmr))
    examples = examples_of(nlp, TRAIN)
    with pytest.warns(UserWarning, match=r"LKW530.*3 of 7 gold types \(42\.9%\) are of 2 types.*'city', 'country'"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["person", "place"])
    assert pipe.label_data == ["person", "place"] and pipe.model.get_dim("nO") == 2
    _, rows, columns = pipe._gold(examples)
    assert list(zip(rows.tolist(), columns.tolist())) == [(0, 1), (1, 1), (2, 0), (3, 1)]
    train(nlp, examples)
    scores = nlp.evaluate(examples)
    assert scores["types_micro_p"] == 1.0 and scores["types_micro_r"] == 4 / 7


def test_gold_mentions_that_cannot_be_asked_are_counted(xlmr_24):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_typing", config=config_of(xlmr_24))
    reference = Doc(nlp.vocab, words=["old"] * 50 + ["\u200b", "To", "kyo"], spaces=[True] * 51 + [False, False])
    spans = [reference[0:30], reference[50:51], reference[51:52], reference[51:53]]
    set_types(reference, [(span, ["place"]) for span in spans])
    with pytest.warns(UserWarning, match=r"LKW531.*3 of 4 gold mentions \(75\.0%\).*'To'"):
        nlp.initialize(lambda: [Example(nlp.make_doc(reference.text), reference)])


def test_types_begin_with_their_frequency(xlmr):
    nlp, _ = make(xlmr)
    bias = nlp.get_pipe("luke_typing").model.get_ref("output_layer").get_param("b")
    # place 3 of 5 mentions, city 2, country 1, person 1: 7/5 each; with one more mention, 7/20 of each type
    p = numpy.asarray([3.35, 2.35, 1.35, 1.35]) / 6
    numpy.testing.assert_allclose(bias, numpy.log(p / (1 - p)), rtol=1e-5)


def test_a_type_of_every_mention_can_be_unlearnt(xlmr):
    nlp, _ = make(xlmr, data=[("Tokyo is old", [(0, 5, "place")])])
    [bias] = nlp.get_pipe("luke_typing").model.get_ref("output_layer").get_param("b")
    assert 0 < bias < 3


def test_thousands_of_types(xlmr):
    """UFET has 10,331. Few are gold, so nearly nothing is kept of the scores."""
    names = [f"type{i}" for i in range(10_331)]
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("luke_typing", config=config_of(xlmr))
    data = [(text, [(a, b, f"type{a} type{b} type10330") for a, b, _ in found]) for text, found in TRAIN]
    examples = examples_of(nlp, data)
    pipe.initialize(lambda: examples, nlp=nlp, labels=names)
    assert pipe.model.get_dim("nO") == 10_331
    losses = [train(nlp, examples, 1)["luke_typing"] for _ in range(2)]
    assert losses[0] < 50  # a type begins with its frequency; with 1/2 it would be 10,331 log 2
    train(nlp, examples, 40)
    assert_right(nlp, data)
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert_right(again, data)


# --- thresholds ----------------------------------------------------------------------------------


def test_thresholds(trained):
    pipe = trained.get_pipe("luke_typing")
    doc = with_mentions(trained, *TRAIN[0])
    every = pipe.cfg["threshold"], pipe.cfg["thresholds"]
    try:
        pipe.cfg.update(threshold=1e-6)
        low = types(trained(doc.copy()))
        assert set(low) == {(0, 5), (24, 29)} and all(len(found) == 4 for found in low.values())
        pipe.cfg.update(threshold=0.5, thresholds={"place": 1.0, "person": 1e-6})
        assert labels(trained(doc.copy())) == {(0, 5): {"city", "person"}, (24, 29): {"country", "person"}}
    finally:
        pipe.cfg.update(threshold=every[0], thresholds=every[1])


@pytest.mark.parametrize("bad", [{"threshold": 0.0}, {"threshold": 1.5}, {"thresholds": {"place": -1.0}}])
def test_thresholds_are_checked(xlmr, bad):
    with pytest.raises(ValueError, match="LK540.*(threshold|place)"):
        spacy.blank("en").add_pipe("luke_typing", config=config_of(xlmr, **bad))


def test_thresholds_of_unknown_types(xlmr):
    with pytest.raises(ValueError, match="LK543.*1 types.*planet"):
        make(xlmr, thresholds={"planet": 0.3, "place": 0.4})


def test_tuned_thresholds_give_the_best_micro_f(xlmr, tmp_path):
    """Of a pipe that has hardly learnt: no threshold does better on the same Examples."""
    nlp, examples = make(xlmr)
    train(nlp, examples, 3)
    pipe = nlp.get_pipe("luke_typing")

    def score(threshold):
        pipe.cfg["threshold"] = threshold
        return nlp.evaluate(examples_of(nlp, TRAIN))["types_micro_f"]

    every = [score(float(t)) for t in numpy.linspace(0.02, 0.98, 49)]
    pipe.tune_thresholds(examples)
    tuned = pipe.cfg["threshold"]
    assert score(tuned) >= max(every) > min(every)
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("luke_typing").cfg["threshold"] == pytest.approx(tuned, abs=1e-8)


def test_tuned_thresholds_of_frequent_types(xlmr):
    nlp, examples = make(xlmr)
    train(nlp, examples, 3)
    pipe = nlp.get_pipe("luke_typing")
    pipe.tune_thresholds(examples * 4, per_label=True)
    assert set(pipe.cfg["thresholds"]) == {"place"}  # 12 gold mentions; of city 8
    scores = nlp.evaluate(examples_of(nlp, TRAIN))["types_per_type"]["place"]
    pipe.tune_thresholds(examples * 4)
    assert pipe.cfg["thresholds"] == {}
    assert scores["f"] >= nlp.evaluate(examples_of(nlp, TRAIN))["types_per_type"]["place"]["f"]


def test_nothing_to_tune_on(trained):
    pipe = trained.get_pipe("luke_typing")
    before = dict(pipe.cfg)
    for examples in ([], [Example(trained.make_doc("a"), trained.make_doc("a"))]):
        with pytest.warns(UserWarning, match="LKW532"):
            pipe.tune_thresholds(examples)
    assert pipe.cfg == before


# --- hierarchies ---------------------------------------------------------------------------------

LEAVES = [
    ("Tokyo is the capital of Japan", [(0, 5, "/place/city"), (24, 29, "/place")]),
    ("John Smith lives in Kyoto", [(0, 10, "/person/artist/poet"), (20, 25, "/place/city")]),
]


def test_types_imply_their_parents(xlmr):
    nlp = _trained(xlmr, data=LEAVES, hierarchy="/")
    pipe = nlp.get_pipe("luke_typing")
    assert pipe.labels == ("/place", "/place/city", "/person", "/person/artist", "/person/artist/poet")
    doc = nlp(with_mentions(nlp, *LEAVES[1]))
    assert labels(doc) == {(0, 10): {"/person", "/person/artist", "/person/artist/poet"}, (20, 25): {"/place", "/place/city"}}
    # a parent is found with the child, whatever its own threshold, and is at least as sure
    pipe.cfg["thresholds"] = {"/person": 1.0, "/place": 1.0}
    other = nlp(with_mentions(nlp, *LEAVES[1]))
    assert labels(other) == labels(doc)
    assert types(other)[0, 10]["/person"] >= types(other)[0, 10]["/person/artist/poet"]
    assert labels(nlp(with_mentions(nlp, *LEAVES[0]))) == {(0, 5): {"/place", "/place/city"}}
    assert nlp.evaluate(examples_of(nlp, LEAVES))["types_micro_p"] == 1.0  # gold has the leaves only
    assert pipe.add_label("/event/war") == 1 and pipe.labels[-2:] == ("/event", "/event/war")


def test_thresholds_tuned_with_parents(xlmr):
    """The gold that is counted has the parents too: no threshold does better."""
    nlp, examples = make(xlmr, data=LEAVES, hierarchy="/")
    train(nlp, examples, 2)
    pipe = nlp.get_pipe("luke_typing")

    def score(threshold):
        pipe.cfg["threshold"] = threshold
        return nlp.evaluate(examples_of(nlp, LEAVES))["types_micro_f"]

    every = [score(float(t)) for t in numpy.linspace(0.02, 0.98, 33)]
    pipe.tune_thresholds(examples)
    assert score(pipe.cfg["threshold"]) >= max(every) > min(every)


def test_no_hierarchy_no_parents(xlmr):
    nlp, _ = make(xlmr, data=LEAVES)
    assert nlp.get_pipe("luke_typing").labels == ("/place/city", "/place", "/person/artist/poet")
    with pytest.raises(ValueError, match="LK541"):
        spacy.blank("en").add_pipe("luke_typing", config=config_of(xlmr, hierarchy=""))


# --- where mentions come from --------------------------------------------------------------------


def test_overlapping_mentions_of_a_span_group(xlmr):
    nlp, _ = make(xlmr, spans_key="mentions")
    text, overlapping = "John Smith lives in Kyoto", [(0, 10, "person"), (5, 10, "place"), (0, 25, "city"), (5, 10, "place")]
    examples = examples_of(nlp, [(text, [])])
    set_types(examples[0].reference, [(examples[0].reference.char_span(a, b), [name]) for a, b, name in overlapping])
    train(nlp, examples, 60)
    doc = nlp.make_doc(text)
    doc.spans["mentions"] = [doc.char_span(a, b) for a, b, _ in overlapping]
    assert labels(nlp(doc)) == gold(overlapping)
    assert len(doc.spans["luke_typing"]) == 3  # the same mention twice is asked once
    assert list(nlp("Tokyo").spans["luke_typing"]) == []


def test_spans_without_words_are_no_mentions(xlmr):
    nlp, _ = make(xlmr, spans_key="mine", threshold=1e-6)
    doc = nlp.make_doc("Tokyo is old")
    doc.spans["mine"] = [Span(doc, 0, 0, label="X"), Span(doc, 2, 2, label="X"), Span(doc, 0, 1, label="X")]
    assert {(span.start, span.end) for span in nlp(doc).spans["luke_typing"]} == {(0, 1)}


def test_mentions_in_the_group_of_gold_types(xlmr):
    """A corpus without entities: the reader puts the mentions there, the pipe takes them away and writes types."""
    nlp, examples = make(xlmr, spans_key="luke_typing")
    train(nlp, examples)
    given = GoldMentions(lambda _: [Example(nlp.make_doc(eg.text), eg.reference) for eg in examples], "luke_typing")
    scores = nlp.evaluate(list(given(nlp)))
    assert scores["types_strict_f"] == scores["types_micro_p"] == 1.0


def test_types_under_another_key(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_typing", config=config_of(xlmr, types_key="other"))
    examples = examples_of(nlp, TRAIN, key="other")
    nlp.initialize(lambda: examples)
    train(nlp, examples)
    doc = nlp(with_mentions(nlp, *TRAIN[0]))
    assert set(get_types(doc.ents[0], "other")) == {"place", "city"} and "luke_typing" not in doc.spans
    assert nlp.evaluate(examples)["types_micro_f"] == 1.0


def test_the_text_of_a_marker_is_text(xlmr):
    """A text with "<ent>" in it is not one with a marked mention: ids of markers stand around the mention only."""
    nlp, _ = make(xlmr)
    text = "A <ent> Tokyo <ent> and <ent2> and [MASK] </s> <mask>"
    start = text.index("Tokyo")
    doc = with_mentions(nlp, text, [(start, start + 5)])
    pipe = nlp.get_pipe("luke_typing")
    [question] = ask(pipe.model, [doc], pipe.predict([doc]).mentions).questions
    tokenizer = get_shim(pipe.model.get_ref("encoder")).tokenizer
    first, last = question.slot_spans[0]
    ids = question.piece_ids.tolist()
    assert [i for i, piece in enumerate(ids) if piece == tokenizer.ent] == [first, last - 1]
    assert tokenizer.ent2 not in ids and ids.count(tokenizer.sep) == 1
    train(nlp, [Example(nlp.make_doc(text), doc_of(nlp, text, [(start, start + 5, "city")]))], 40)
    assert labels(nlp(doc)) == {(start, start + 5): {"city"}}


def test_behind_luke_ner_and_with_one_encoder(xlmr, tmp_path):
    """luke_ner finds what luke_typing types; both listen to one encoder, each with its own question."""
    spacy.util.fix_random_seed(0)
    listener = {"@architectures": "spacy_luke.LukeListener.v1"}
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(xlmr)})
    nlp.add_pipe("luke_ner", config=ner_config("", model={"encoder": listener}))
    config = {"model": {"@architectures": "spacy_luke.LukeTyping.v1", "encoder": listener}}
    nlp.add_pipe("luke_typing", config=config)
    examples = [Example(nlp.make_doc(eg.text), eg.reference) for eg in examples_of(nlp, TRAIN)]
    for eg, (_, mentions) in zip(examples, TRAIN):
        eg.reference.ents = [eg.reference.char_span(a, b, "NAME") for a, b, names in mentions if names]
    nlp.initialize(lambda: examples)
    before = nlp.get_pipe("luke").model.shims[0].to_bytes()
    losses = train(nlp, examples, 60)
    assert max(losses["luke_ner"], losses["luke_typing"]) < 0.05
    assert nlp.get_pipe("luke").model.shims[0].to_bytes() != before
    nlp.to_disk(tmp_path)
    assert (tmp_path / "luke_typing" / "model").stat().st_size < 5_000
    for loaded in (nlp, spacy.load(tmp_path)):
        for text, mentions in TRAIN:
            assert labels(loaded(text)) == gold(mentions)
    nlp.replace_listeners("luke", "luke_typing", ["model.encoder"])
    assert labels(nlp(TRAIN[0][0])) == gold(TRAIN[0][1])


def test_a_frozen_encoder_stays(xlmr):
    listener = {"@architectures": "spacy_luke.LukeListener.v1"}
    nlp = spacy.blank("en")
    nlp.add_pipe("luke", config={"model": encoder_config(xlmr)})
    nlp.add_pipe("luke_typing", config={"model": {"@architectures": "spacy_luke.LukeTyping.v1", "encoder": listener}})
    examples = examples_of(nlp, TRAIN)
    nlp.initialize(lambda: examples)
    before = nlp.get_pipe("luke").model.shims[0].to_bytes()
    first = train(nlp, examples, 1, exclude=["luke"])["luke_typing"]
    assert train(nlp, examples, 10, exclude=["luke"])["luke_typing"] < first
    assert nlp.get_pipe("luke").model.shims[0].to_bytes() == before


def test_adding_the_pipe_reads_no_checkpoint():
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_typing")
    assert len(nlp("Tokyo")) == 1  # nothing to ask
    with pytest.raises(ValueError, match="LK401"):
        nlp(with_mentions(nlp, "Tokyo", [(0, 5)]))


def test_set_types_and_gold():
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Tokyo is old")
    set_types(doc, [(doc[0:1], {"city": 0.25, "place": 0.5}), (doc[2:3], [])])
    assert doc[0:1]._.luke_types == {"place": 0.5, "city": 0.25} and doc[2:3]._.luke_types == {}
    assert list(doc[0:1]._.luke_types) == ["place", "city"]
    assert [m.types for m in gold_types(Example(doc, doc), "luke_typing")] == [["city", "place"], []]
    with pytest.raises(ValueError, match="LK263"):
        set_types(doc, [(nlp.make_doc("a")[0:1], ["x"])])
