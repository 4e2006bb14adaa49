"""What the demo says, without the web."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy

from spacy_luke.demo import Demo
from spacy_luke.demo.kb_search import search_kb

from ..linking import add_linker, memory_kb, spacy_kb
from ..visualize.docs import drawn_doc

ALL = ["entities", "links", "types", "relations"]
MINE = {"id": "mine", "labels": {"en": "Kyoto"}, "description": "Kyoto is a company", "types": ["company"], "count": 3}


def test_about(four):
    about = Demo(four, max_chars=7).about()
    assert about["layers"] == ALL and about["pipes"] == four.pipe_names and about["max_chars"] == 7
    assert (about["mode"], about["entities"], about["can_add"]) == ("global", 4, True)
    about = Demo(spacy.blank("ja")).about()
    assert about["layers"] == ["entities"] and about["entities"] is None and not about["can_add"] and not about["modes"]


def test_all_layers(four):
    found = Demo(four).analyse("Tokyo <b> Japan", ALL)
    assert list(found["pictures"]) == ALL and found["text"] == "Tokyo <b> Japan"
    assert all("Tokyo" in picture and "<b>" not in picture for picture in found["pictures"].values())
    assert sorted((step["start"], step["end"], step["mention"]) for step in found["steps"]) == [
        (0, 5, "Tokyo"),
        (10, 15, "Japan"),
    ]


@pytest.mark.parametrize("off", ALL)
def test_a_layer_that_is_off_is_not_run(four, off, monkeypatch):
    ran = []
    for name in ("luke_linker", "luke_typing", "luke_relations"):
        predict = four.get_pipe(name).predict
        monkeypatch.setattr(
            four.get_pipe(name), "predict", lambda docs, name=name, predict=predict: ran.append(name) or predict(docs)
        )
    found = Demo(four).analyse("Tokyo is in Japan", [layer for layer in ALL if layer != off])
    assert off not in found["pictures"] and len(found["pictures"]) == 3
    pipes = {"links": "luke_linker", "types": "luke_typing", "relations": "luke_relations"}
    assert sorted(ran) == sorted(pipe for layer, pipe in pipes.items() if layer != off)


def test_steps_are_in_the_order_of_confidence(four):
    steps = Demo(four).steps_of(drawn_doc())
    assert [(step["pass"], step["mention"], step["entity"], step["probability"]) for step in steps] == [
        (1, "Kyoto", "ja:京都市", 0.8),
        (2, "Ada", "Q7259", 0.75),
        (None, "Acme", "NIL", 1.0),
    ]
    assert [step["candidates"] for step in steps] == [2, 2, 0]


@pytest.mark.parametrize("mode", ["global", "exact", "local"])
def test_modes(trained, mode):
    demo = Demo(trained)
    steps = demo.analyse("Tokyo Japan Tokyo Japan Tokyo", ["links"], mode)["steps"]
    passes = [step["pass"] for step in steps]
    assert passes == {"exact": [1, 2, 3, 4, 5], "local": [1] * 5}.get(mode, sorted(passes)) and len(steps) == 5
    for one, other in zip(steps, steps[1:]):
        assert one["pass"] < other["pass"] or one["probability"] >= other["probability"]
    assert demo.linker.cfg["mode"] == "global"


def test_the_mode_is_set_back_after_an_error(trained, monkeypatch):
    monkeypatch.setattr(trained.get_pipe("luke_linker"), "predict", lambda docs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Demo(trained).analyse("Tokyo", ["links"], "exact")
    assert trained.get_pipe("luke_linker").cfg["mode"] == "global"


def test_questions_at_once(trained):
    demo = Demo(trained)
    texts = ["Tokyo is the capital of Japan", "Tokyo lazy dog Japan jumps"] * 4
    modes = ["local", "exact"] * 4
    expected = [demo.analyse(text, ["links"], mode)["steps"] for text, mode in zip(texts, modes)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text, mode: demo.analyse(text, ["links"], mode)["steps"], texts, modes))
    assert [[step["entity"] for step in each] for each in found] == [
        [step["entity"] for step in each] for each in expected
    ]
    assert [[step["pass"] for step in each] for each in found] == [[step["pass"] for step in each] for each in expected]


def test_a_new_entity_is_linked_at_once(linking):
    text = "Kyoto is the capital of Japan"
    assert [step["entity"] for step in linking.analyse(text, ["links"])["steps"] if step["mention"] == "Kyoto"] == [
        "NIL"
    ]
    found = linking.add(MINE)
    assert found["entities"] == 5 and found["added"]["labels"] == {"en": "Kyoto"}
    [step] = [step for step in linking.analyse(text, ["links"])["steps"] if step["mention"] == "Kyoto"]
    assert (step["entity"], step["name"], step["candidates"]) == ("mine", "Kyoto", 1)


@pytest.mark.parametrize(
    "entity",
    [
        None,
        [],
        {},
        {"id": 3},
        {"id": "x", "vector": [1.0]},
        {"id": "Q1"},
        {"id": "x", "count": -5},
        {"id": "x", "aliases": [""]},
    ],
)
def test_entities_that_are_refused(linking, entity):
    with pytest.raises(ValueError, match=r"\[LK"):
        linking.add(entity)
    assert linking.about()["entities"] == 4


def test_search(linking):
    def ids(query):
        return [each["id"] for each in linking.search(query)["entities"]]

    assert ids("Tokyo") == ids(" ＴＯＫＹＯ ") == ["Q1", "Q2"]
    assert ids("Q3") == ["Q3"] and ids("nobody") == []
    assert ids("kyo") == ["Q1", "Q2"]  # part of a name
    linking.add({**MINE, "id": "Tokyo"})
    assert ids("Tokyo") == ["Tokyo", "Q1", "Q2"]
    assert linking.search("kyoto")["entities"][0]["description"] == "Kyoto is a company"


@pytest.mark.parametrize("make", [memory_kb, spacy_kb])
def test_search_in_both_kinds_of_knowledge_base(make):
    kb = make(spacy.blank("en").vocab)
    found = search_kb(kb, "tokyo")
    assert [(each["id"], round(each["prior"], 3)) for each in found] == [("Q1", 0.6), ("Q2", 0.4)]
    assert [each["id"] for each in search_kb(kb, "Q4")] == ["Q4"]


def test_a_knowledge_base_of_spacy(xlmr):
    nlp = spacy.blank("en")
    add_linker(nlp, xlmr, kb=spacy_kb, generate_empty_kb={"@misc": "spacy.EmptyKB.v2"})
    demo = Demo(nlp)
    assert not demo.about()["can_add"] and demo.search("Japan")["entities"][0]["id"] == "Q3"
    with pytest.raises(ValueError, match="LK515"):
        demo.add(MINE)


@pytest.mark.parametrize("text", ["", "x" * 101, None, 3])
def test_texts_that_are_refused(linking, text):
    with pytest.raises(ValueError, match="LK737.*1 to 100 characters"):
        linking.analyse(text, ALL)


def test_other_questions_that_are_refused(linking):
    with pytest.raises(ValueError, match="LK737.*entities, links"):
        linking.analyse("a", ["nonsense"])
    with pytest.raises(ValueError, match="LK737.*exact"):
        linking.analyse("a", ALL, "nonsense")
    for query in ("", " ", "x" * 1001, None):
        with pytest.raises(ValueError, match="LK737"):
            linking.search(query)
    for question in (lambda demo: demo.search("a"), lambda demo: demo.add(MINE)):
        with pytest.raises(ValueError, match="LK738"):
            question(Demo(spacy.blank("en")))
