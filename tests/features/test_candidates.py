"""Candidates: which step finds what, in which order, and the same from every kind of knowledge base."""

from __future__ import annotations

import pickle

import pytest
import spacy
from spacy.kb import InMemoryLookupKB, KnowledgeBase
from spacy.tokens import Doc

from spacy_luke.features import fuzzy
from spacy_luke.features.candidates import build_candidate_generator_v1
from spacy_luke.features.honorifics import without_honorific
from spacy_luke.kb.build import build_kb
from spacy_luke.kb.mmap_kb import MMapKB

NLP = spacy.blank("xx")
ALIASES = {
    "Paris": {"Q90": 0.75, "Q830149": 0.25},
    "PARIS": {"Q90": 0.25, "Q167646": 0.75},
    "トヨタ": {"Q53268": 1.0},
    "ジョン・スミス": {"Q228024": 0.5, "Q1": 0.5},
    "田中": {"Q2": 0.5},
    "・": {"Q3": 1.0},
}


NAMES = sorted({name for found in ALIASES.values() for name in found})


def in_memory(vocab) -> InMemoryLookupKB:
    kb = InMemoryLookupKB(vocab, 1)
    for name in NAMES:
        kb.add_entity(name, 1, [0.0])
    for alias, found in ALIASES.items():
        kb.add_alias(alias, list(found), list(found.values()))
    return kb


PARIS = (["Q167646", "Q90", "Q830149"], pytest.approx([0.75 / 1.5, 0.5 / 1.5, 0.25 / 1.5]))


def mentions(*docs: list[str]):
    """Docs of the given mentions, one token each."""
    return [[token_span for token_span in _spans(words)] for words in docs]


def _spans(words):
    doc = Doc(NLP.vocab, words=words)
    return [doc[i : i + 1] for i in range(len(words))]


def plain(found):
    return [[(c.ids, c.priors.tolist()) for c in doc] for doc in found]


def built(vocab, path) -> MMapKB:
    """On the disk, one alias of it added in memory."""
    priors = [(alias, list(found), list(found.values())) for alias, found in ALIASES.items() if alias != "PARIS"]
    build_kb(path, [{"id": name} for name in NAMES], priors=priors)
    kb = MMapKB.open(vocab, path)
    found = ALIASES["PARIS"]
    kb.add_aliases([{"alias": "PARIS", "entities": list(found), "priors": list(found.values())}])
    return kb


@pytest.fixture(params=["built", "in memory"])
def kb(request, tmp_path):
    return built(NLP.vocab, tmp_path / "kb") if request.param == "built" else in_memory(NLP.vocab)


def test_the_exact_alias_comes_first(kb):
    generate = build_candidate_generator_v1()
    found = generate(kb, mentions(["Paris", "nobody"], [], ["トヨタ", "PARIS", "Paris"]))
    assert plain(found) == [
        [(["Q90", "Q830149"], [0.75, 0.25]), ([], [])],
        [],
        [(["Q53268"], [1.0]), (["Q167646", "Q90"], [0.75, 0.25]), (["Q90", "Q830149"], [0.75, 0.25])],
    ]
    assert found[0][1].priors.dtype == found[0][0].priors.dtype == "float32"


def test_aliases_with_the_same_normal_form_are_one(kb):
    # paris: the means Q90 0.5, Q167646 0.75, Q830149 0.25 sum to 1.5 and are scaled to 1
    [[paris, smith, dot]] = plain(build_candidate_generator_v1()(kb, mentions(["paris", "ジョン スミス", "･"])))
    assert paris == PARIS
    assert sorted(smith[0]) == ["Q1", "Q228024"] and dot == ([], [])
    assert plain(build_candidate_generator_v1(normalise=False)(kb, mentions(["paris"]))) == [[([], [])]]


def test_the_best_top_k(kb):
    generate = build_candidate_generator_v1(top_k=1)
    assert plain(generate(kb, mentions(["paris", "PARIS", "田中"]))) == [
        [(["Q167646"], [0.5]), (["Q167646"], [0.75]), (["Q2"], [0.5])]
    ]


def test_honorifics_are_an_option(kb):
    names = mentions(["田中さん", "ﾄﾖﾀ社", "田中さんさん"])
    assert plain(build_candidate_generator_v1(honorifics=False)(kb, names)) == [[([], [])] * 3]
    assert plain(build_candidate_generator_v1(honorifics=True)(kb, names)) == [
        [(["Q2"], [0.5]), (["Q53268"], [1.0]), ([], [])]
    ]
    assert plain(build_candidate_generator_v1(honorifics=True, normalise=False)(kb, names))[0][1][0] == []


@pytest.mark.parametrize(
    "text, name",
    [("田中さん", "田中"), ("トヨタ社", "トヨタ"), ("田中先生 ", "田中"), ("林 氏", "林"), ("同社", None), ("さん", None)],
)
def test_what_an_honorific_is(text, name):
    assert without_honorific(text) == name


def test_the_most_similar_alias(kb):
    pytest.importorskip("rapidfuzz", reason="similar aliases need the extra [fuzzy]")
    # pariss and paris: 1 of 11 letters is inserted, 0.909; parsi and paris: 1 out, 1 in, of 10: 0.8
    generate = build_candidate_generator_v1(fuzzy=0.85)
    [[one, two, none]] = plain(generate(kb, mentions(["Pariss", "Parsi", "･ "])))
    assert one == PARIS and two == none == ([], [])
    [[two]] = plain(build_candidate_generator_v1(fuzzy=0.8)(kb, mentions(["Parsi"])))
    assert two == one


def test_too_many_aliases_for_comparing_with_all(kb, monkeypatch):
    pytest.importorskip("rapidfuzz", reason="similar aliases need the extra [fuzzy]")
    monkeypatch.setattr(fuzzy, "MAX_ALIASES", 5)
    generate = build_candidate_generator_v1(fuzzy=0.9)
    generate(kb, mentions(["Paris"]))
    with pytest.raises(ValueError, match="LK244.*6 aliases.*up to 5"):
        generate(kb, mentions(["Pariss"]))


def test_settings_that_cannot_be(monkeypatch):
    with pytest.raises(ValueError, match="LK241.*top_k = 0"):
        build_candidate_generator_v1(top_k=0)
    for similarity in (0.0, 1.01, 85.0):
        with pytest.raises(ValueError, match="LK242"):
            build_candidate_generator_v1(fuzzy=similarity)
    monkeypatch.setattr(fuzzy, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="LK243.*pip install"):
        build_candidate_generator_v1(fuzzy=0.9)


def test_new_aliases_are_found_at_once():
    kb = in_memory(NLP.vocab)
    generate = build_candidate_generator_v1()
    assert plain(generate(kb, mentions(["berlin"]))) == [[([], [])]]
    kb.add_alias("BERLIN", ["Q1"], [1.0])
    assert plain(generate(kb, mentions(["berlin"]))) == [[(["Q1"], [1.0])]]
    assert plain(generate(in_memory(NLP.vocab), mentions(["berlin"]))) == [[([], [])]]


class OwnRules(KnowledgeBase):
    """A knowledge base that has no list of aliases and looks at the mention itself."""

    def get_candidates(self, mention):
        kb = in_memory(self.vocab)
        return kb.get_alias_candidates("Paris" if mention.text.startswith("P") else "")


def test_a_knowledge_base_with_its_own_rules_is_asked():
    generate = build_candidate_generator_v1()
    assert plain(generate(OwnRules(NLP.vocab, 1), mentions(["Pxy", "paris"]))) == [
        [(["Q90", "Q830149"], [0.75, 0.25]), ([], [])]
    ]


def test_no_docs_no_mentions(kb):
    generate = build_candidate_generator_v1()
    assert generate(kb, []) == [] and generate(kb, [[], []]) == [[], []]


def test_a_used_generator_can_be_pickled(kb):
    generate = build_candidate_generator_v1(top_k=2, honorifics=True)
    names = mentions(["paris", "田中さん"])
    first = plain(generate(kb, names))
    again = pickle.loads(pickle.dumps(generate))
    assert again.settings == generate.settings and plain(again(kb, names)) == first
