"""Readers of typing corpora: small files in the format, and the real ones where they are at hand."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_luke.annotations import set_types
from spacy_luke.training.readers.figer import build_figer_reader_v1, read_entity_types
from spacy_luke.training.readers.open_entity import GENERAL_TYPES, build_open_entity_reader_v1
from spacy_luke.training.type_targets import GoldTypes, gold_types

NLP = spacy.blank("en")


def types(doc):
    return [(span.text, span.label_) for span in doc.spans["luke_typing"]]


def write(path, *records):
    path.write_text("\n".join(map(json.dumps, records)) + "\n\n", encoding="utf8")
    return path


# --- Open Entity ---------------------------------------------------------------------------------


def crowd(left, mention, right, *labels) -> dict:
    return {
        "y_str": list(labels), "annot_id": "x", "mention_span": mention,
        "left_context_token": left.split(), "right_context_token": right.split(),
    }  # fmt: skip


RECORDS = [
    crowd("In -LRB- old -RRB-", "Bill Evans ' trio", "he played .", "person", "musician", "person"),
    crowd("", "They", "", "group"),
    crowd("It was", "a -LSB- day -RSB-", "", "date"),
]


def test_open_entity(tmp_path):
    path = write(tmp_path / "a.json", *RECORDS)
    one, two, three = build_open_entity_reader_v1(path)(NLP)
    assert one.reference.text == one.predicted.text == "In ( old ) Bill Evans ' trio he played ."
    assert types(one.reference) == [("Bill Evans ' trio", "person"), ("Bill Evans ' trio", "musician")]
    assert types(two.reference) == [("They", "group")] and two.reference.text == "They"
    assert types(three.reference) == [("a [ day ]", "date")]
    # the mention is given; other pipes learn nothing from these Docs
    assert [ent.text for ent in one.predicted.ents] == ["Bill Evans ' trio"]
    assert "luke_typing" not in one.predicted.spans and not one.reference.has_annotation("ENT_IOB")


def test_only_some_types(tmp_path):
    """A mention with none of them has no type, and says so."""
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, RECORDS)).encode()))
    one, two, three = build_open_entity_reader_v1(path, labels=list(GENERAL_TYPES))(NLP)
    assert types(one.reference) == [("Bill Evans ' trio", "person")]
    assert types(three.reference) == [("a [ day ]", "")]
    assert gold_types(three, "luke_typing") == [GoldTypes(2, 6, [])]


def test_words_of_the_corpus(tmp_path):
    path = write(tmp_path / "a.json", crowd("I", "don't", "know", "event"))
    [example] = build_open_entity_reader_v1(path, gold_words=True)(NLP)
    assert [t.text for t in example.reference] == [t.text for t in example.predicted] == ["I", "don't", "know"]
    assert types(example.reference) == [("don't", "event")]


def test_mentions_off_word_borders_are_counted(tmp_path):
    nlp = spacy.blank("xx")
    nlp.tokenizer.add_special_case("New York", [{"ORTH": "New York"}])
    path = write(tmp_path / "a.json", crowd("In", "New", "York", "place"), crowd("In", "Rome", ".", "place"))
    with pytest.warns(UserWarning, match="LKW610.*a.json: 1 of 2 gold mentions.*'New'"):
        lost, found = build_open_entity_reader_v1(path)(nlp)
    assert types(lost.reference) == [] and not lost.predicted.ents
    assert types(found.reference) == [("Rome", "place")]


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", json.dumps({**RECORDS[0], "mention_span": " "}), json.dumps({**RECORDS[0], "y_str": "person"}),
     json.dumps({**RECORDS[0], "y_str": [""]}), json.dumps({**RECORDS[0], "left_context_token": "In old"})],
)  # fmt: skip
def test_a_bad_line_of_open_entity_is_named(tmp_path, line):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(RECORDS[0]) + "\n" + line + "\n", encoding="utf8")
    with pytest.raises(ValueError, match="LK611.*a.json, line 2"):
        list(build_open_entity_reader_v1(path)(NLP))


# --- FIGER ---------------------------------------------------------------------------------------


def figer(start, end, *labels):
    return {"start": start, "end": end, "labels": list(labels)}


TOKENS = "Ada Lovelace of London wrote to Ada".split()


def test_figer(tmp_path):
    mentions = [
        figer(3, 4, "/location", "/location/city"), figer(0, 2, "/person"), figer(0, 4, "/person/author"), figer(6, 7),
        figer(0, 2, "/person/engineer"),
    ]  # fmt: skip
    path = write(tmp_path / "a.json", {"tokens": TOKENS, "mentions": mentions, "senid": 0}, {"tokens": ["x"], "mentions": []})
    example, other = build_figer_reader_v1(path)(NLP)
    assert gold_types(example, "luke_typing") == [
        GoldTypes(0, 2, ["/person", "/person/engineer"]),
        GoldTypes(0, 4, ["/person/author"]),
        GoldTypes(3, 4, ["/location", "/location/city"]),
        GoldTypes(6, 7, []),
    ]
    assert [ent.text for ent in example.predicted.ents] == ["Ada Lovelace of London", "Ada"]
    assert gold_types(other, "luke_typing") == []


@pytest.mark.parametrize(
    "record, reason",
    [({"tokens": ["a"], "mentions": [figer(0, 2, "x")]}, "0 to 2"), ({"tokens": "a b", "mentions": []}, "tokens"),
     ({"tokens": ["a"], "mentions": [figer(0, 1, 3)]}, "labels"), ({"tokens": ["a"]}, "mentions")],
)  # fmt: skip
def test_a_bad_line_of_figer_is_named(tmp_path, record, reason):
    path = write(tmp_path / "a.json", {"tokens": ["a"], "mentions": []}, record)
    with pytest.raises(ValueError, match=f"LK611.*line 2.*{reason}"):
        list(build_figer_reader_v1(path)(NLP))


def test_a_table_of_entities(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("freebase_id\twikipedia_title\ttypes\n/m/1\tBob, Iowa\tlocation-city,location\n", encoding="utf8")
    assert list(read_entity_types(path)) == [("Bob, Iowa", ["location-city", "location"])]
    path.write_text("freebase_id\twikipedia_title\ttypes\n/m/1\tBob\n", encoding="utf8")
    with pytest.raises(ValueError, match="LK611.*line 2"):
        list(read_entity_types(path))


# --- DocBin, configs, the real files ---------------------------------------------------------------


def test_a_docbin_is_read_by_spacy(tmp_path):
    """Gold of one reader, written and read again."""
    path = write(tmp_path / "a.json", *RECORDS)
    docs = [example.reference for example in build_open_entity_reader_v1(path)(NLP)]
    doc = NLP.make_doc("Nobody typed this")
    none = NLP.make_doc("Nothing here")
    set_types(none, [])
    DocBin(docs=[*docs, doc, none]).to_disk(tmp_path / "a.spacy")
    found = [gold_types(example, "luke_typing") for example in Corpus(tmp_path / "a.spacy")(NLP)]
    assert found[0] == [GoldTypes(4, 8, ["person", "musician"])]
    assert found[3:] == [None, []]


@pytest.mark.parametrize("name", ["spacy_luke.OpenEntity.v1", "spacy_luke.Figer.v1"])
def test_a_config_can_name_them(tmp_path, name):
    reader = spacy.registry.resolve({"corpus": {"@readers": name, "path": str(tmp_path / "none"), "labels": ["a"]}})["corpus"]
    with pytest.raises(FileNotFoundError, match="LK610.*none"):
        list(reader(NLP))


@pytest.mark.shared
@pytest.mark.parametrize(
    "split, records, labels, distinct, general",
    [("train", 445, 2146, 623, 353), ("dev", 422, 2071, 590, 338), ("test", 462, 2317, 679, 363)],
)
def test_ufet_counts_of_its_readme(shared, split, records, labels, distinct, general):
    path = shared / f"data/typing_en_ufet_wiki/{split}.wex.json"
    docs = [eg.reference for eg in build_open_entity_reader_v1(path, gold_words=True)(NLP)]
    found = Counter(label for doc in docs for _, label in types(doc))
    assert (len(docs), found.total(), len(found)) == (records, labels, distinct)
    docs = [eg.reference for eg in build_open_entity_reader_v1(path, labels=list(GENERAL_TYPES))(NLP)]
    assert sum(any(label for _, label in types(doc)) for doc in docs) == general
    assert "-LRB-" not in "".join(doc.text for doc in docs)


@pytest.mark.shared
def test_the_words_of_the_english_tokenizer_lose_few_mentions(shared):
    path = shared / "data/typing_en_ufet_wiki/train.wex.json"
    docs = [eg.reference for eg in build_open_entity_reader_v1(path)(NLP)]
    assert sum(1 for doc in docs if types(doc)) >= 0.99 * len(docs)


@pytest.mark.shared
@pytest.mark.parametrize("split, entities, labels", [("dev", 37036, 69775), ("test", 55715, 105031)])
def test_textent_counts_of_its_readme(shared, split, entities, labels):
    found = list(read_entity_types(shared / f"data/typing_en_textent_figer/{split}.tsv.gz"))
    counts = Counter(label for _, types in found for label in types)
    assert (len(found), counts.total(), len(counts)) == (entities, labels, 102)
