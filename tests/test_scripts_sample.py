"""The sample corpus keeps its rules; each rule refuses a document that breaks it."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from sample import NIL, Sample, build, parents, read_sample
from sample_numbers import ambiguous_forms, sentences, table
from sample_rules import plain_text_problems, problems

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "assets" / "sample"
if not FOLDER.is_dir():
    pytest.skip("the sample corpus is not here", allow_module_level=True)


@pytest.fixture(scope="module")
def sample() -> Sample:
    return read_sample(FOLDER)


def test_sample_is_valid(sample):
    assert problems(sample) == []
    assert plain_text_problems(sample, FOLDER) == []


def test_sizes(sample):
    def count(lang):
        return sum(len(sentences(doc)) for doc in sample.docs if doc["lang"] == lang)

    assert count("ja") >= 300
    assert count("en") >= 150
    assert len(ambiguous_forms(sample)) >= 25
    assert 10 <= len(sample.schema["relations"]) <= 15
    assert 30 <= len(sample.schema["types"]) <= 55


def test_names_with_several_meanings(sample):
    """Counted by hand for two names."""
    forms = ambiguous_forms(sample)
    ids = {e["titles"]["ja"]: e["id"] for e in sample.entities}
    names = ["松本市", "松本清張", "松本零士"]
    assert forms["ja", "松本"] == ({NIL, *(ids[n] for n in names)}, {"train", "dev"})
    en = {e["titles"]["en"]: e["id"] for e in sample.entities}
    names = ["George Washington", "Washington, D.C.", "Washington (state)"]
    assert forms["en", "Washington"][0] == {NIL, *(en[n] for n in names)}


def test_readme_has_the_numbers_of_the_corpus(sample):
    assert table(sample) in (FOLDER / "README.md").read_text(encoding="utf8")


def test_command(tmp_path):
    script = [sys.executable, str(ROOT / "scripts" / "sample.py")]
    done = subprocess.run([*script, "build", str(FOLDER), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = sum(len(path.read_text("utf8").splitlines()) for path in tmp_path.glob("*.jsonl"))
    assert written == len(read_sample(FOLDER).docs)
    empty = subprocess.run([*script, "validate", str(tmp_path)], capture_output=True, text=True)
    assert empty.returncode == 1
    assert "schema.json" in empty.stderr


# --- the markup --------------------------------------------------------------------------------------

MARKUP = """\
# d1 二つの松本
[[松本市|松本]]に[[松本城]]がある。
> 松本城 located_in 松本市
[[大田朱美]]は[[宮崎駿|宮崎]]と[[?/person/author|松本]]に会った。
> 大田朱美 spouse 宮崎駿
> 松本 spouse 大田朱美
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with one document in ja.train.wiki; all other files of markup are empty."""
    for name in ("schema.json", "entities.jsonl"):
        (tmp_path / name).write_text((FOLDER / name).read_text("utf8"), "utf8")
    for path in FOLDER.glob("*.wiki"):
        (tmp_path / path.name).write_text("", "utf8")
    (tmp_path / "ja.train.wiki").write_text(MARKUP, "utf8")
    return tmp_path


def test_markup_to_offsets(folder):
    (doc,) = read_sample(folder).docs
    assert doc["text"] == "松本に松本城がある。大田朱美は宮崎と松本に会った。"
    assert doc["sents"] == [[0, 10], [10, 25]]
    spans = [(e["start"], e["end"], e["label"], e["types"][-1], e["kb_id"]) for e in doc["ents"]]
    assert spans[0] == (0, 2, "LOC", "/location/city", "Q213324")
    assert [s[:4] for s in spans[1:]] == [
        (3, 6, "FAC", "/facility/castle"),
        (10, 14, "PERSON", "/person/artist"),
        (15, 17, "PERSON", "/person/artist"),
        (18, 20, "PERSON", "/person/author"),
    ]
    assert spans[-1][-1] == NIL
    found = [(r["head"], r["tail"], r["label"]) for r in doc["relations"]]
    assert found == [(1, 0, "located_in"), *((h, t, "spouse") for h, t in [(2, 3), (3, 2), (4, 2), (2, 4)])]


def test_english_sentences_are_joined_by_a_blank(folder):
    (folder / "ja.train.wiki").write_text("", "utf8")
    (folder / "en.test.wiki").write_text("# d t\n[[Paris]] rests.\n[[London]] works.\n", "utf8")
    (doc,) = read_sample(folder).docs
    assert doc["text"] == "Paris rests. London works."
    assert doc["sents"] == [[0, 12], [13, 26]]


@pytest.mark.parametrize(
    "markup, reason",
    [
        ("[[松本市]]だ。", "line 1: text before the first document"),
        ("# d t\n[[松本町]]だ。", "line 2: no entity with the title '松本町'"),
        ("# d t\n[[松本市|]]だ。", "line 2: brackets that are no mention"),
        ("# d t\n[[松本市]]だ。\n> 松本市 near 松本市", "line 3: no relation of the inventory"),
        ("# d t\n[[松本市]]だ。\n> 松本市 located_in 長野県", "line 3: '長野県' has 0 mentions"),
        ("# d t\n[[松本市]]と[[長野県]]だ。\n> 松本市#2 located_in 長野県", "line 3: '松本市' has 1 mentions"),
        ("# d t\n[[長野県]]だ。\n[[松本市]]だ。\n> 松本市 located_in 長野県", "line 4: '長野県' has 0 mentions"),
    ],
)
def test_markup_that_is_not_well_formed(folder, markup, reason):
    (folder / "ja.train.wiki").write_text(markup, "utf8")
    with pytest.raises(ValueError, match=reason):
        read_sample(folder)


def test_parents_come_first():
    assert parents(["/work/book", "/work/film"]) == ["/work", "/work/book", "/work/film"]


# --- each rule refuses what breaks it ----------------------------------------------------------------


def _doc(sample, doc_id="ja-matsumoto"):
    return next(doc for doc in sample.docs if doc["id"] == doc_id)


def _set(doc_id, *path):
    """Set a value inside a document: _set(id, key, index, key, value)."""

    def change(sample):
        place = _doc(sample, doc_id)
        for key in path[:-2]:
            place = place[key]
        place[path[-2]] = path[-1]

    return change


def _entity(**values):
    return lambda sample: sample.entities[0].update(values)


def _retext(old, new):
    def change(sample):
        doc = _doc(sample)
        doc["text"] = doc["text"].replace(old, new)

    return change


def _append(key, value, doc_id="ja-matsumoto"):
    return lambda sample: _doc(sample, doc_id)[key].append(value)


def _drop(keep):
    """Keep only some documents."""

    def change(sample):
        sample.docs[:] = [doc for doc in sample.docs if keep(doc)]

    return change


def _each(edit):
    def change(sample):
        for doc in sample.docs:
            edit(doc)

    return change


def _without_relation(label):
    return _each(lambda doc: doc.update(relations=[r for r in doc["relations"] if r["label"] != label]))


def _without_label(label, split):
    def edit(doc):
        if doc["split"] == split:
            doc["relations"] = []
            doc["ents"] = [e for e in doc["ents"] if e["label"] != label]

    return _each(edit)


def _without_nil(doc):
    doc["relations"] = []
    doc["ents"] = [e for e in doc["ents"] if e["kb_id"] != NIL]


def _forget_forms(of_splits):
    """Take the ambiguous mentions out of some splits."""

    def change(sample):
        forms = ambiguous_forms(sample)
        for doc in sample.docs:
            if doc["split"] in of_splits:
                doc["relations"] = []
                doc["ents"] = [
                    e for e in doc["ents"] if (doc["lang"], doc["text"][e["start"] : e["end"]]) not in forms
                ]

    return change


M = "ja-matsumoto"
EXTRA = {"start": 0, "end": 3, "label": "LOC", "types": ["/location"], "kb_id": NIL}
RULES = {
    "an id is Q and digits": _entity(id="q42"),
    "cannot be checked against Wikidata": _entity(id="X-somebody", checked=True),
    "label SHIP is not in the inventory": _entity(label="SHIP"),
    "type /person/wizard is not in the inventory": _entity(types=["/person/wizard"]),
    "type /work/book does not belong to PERSON": _entity(types=["/person", "/work/book"]),
    "names in ja are empty": _entity(aliases={"ja": [""], "en": []}),
    "names in en are empty, padded or given twice": _entity(aliases={"ja": [], "en": ["Ford", "Ford"]}),
    "the label in ja is not its title": _entity(labels={"ja": "別人", "en": "Betty Ford"}),
    "the description in en is not one line": _entity(descriptions={"ja": "人", "en": "a\nb"}),
    "table: Q17 is there 2 times": _entity(id="Q17"),
    "table: 日本 is there 2 times": _entity(titles={"ja": "日本", "en": "Nobody"}),
    "sentence at 0 does not end as a sentence": _retext("市である。", "市である、"),
    "sentence at 1 overlaps, leaves out text or is padded": _set(M, "sents", 0, 0, 1),
    "text after the last sentence": lambda sample: _doc(sample)["sents"].pop(),
    "3 sentences": lambda sample: _doc(sample)["sents"].__delitem__(slice(3, None)),
    "is empty, padded or not inside a sentence": _set(M, "ents", 0, "end", 0),
    "at 125 is empty, padded or not inside a sentence": _set(M, "sents", 5, 0, 126),
    "overlaps the one before": _set(M, "ents", 1, "start", 2),
    "lack a parent": _set(M, "ents", 0, "types", ["/location/city"]),
    "no entity Q999999999 in the table": _set(M, "ents", 0, "kb_id", "Q999999999"),
    "label or types are not those of Q213324": _set(M, "ents", 0, "types", ["/location"]),
    "is no name of Q1490 in ja": _set(M, "ents", 1, "kb_id", "Q1490"),
    "2 relations from mention 0 to 1": _append("relations", {"head": 0, "tail": 1, "label": "country"}),
    "country from mention 0 to 99: no such pair": _append("relations", {"head": 0, "tail": 99, "label": "country"}),
    "country from mention 1 to 1: no such pair": _append("relations", {"head": 1, "tail": 1, "label": "country"}),
    "near from mention 1 to 0: not in the inventory": _append("relations", {"head": 1, "tail": 0, "label": "near"}),
    "author from mention 1 to 0: cannot go from LOC to LOC": _append(
        "relations", {"head": 1, "tail": 0, "label": "author"}
    ),
    "country from mention 0 to 3: both are Q213324": _append("relations", {"head": 0, "tail": 3, "label": "country"}),
    "country from mention 1 to 3: not in one sentence": _append(
        "relations", {"head": 1, "tail": 3, "label": "country"}
    ),
    "symmetric, and the way back is missing": lambda sample: _doc(sample, "en-lincoln")["relations"].pop(2),
    "2 documents ja-toyota-city": _set(M, "id", "ja-toyota-city"),
    "2 times the sentence": lambda sample: sample.docs.append({**copy.deepcopy(_doc(sample)), "id": "copy"}),
    "ja: 54 sentences, not 300": _drop(lambda d: d["lang"] == "en" or d["split"] == "dev"),
    "sentences in dev": _drop(lambda d: d["split"] != "dev"),
    "en dev: no WORK": _without_label("WORK", "dev"),
    "ja train: no spouse": _without_relation("spouse"),
    "0 times member_of, not 12": _without_relation("member_of"),
    "no mention of type /event/disaster": _drop(lambda d: "/event/disaster" not in str(d["ents"])),
    "0 mentions without entity": _each(_without_nil),
    "0 ambiguous forms, not 25": _forget_forms(("train", "dev", "test")),
    "0 ambiguous forms in train and test": _forget_forms(("test",)),
}


@pytest.mark.parametrize("reason", RULES)
def test_each_rule_refuses_what_breaks_it(sample, reason):
    broken = copy.deepcopy(sample)
    RULES[reason](broken)
    found = problems(broken)
    assert any(reason in problem for problem in found), found


def test_plain_text_shares_no_sentence_and_has_a_few_lines(sample, tmp_path):
    known = sentences(sample.docs[0])[0]
    (tmp_path / "ja.txt").write_text(f"一。\n二。\n{known}\n", "utf8")
    (tmp_path / "en.txt").write_text("One.\n", "utf8")
    assert [p.split(":")[0] for p in plain_text_problems(sample, tmp_path)] == ["ja.txt", "en.txt"]


def test_build_writes_offsets_that_give_the_mentions_back(sample, tmp_path):
    build(sample, tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert [p.name for p in paths] == [f"{lang}.{s}.jsonl" for lang in ("en", "ja") for s in ("dev", "test", "train")]
    docs = [json.loads(line) for line in (tmp_path / "ja.dev.jsonl").read_text("utf8").splitlines()]
    markup = (FOLDER / "ja.dev.wiki").read_text("utf8")
    mentions = [doc["text"][e["start"] : e["end"]] for doc in docs for e in doc["ents"]]
    assert len(mentions) == markup.count("[[")
    assert all(f"{name}]]" in markup for name in mentions)
