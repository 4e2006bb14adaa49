from __future__ import annotations

import json
import multiprocessing
import operator
import os
import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.kb.entity_vocab import EntityVocab

MULTI = {"[MASK]": 0, "[UNK]": 1, "en:Japan": 2, "ja:日本": 2, "en:Help: film": 3, "en:2001: A Space Odyssey": 4}
PLAIN = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "2001: A Space Odyssey": 3, "de:Help": 4, "日本": 5, "[MASK2]": 6}
LITE = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}


def write(path: Path, content) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf8")
    return path


def lines(*entries) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def saved(vocab: EntityVocab, path: Path) -> EntityVocab:
    vocab.save(path)
    return EntityVocab.open(path)


def test_json_with_languages(tmp_path):
    vocab = saved(EntityVocab.from_file(write(tmp_path / "entity_vocab.json", MULTI)), tmp_path / "vocab")
    assert len(vocab) == 5
    assert vocab.lookup("日本", "ja") == vocab.lookup("Japan", "en") == 2
    assert vocab.lookup("Help: film", "en") == 3
    absent = [("日本", None), ("日本", "en"), (" film", "en:Help"), ("ja:日本", None), ("日本", ""), ("[MASK]", "en")]
    assert [vocab.lookup(title, language) for title, language in absent] == [-1] * len(absent)
    assert vocab.lookup_batch(*zip(*absent)).tolist() == [-1] * len(absent)
    assert vocab.lookup_batch(["Japan", "2001: A Space Odyssey", "日本"], "en").tolist() == [2, 4, -1]
    assert vocab.lookup_batch(["[UNK]", "日本"], [None, "ja"]).tolist() == [1, 2]
    assert vocab.titles(2) == [("Japan", "en"), ("日本", "ja")]
    assert (vocab.title(2), vocab.title(2, "ja"), vocab.title(2, "de")) == ("Japan", "日本", None)
    assert vocab.titles(0) == [("[MASK]", None)]
    assert vocab.counts is None
    vocab.to_entity_vocab_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf8")) == MULTI


def test_json_of_plain_titles(tmp_path):
    """One name without a language in front makes all colons a part of the titles."""
    vocab = saved(EntityVocab.from_file(write(tmp_path / "entity_vocab.json", PLAIN)), tmp_path / "vocab")
    assert {name: vocab.lookup(name) for name in PLAIN} == PLAIN
    assert vocab.lookup("Help", "de") == vocab.lookup("日本", "ja") == vocab.lookup("\0", "ja") == -1
    assert vocab.titles(4) == [("de:Help", None)]
    vocab.to_entity_vocab_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf8")) == PLAIN


def test_lite_vocabulary_and_special_entities(tmp_path):
    vocab = EntityVocab.from_file(write(tmp_path / "entity_vocab.json", LITE))
    assert len(vocab) == 4 and {name: vocab.special(name) for name in LITE} == LITE
    with pytest.raises(ValueError, match=r"LK318.*'\[HEAD\]'.*\[MASK\], \[UNK\], \[PAD\], \[MASK2\]"):
        vocab.special("[HEAD]")
    vocab = EntityVocab.from_file(write(tmp_path / "entity_vocab.json", {"Japan": 0}))
    with pytest.raises(ValueError, match="LK318.*none"):
        vocab.special("Japan")


def test_tsv(tmp_path):
    titles = ["[PAD]", "Japan", "2001: A Space Odyssey", " kept as it is\u3000", "a\u2028b\u0085c", "\u304b\u3099", "\u304c"]
    text = "".join(f"{title}\t{7 * i}\n" for i, title in enumerate(titles))
    vocab = saved(EntityVocab.from_file(write(tmp_path / "vocab.tsv", text + "\n\n")), tmp_path / "vocab")
    assert [vocab.lookup(title) for title in titles] == list(range(7)) == vocab.lookup_batch(titles).tolist()
    assert [vocab.title(i) for i in range(7)] == titles
    assert vocab.counts.tolist() == [0, 7, 14, 21, 28, 35, 42]
    assert vocab.special("[PAD]") == 0
    assert EntityVocab.from_file(write(tmp_path / "vocab.tsv", "\ufeffA\t1\r\nB\t2\r\n")).lookup("A") == 0


def test_jsonl(tmp_path):
    text = lines(
        {"id": 0, "entities": [["[MASK]", "en"], ["[MASK]", "ja"]], "count": 0},
        {"id": 3, "entities": [["Japan", "en"], ["日本", "ja"], ["Nippon", None]], "count": 9},
        {"id": 1, "entities": [["Help: film", None], ["x", "zh_TW"]]},
    )
    with pytest.warns(UserWarning, match="LKW301.*vocab.jsonl: 1 ids without a name"):
        vocab = saved(EntityVocab.from_file(write(tmp_path / "vocab.jsonl", text)), tmp_path / "vocab")
    assert len(vocab) == 4 and vocab.special("[MASK]") == 0
    assert vocab.titles(3) == [("Japan", "en"), ("日本", "ja"), ("Nippon", None)]
    assert vocab.titles(2) == [] and vocab.title(2) is None
    assert vocab.lookup("Help: film") == vocab.lookup("x", "zh_TW") == 1
    assert vocab.lookup("Nippon") == 3 and vocab.lookup("Nippon", "en") == -1
    assert vocab.counts.tolist() == [0, -1, -1, 9]
    with pytest.raises(ValueError, match="LK315.*2 of 5 names"):
        vocab.to_entity_vocab_json(tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_export_in_parts(tmp_path, monkeypatch, at_once):
    """Ids without a name, at the borders of parts too, leave no trace in the file."""
    monkeypatch.setattr("spacy_luke.kb.entity_vocab.EXPORTED", at_once)
    numbers = {"b": 2, "日本": 2, "c": 6, "d": 7}
    with pytest.warns(UserWarning, match="5 ids without a name"):
        vocab = EntityVocab.from_file(write(tmp_path / "vocab.json", numbers))
    vocab.to_entity_vocab_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf8")) == numbers


def test_names_that_come_again(tmp_path):
    text = '{"a": 0, "b": 1, "a": 0, "a": 0}'
    with pytest.warns(UserWarning, match="LKW301.*2 names given again") as seen:
        vocab = EntityVocab.from_file(write(tmp_path / "vocab.json", text))
    assert len(seen) == 1 and vocab.titles(0) == [("a", None)]


TITLES = st.text(min_size=1, max_size=8) | st.sampled_from(["a: b", ":", "日本", "[x]", "[MASK]", "en:a", "\0", "\u3000"])
SPECIALS = {("[MASK]", "en"), ("[MASK]", "ja"), ("[MASK]", "zh-min-nan")}  # special entities have no language


@settings(max_examples=20, deadline=None)
@given(
    names=st.dictionaries(
        st.tuples(TITLES, st.sampled_from([None, "en", "ja", "zh-min-nan"])).filter(lambda name: name not in SPECIALS),
        st.integers(0, 30),
        min_size=1,
        max_size=30,
    )
)
def test_equals_a_dict(names):
    by_id: dict[int, list] = {}
    for name, id in names.items():
        by_id.setdefault(id, []).append(name)
    text = lines(*({"id": id, "entities": pairs} for id, pairs in by_id.items()))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        vocab = saved(EntityVocab.from_file(write(Path(folder) / "vocab.jsonl", text)), Path(folder) / "vocab")
        asked = [(title, language) for title, _ in names for language in (None, "en", "ja", "de")] + list(names)
        assert vocab.lookup_batch(*zip(*asked)).tolist() == [names.get(name, -1) for name in asked]
        assert [vocab.lookup(*name) for name in asked] == [names.get(name, -1) for name in asked]
        assert {id: vocab.titles(id) for id in range(len(vocab)) if vocab.titles(id)} == by_id


@pytest.mark.parametrize("columns", [2, 3])
def test_qids(tmp_path, columns):
    rows = [("Q17", "ja", "日本"), ("Q17", "en", "Japan"), ("Q5", "en", "Nobody"), ("Q103474", "en", "2001: A Space Odyssey")]
    plain = {"Japan": 2, "日本": 2, "2001: A Space Odyssey": 4}
    qids = write(tmp_path / "q.tsv", "".join("\t".join(r if columns == 3 else (r[0], r[2])) + "\n" for r in rows))
    source = write(tmp_path / "vocab.json", MULTI if columns == 3 else plain)
    with pytest.warns(UserWarning, match="LKW301.* 1 lines of .*q.tsv"):
        vocab = saved(EntityVocab.from_file(source, qids), tmp_path / "vocab")
    assert [vocab.by_qid(qid) for qid in ("Q17", "Q103474", "Q5", "Q1", "Q999999999")] == [2, 4, -1, -1, -1]
    for bad in ("17", "q17", "Q", "Q1 ", "Q１７", ""):
        with pytest.raises(ValueError, match="LK325"):
            vocab.by_qid(bad)


def test_without_qids(tmp_path):
    with pytest.raises(ValueError, match="LK319"):
        EntityVocab.from_file(write(tmp_path / "vocab.json", LITE)).by_qid("Q17")


@pytest.mark.parametrize(
    "text, code",
    [
        ("Q17\tJapan\nQ17\t2001\n", "LK328.*lines 1 and 2: Q17 means the entity 0 and the entity 1"),
        ("Q17\tJapan\nQ5\ten\tx\n", "LK311.*line 2"),
        ("Q17\n", "LK311.*line 1"),
        ("17\tJapan\n", "LK311.*line 1.*LK325"),
        ("Q17\tNippon\n", "LK329.*none of its 1 lines"),
        ("", "LK329"),
    ],
)
def test_broken_qids(tmp_path, text, code):
    with pytest.raises(ValueError, match=code):
        EntityVocab.from_file(write(tmp_path / "vocab.json", {"Japan": 0, "2001": 1}), write(tmp_path / "q.tsv", text))


@pytest.mark.parametrize(
    "name, text, code",
    [
        ("a.tsv", "A\t1\nB\n", "LK311.*a.tsv, line 2: found 'B'"),
        ("a.tsv", "A\t1\nB\t1\tx\n", "LK311.*line 2"),
        ("a.tsv", "A\t1\nB\t-1\n", "LK311.*line 2"),
        ("a.tsv", "A\t1\n\t1\n", "LK311.*line 2"),
        ("a.tsv", "A\t1\n\nB\t1\n", "LK311.*line 2.*blank"),
        ("a.tsv", "A\t1\nB\t1\nC\t1\nA\t2\n", "LK326.*lines or entries 1 and 4: the name 'A' .* 0 and 3"),
        ("a.tsv", "\n", "LK327"),
        ("a.tsv", "", "LK327"),
        ("a.jsonl", lines({"id": 0, "entities": [["A", None]]}, {"id": 0, "entities": [["B", None]]}), "LK313.*line 2"),
        ("a.jsonl", lines({"id": -1, "entities": [["A", None]]}), "LK312.*1: the id -1"),
        ("a.jsonl", lines({"id": 2**40, "entities": [["A", None]]}), "LK312"),
        ("a.jsonl", lines({"id": 0, "entities": [["A", "e"]]}, {"id": 1, "entities": [["A", "e"]]}), "LK326.*1 and 2.*'e:A'"),
        ("a.jsonl", '{"id": 0\n', "LK311.*line 1"),
        ("a.jsonl", lines({"id": 0, "entities": []}), "LK311.*line 1"),
        ("a.jsonl", lines({"id": 0, "entities": ["Japan"]}), "LK311.*line 1"),
        ("a.jsonl", lines({"id": 0, "entities": [["", "en"]]}), "LK311.*line 1"),
        ("a.jsonl", lines({"id": 0, "entities": [["A", "e:n"]]}), "LK311.*line 1"),
        ("a.jsonl", lines({"id": True, "entities": [["A", "en"]]}), "LK311.*line 1"),
        ("a.jsonl", lines({"id": 0, "entities": [["A", "en"]], "count": "1"}), "LK311.*line 1"),
        ("a.jsonl", lines({"title": "A"}, [1]), "LK311.*line 1"),
        ("a.json", "{}", "LK327"),
        ("a.json", '{"A": 0, "B": 1, "A": 2}', "LK326.*1 and 3.*'A'.*0 and 2"),
        ("a.json", '{"A": 0, "B": -1}', "LK312.*2: the id -1"),
        ("a.json", '{"A": 0, "B": "1"}', "LK314.*entry 2.*'B': '1'"),
        ("a.json", '{"A": 0, "B": true}', "LK314.*entry 2"),
        ("a.json", '{"A": 0, "B": {"C": 1}}', "LK314.*entry 2"),
        ("a.json", '{"A": 0, "": 1}', "LK314.*entry 2"),
        ("a.json", '{"A": 0, "\\ud800": 1}', "LK308"),
        ("a.json", '{"en:A": 0, "ja:B": 1, "C": 2}', "LK316.*1 of 3 names.*'C'"),
        ("a.json", "[1]", "LK314"),
        ("a.pkl", "", "LK309.*.tsv, .jsonl, .json"),
        ("none.json", None, "LK310"),
    ],
)
def test_broken_files(tmp_path, name, text, code):
    if text is not None:
        write(tmp_path / name, text)
    before = set(os.listdir(tempfile.gettempdir()))
    with pytest.raises(ValueError, match=code):
        EntityVocab.from_file(tmp_path / name)
    left = set(os.listdir(tempfile.gettempdir())) - before
    assert not [file for file in left if file.startswith(f"spacy_luke_{os.getpid()}_")]


def test_not_utf8(tmp_path):
    (tmp_path / "a.tsv").write_bytes("A\t1\né\t2\n".encode("latin1"))
    with pytest.raises(ValueError, match="LK311.*a.tsv.*UTF-8"):
        EntityVocab.from_file(tmp_path / "a.tsv")


def test_ids_out_of_range(tmp_path):
    vocab = EntityVocab.from_file(write(tmp_path / "a.json", LITE))
    for bad in (-1, 4):
        with pytest.raises(ValueError, match=f"LK317.*{bad}"):
            vocab.titles(bad)


def test_a_temporary_vocabulary_goes_with_its_object(tmp_path):
    vocab = EntityVocab.from_file(write(tmp_path / "a.json", LITE))
    home = vocab.path.parent
    child = os.fork() if hasattr(os, "fork") else None
    if child == 0:
        del vocab
        os._exit(0)
    if child:
        os.waitpid(child, 0)
    assert home.is_dir()
    vocab.save(tmp_path / "vocab")
    del vocab
    assert not home.exists()
    vocab = EntityVocab.open(tmp_path / "vocab")
    vocab.save(tmp_path / "vocab")  # nothing to do
    vocab.save(tmp_path / "copy")
    assert EntityVocab.open(tmp_path / "copy").special("[MASK2]") == vocab.special("[MASK2]") == 3


def test_processes_share_a_vocabulary(tmp_path):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork")
    vocab = saved(EntityVocab.from_file(write(tmp_path / "a.json", MULTI)), tmp_path / "vocab")
    assert len(pickle.dumps(vocab)) < 1_000
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(operator.methodcaller("lookup", "日本", "ja"), [vocab] * 4, chunksize=1) == [2] * 4
