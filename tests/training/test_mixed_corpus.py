"""A corpus for each task: what is left of the gold, in which order, and what trains."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config

from spacy_luke.annotations import get_relations
from spacy_luke.scorers import score_linker
from spacy_luke.training.gradients import drop_gradients
from spacy_luke.training.link_targets import gold_links
from spacy_luke.training.readers.mixed_corpus import build_mixed_corpus_reader_v1
from spacy_luke.training.task_gold import TASKS, gold_keys, has_gold, keep_gold

from ..joint import PIPES, TRAIN, examples_of, gold_doc, joint
from ..tiny import encoder_config

NLP = spacy.blank("en")
KEYS = gold_keys(NLP)


def _has(doc: Doc) -> set[str]:
    return {task for task in TASKS if has_gold(doc, task, KEYS)}


def _plain(doc: Doc) -> tuple:
    return doc.to_bytes(exclude=["user_data"]), [list(map(str, group)) for group in doc.spans.values()]


@pytest.mark.parametrize("tasks", [[], ["ner"], ["linker"], ["relations"], ["typing"], ["ner", "typing"], [*TASKS]])
def test_only_the_gold_of_its_tasks_is_left(tasks):
    doc = gold_doc(NLP, *TRAIN[1])
    before = _plain(doc)
    kept = keep_gold(doc, tasks, KEYS)
    assert _has(doc) == set(TASKS) and _has(kept) == set(tasks)
    assert _plain(doc) == before, "the Doc of the corpus is not touched"
    ents = [(e.start, e.end, e.label_) for e in doc.ents]
    assert [(e.start, e.end, e.label_) for e in kept.ents] == (ents if "ner" in tasks else [])
    assert {token.ent_iob for token in kept} == ({2, 3, 1} if "ner" in tasks else {0})
    links = [(link.mention.start, link.entity) for link in gold_links(Example(NLP.make_doc(doc.text), kept))]
    gold = [(e.start, e.kb_id_) for e in doc.ents]
    expected = {(True, True): gold, (True, False): gold, (False, True): [(start, "") for start, _ in gold]}
    assert links == expected.get(("linker" in tasks, "ner" in tasks), [])
    assert [r.label for r in get_relations(kept)] == (["saw"] if "relations" in tasks else [])
    related = [(e.start, e.end, e.label_) for e in kept.spans.get("luke_relations", ())]
    assert related == (ents if "relations" in tasks else [])
    assert ("luke_typing" in kept.spans) == ("typing" in tasks)


def test_words_without_annotation_stay_so():
    doc = gold_doc(NLP, *TRAIN[0])
    doc.set_ents([], missing=[doc[1:2]], default="unmodified")
    assert keep_gold(doc, ["ner"], KEYS)[1].ent_iob == 0 and keep_gold(doc, ["ner"], KEYS)[2].ent_iob == 2


def test_gold_where_the_pipes_of_a_pipeline_have_it(xlmr):
    nlp = spacy.blank("en")
    for task, setting in (("relations", "spans_key"), ("typing", "types_key"), ("linker", "spans_key")):
        nlp.add_pipe(PIPES[task], config={"model": {"encoder": encoder_config(xlmr)}, setting: f"my_{task}"})
    doc = gold_doc(nlp, *TRAIN[0])
    for task in ("relations", "typing"):
        doc.spans[f"my_{task}"] = list(doc.spans.pop(f"luke_{task}"))
    doc.spans["my_linker"] = list(doc.ents)
    kept = keep_gold(doc, ["ner"], gold_keys(nlp))
    assert list(kept.spans) == ["my_linker"] and [s.kb_id_ for s in kept.spans["my_linker"]] == ["", ""]
    kept = keep_gold(doc, ["linker"], gold_keys(nlp))
    assert [s.kb_id_ for s in kept.spans["my_linker"]] == ["Q1", "Q3"]


def _reader(prefix: str, n: int, seen: list | None = None):
    def read(nlp):
        for i in range(n):
            if seen is not None:
                seen.append(i)
            yield Example(nlp.make_doc(f"{prefix} {i}"), gold_doc(nlp, f"{prefix} {i}", [(0, 1, "X", "Q1", "t")], []))

    return read


def _names(reader) -> list[str]:
    return [example.reference.text for example in reader(NLP)]


def test_each_doc_once_in_proportion_and_in_order():
    corpora = {"a": _reader("a", 60), "b": _reader("b", 20), "c": _reader("c", 4)}
    reader = build_mixed_corpus_reader_v1(corpora, dict.fromkeys(corpora, ["ner"]))
    names = _names(reader)
    assert Counter(names) == Counter([f"{k} {i}" for k, n in (("a", 60), ("b", 20), ("c", 4)) for i in range(n)])
    assert names == _names(reader) and names == _names(build_mixed_corpus_reader_v1(corpora, reader.tasks))
    assert names != _names(build_mixed_corpus_reader_v1(corpora, reader.tasks, seed=1))
    for prefix in corpora:  # a corpus stays in its order
        own = [int(name[2:]) for name in names if name[0] == prefix]
        assert own == sorted(own)
    for start in range(0, 84 - 21, 7):  # 21 of 84: a quarter of each, one more or less
        counts = Counter(name[0] for name in names[start : start + 21])
        assert abs(counts["a"] - 15) <= 1 and abs(counts["b"] - 5) <= 1 and abs(counts["c"] - 1) <= 1


def test_an_empty_corpus_and_one_without_gold():
    corpora = {"a": _reader("a", 2), "b": _reader("b", 0)}
    with pytest.warns(UserWarning, match="LKW504.*'b'.*ner.*0 Docs"):
        assert len(_names(build_mixed_corpus_reader_v1(corpora, {"a": ["ner", "typing"], "b": ["ner"]}))) == 2

    def bare(nlp):
        yield Example(nlp.make_doc("a"), nlp.make_doc("a"))

    for task in TASKS:
        with pytest.warns(UserWarning, match=f"LKW504.*'a'.*{task}"):
            _names(build_mixed_corpus_reader_v1({"a": bare}, {"a": [task]}))


def test_bad_settings():
    for corpora, tasks in (
        ({}, {}),
        ({"a": _reader("a", 1)}, {}),
        ({"a": _reader("a", 1)}, {"a": []}),
        ({"a": _reader("a", 1)}, {"a": ["ner"], "b": ["ner"]}),
    ):
        with pytest.raises(ValueError, match="LK506"):
            build_mixed_corpus_reader_v1(corpora, tasks)
    with pytest.raises(ValueError, match="LK507.*'nel'.*ner, linker, relations, typing"):
        build_mixed_corpus_reader_v1({"a": _reader("a", 1)}, {"a": ["nel"]})


def test_it_comes_out_of_a_config(tmp_path):
    docs = [gold_doc(NLP, *row) for row in TRAIN]
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    config = Config().from_str(f"""
    [train]
    @readers = "spacy_luke.MixedCorpus.v1"

    [train.tasks]
    a = ["ner", "linker"]
    b = ["relations"]

    [train.corpora]

    [train.corpora.a]
    @readers = "spacy.Corpus.v1"
    path = "{tmp_path}/a.spacy"
    gold_preproc = false

    [train.corpora.b]
    @readers = "spacy.Corpus.v1"
    path = "{tmp_path}/a.spacy"
    gold_preproc = false
    """)
    examples = list(registry.resolve(config)["train"](NLP))
    assert Counter(frozenset(_has(eg.reference)) for eg in examples) == {
        frozenset({"ner", "linker"}): 2,
        frozenset({"relations"}): 2,
    }
    assert all(not eg.predicted.ents and len(eg.predicted) == len(eg.reference) for eg in examples)


@pytest.mark.parametrize("task, name", PIPES.items())
def test_docs_without_gold_do_not_train_a_task(xlmr, task, name):
    """By MixedCorpus, through one encoder: no loss, no gradient of its own, and none of the encoder's is its."""
    nlp, _ = joint(xlmr)
    rest = [other for other in TASKS if other != task]
    for tasks, trains in (([task], {task}), (rest, set(rest))):
        reader = build_mixed_corpus_reader_v1({"a": examples_of}, {"a": tasks})
        nlp.update(list(reader(nlp)), sgd=False, losses=(losses := {}))
        assert {t for t in TASKS if losses[PIPES[t]] > 0} == trains
        assert {t for t in TASKS if _own_gradients(nlp.get_pipe(PIPES[t]))} == trains
        assert _encoder_gradients(nlp)
        _clear(nlp)
    reader = build_mixed_corpus_reader_v1({"a": examples_of}, {"a": rest})
    nlp.update(list(reader(nlp)), sgd=False, exclude=[PIPES[other] for other in rest])
    assert not _encoder_gradients(nlp)


def test_batches_of_both_train_what_each_has(xlmr):
    """The gold Docs of a task in a mixed batch give the loss that they give alone."""
    nlp, _ = joint(xlmr)
    first, second = (
        build_mixed_corpus_reader_v1({"a": lambda nlp, row=row: examples_of(nlp, [row])}, {"a": [task]})
        for row, task in zip(TRAIN, ("typing", "relations"))
    )
    mixed: dict[str, float] = {}
    alone: dict[str, float] = {}
    nlp.update([*first(nlp), *second(nlp)], sgd=False, losses=mixed)
    nlp.update(list(first(nlp)), sgd=False, losses=alone)
    assert mixed["luke_typing"] == pytest.approx(alone["luke_typing"], rel=1e-4)
    assert mixed["luke_relations"] > 0 and mixed["luke_ner"] == mixed["luke_linker"] == 0


def test_scores_leave_out_what_has_no_gold(xlmr):
    nlp, _ = joint(xlmr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        readers = {task: build_mixed_corpus_reader_v1({"a": examples_of}, {"a": [task]}) for task in TASKS}
        scores = {task: nlp.evaluate(list(reader(nlp))) for task, reader in readers.items()}
    keys = {"ner": "ents_f", "linker": "nel_micro_f", "relations": "rel_micro_f", "typing": "types_micro_f"}
    for task, found in scores.items():
        assert {other for other, key in keys.items() if found[key] is not None} == {task}


def test_links_are_scored_without_annotated_entities():
    gold = keep_gold(gold_doc(NLP, *TRAIN[0]), ["linker"], KEYS)
    right, wrong = (gold_doc(NLP, *TRAIN[0]) for _ in range(2))
    wrong[0].ent_kb_id_ = "Q2"
    assert score_linker([Example(right, gold)], spans_key="x", alternatives_key="y")["nel_micro_f"] == 1.0
    assert score_linker([Example(wrong, gold)], spans_key="x", alternatives_key="y")["nel_micro_f"] == 0.5


def _own_gradients(pipe) -> bool:
    nodes = pipe.model.walk()
    return any(n.has_grad(key) and numpy.any(n.get_grad(key)) for n in nodes for key in n.param_names)


def _encoder_gradients(nlp) -> bool:
    gradients = [p.grad for p in nlp.get_pipe("luke").model.shims[0].encoder.parameters()]
    return any(gradient is not None and bool(gradient.any()) for gradient in gradients)


def _clear(nlp) -> None:
    for _, pipe in nlp.components:
        drop_gradients(pipe.model)
