"""Labels of mentions and types of entities: numbers by hand, and what must hold of them."""

from __future__ import annotations

import math

import numpy
import pytest
import spacy

from spacy_luke.features.label_types import NOISE, SMOOTHING, LabelTypes, types_of
from spacy_luke.kb import MMapKB
from spacy_luke.types import Candidates

from ..linking import spacy_kb

SEEN = [("PERSON", ["/person"])] * 5 + [("LOC", ["/location", "/location/city"])] * 10 + [("LOC", ["/location"])] * 5


@pytest.fixture
def seen():
    found = LabelTypes()
    for pair in SEEN:
        found.add(*pair)
    return found


def _fit(p, share):
    return math.log((1 - NOISE) * p / share + NOISE)


def test_by_hand(seen):
    person = (5 + SMOOTHING * 0.25) / (5 + SMOOTHING)  # 5 of 20 mentions are persons
    assert seen.fit("PERSON", ["/person"]) == pytest.approx(_fit(person, 0.25))
    assert seen.fit("LOC", ["/person"]) == pytest.approx(_fit(1 - person, 0.75))
    location, city = (15 + SMOOTHING * 0.75) / (15 + SMOOTHING), (10 + SMOOTHING * 0.75) / (10 + SMOOTHING)
    both = seen.fit("LOC", ["/location", "/location/city", "/location/unseen"])
    assert both == pytest.approx(_fit((location + city) / 2, 0.75))
    assert seen.fit("PERSON", ["/person"]) > 0 > seen.fit("LOC", ["/person"]) > math.log(NOISE)


def test_nothing_known_says_nothing(seen):
    assert seen.fit("EVENT", ["/person"]) == seen.fit("", ["/person"]) == 0
    assert seen.fit("LOC", []) == seen.fit("LOC", ["/event"]) == 0
    assert LabelTypes().fit("LOC", ["/location"]) == 0
    seen.add("EVENT", [])  # an entity without types
    assert seen.fit("EVENT", ["/person"]) == 0


def test_a_training_mention_does_not_speak_for_itself(seen):
    person = (4 + SMOOTHING * 4 / 19) / (4 + SMOOTHING)  # without it 4 of 19 are persons
    assert seen.fit("PERSON", ["/person"], ["/person"]) == pytest.approx(_fit(person, 4 / 19))
    assert seen.fit("PERSON", ["/location"], ["/person"]) == pytest.approx(_fit(SMOOTHING * 4 / 19 / (15 + SMOOTHING), 4 / 19))
    seen.add("LOC", ["/river"])
    assert seen.fit("LOC", ["/river"]) > 0 == seen.fit("LOC", ["/river"], ["/river"])
    seen.add("EVENT", ["/person"])
    assert seen.fit("EVENT", ["/person"]) > 0 == seen.fit("EVENT", ["/person"], ["/person"])
    assert seen.fit("DAY", ["/person"], ["/person"]) == 0  # new data, that nobody counted


def test_one_label_for_all_says_nothing():
    found = LabelTypes()
    for types in (["/person"], ["/location"], ["/location"]):
        found.add("X", types)
    assert found.fit("X", ["/person"]) == pytest.approx(0) == found.fit("X", ["/location"])


def test_candidates_of_all_mentions(seen):
    kb = MMapKB(spacy.blank("en").vocab, 0)
    kb.add_entities([{"id": "man", "types": ["/person"]}, {"id": "town", "types": ["/location/city"]}, {"id": "any"}])
    assert types_of(kb, ["man", "any", "man"]) == {"man": ("/person",), "any": ()}
    priors = numpy.zeros(3, "f")
    candidates = [Candidates(["man", "town", "any"], priors), Candidates([], priors[:0]), Candidates(["man"], priors[:1])]
    fits = seen.fits(kb, ["PERSON", "LOC", "LOC"], candidates)
    types = [("PERSON", ["/person"]), ("PERSON", ["/location/city"]), ("PERSON", []), ("LOC", ["/person"])]
    assert fits.dtype == numpy.dtype("f") and fits.tolist() == pytest.approx([seen.fit(*pair) for pair in types])
    trained = seen.fits(kb, ["PERSON", "LOC", "LOC"], candidates, ["man", "NIL", ""])
    own = [seen.fit("PERSON", types, ["/person"]) for types in (["/person"], ["/location/city"])]
    assert trained.tolist() == pytest.approx([*own, 0, fits[3]]) and trained[0] != fits[0]
    assert seen.fits(kb, [], []).shape == (0,)
    assert LabelTypes().fits(kb, ["PERSON", "LOC", "LOC"], candidates).tolist() == [0] * 4


def test_a_knowledge_base_of_spacy_knows_no_types():
    assert types_of(spacy_kb(spacy.blank("en").vocab), ["Q1"]) == {"Q1": ()}


def test_what_is_no_entity_has_no_types():
    kb = MMapKB(spacy.blank("en").vocab, 0)
    assert types_of(kb, ["", "NIL"]) == {"": (), "NIL": ()}
    kb.add_entities([{"id": "man", "types": ["/person", "/person"]}])
    assert types_of(kb, ["", "man", "NIL"]) == {"": (), "man": ("/person",), "NIL": ()}
