"""luke_linker looks at the labels of mentions: which types of entities have which is counted when it is initialized."""

from __future__ import annotations

import pytest
import spacy

from spacy_luke.kb import MMapKB

from ..linking import add_linker, answers, doc_with, example, links, spacy_kb
from ..tiny import encoder_config

PRIORS = {"Ford": (["firm", "man"], [0.6, 0.4]), "Tokyo": (["city"], [1.0]), "Smith": (["smith"], [1.0])}
TYPES = {"firm": ["company"], "man": ["person"], "city": ["city"], "smith": ["person"]}
TRAIN = [
    ("Smith saw Ford", [(0, 5, "PERSON", "smith"), (10, 14, "ORG", "firm")]),
    ("Ford in Tokyo", [(0, 4, "ORG", "firm"), (8, 13, "LOC", "city")]),
]


def _kb(vocab, types=TYPES):
    kb = MMapKB(vocab, 32)  # without vectors: only prior and label speak
    kb.add_entities([{"id": id, "types": types.get(id, [])} for id in TYPES])
    kb.add_aliases([{"alias": alias, "entities": ids, "priors": priors} for alias, (ids, priors) in PRIORS.items()])
    return kb


def _nlp(path, kb=_kb, **model):
    nlp = spacy.blank("en")
    model = {"encoder": encoder_config(path), **model}
    add_linker(nlp, path, [example(nlp, *each) for each in TRAIN], kb=kb, model=model)
    return nlp


def _link(nlp, label):
    return links(nlp(doc_with(nlp, "Ford came", [(0, 4, label, "")])))[0][1]


def test_a_label_decides_between_candidates(xlmr):
    nlp = _nlp(xlmr)
    assert [_link(nlp, label) for label in ("ORG", "PERSON", "EVENT")] == ["firm", "man", "firm"]


@pytest.mark.parametrize(
    "kb, use_labels",
    [(_kb, False), (lambda vocab: _kb(vocab, {}), True), (lambda vocab: spacy_kb(vocab, list(TYPES), PRIORS), True)],
    ids=["use_labels", "no types", "spaCy's"],
)
def test_otherwise_the_prior_decides(xlmr, kb, use_labels):
    nlp = _nlp(xlmr, kb, use_labels=use_labels)
    assert [_link(nlp, label) for label in ("ORG", "PERSON")] == ["firm", "firm"]


def test_switched_off_nothing_is_counted(xlmr):
    on, off = (_nlp(xlmr, use_labels=use).get_pipe("luke_linker").cfg["label_types"] for use in (True, False))
    assert on["labels"] == {"PERSON": 1, "ORG": 2, "LOC": 1} and off == {"labels": {}, "types": {}}


def test_what_only_the_mention_itself_has_shown_trains_nothing(xlmr):
    """Of labels and types that are seen once, the counts know the right answer, in training only."""
    nlp = spacy.blank("en")
    gold = example(nlp, *TRAIN[1])
    linker = add_linker(nlp, xlmr, [gold], kb=_kb)
    scores = linker.model.get_ref("candidate_scores")
    assert _link(nlp, "ORG") == "firm"
    assert scores.get_param("label")[0] == pytest.approx(1, abs=1e-6)
    assert scores.get_param("prior")[0] != pytest.approx(1, abs=1e-3)  # which was fitted


def test_it_is_saved(xlmr, tmp_path):
    nlp = _nlp(xlmr)
    nlp.to_disk(tmp_path / "disk")
    for other in (spacy.load(tmp_path / "disk"), _nlp(xlmr, lambda vocab: _kb(vocab, {})).from_bytes(nlp.to_bytes())):
        assert _link(other, "PERSON") == "man"
        expected, found = (answers(n(doc_with(n, "Ford came", [(0, 4, "ORG", "")]))) for n in (nlp, other))
        assert list(found.values())[0] == pytest.approx(list(expected.values())[0], abs=1e-6)


def test_a_new_entity_is_judged_by_its_types(xlmr):
    nlp = _nlp(xlmr)
    nlp.get_pipe("luke_linker").add_entities([{"id": "new", "aliases": ["Ford"], "types": ["city"], "count": 1}])
    sure = {}
    for label in ("LOC", "EVENT", "PERSON"):
        ((_, options),) = answers(nlp(doc_with(nlp, "Ford came", [(0, 4, label, "")]))).items()
        sure[label] = options["new"]
    assert sure["LOC"] > sure["EVENT"] > sure["PERSON"]
