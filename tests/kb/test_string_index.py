from __future__ import annotations

import multiprocessing
import operator
import os
import pickle
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.kb import reader, string_index
from spacy_luke.kb.string_index import KeyConflict, StringIndex

# composed and decomposed, wide and narrow, joined and single characters are different names
NAMES = ["日本", "東京", "\u304c", "\u304b\u3099", "\u00e9", "e\u0301", "\uff21", "A", "👩\u200d👧", "👩", "", " "]
NAMES += ["a\tb", "a\nb", "\0", "\u2126", "\u03a9", "\u03a9\u2028", "\u00fe\u00ff", "2001: A Space Odyssey"]


def build(path, numbers: dict[str, int], size: int = 3) -> StringIndex:
    keys = list(numbers)
    parts = [keys[i : i + size] for i in range(0, len(keys), size)]
    return StringIndex.build(path, ((part, np.array([numbers[key] for key in part])) for part in parts))


def test_names_of_the_real_world_are_kept_as_they_are(tmp_path):
    numbers = {name: i for i, name in enumerate(NAMES)}
    index = build(tmp_path / "index", numbers)
    assert index.find(NAMES).tolist() == list(range(len(NAMES)))
    assert [index.find_one(name) for name in NAMES] == list(range(len(NAMES)))
    assert list(index) == NAMES and len(index) == len(NAMES)
    absent = ["日", "本", "日本 ", "a", "\ud800", "日本\ud800"]
    assert index.find(absent).tolist() == [-1] * len(absent) == [index.find_one(name) for name in absent]
    assert index.find([]).tolist() == []


@settings(max_examples=20, deadline=None)
@given(
    numbers=st.dictionaries(st.text(max_size=6), st.integers(0, 2**62), max_size=40),
    asked=st.lists(st.text(max_size=6), max_size=20),
)
def test_equals_a_dict(numbers, asked):
    with tempfile.TemporaryDirectory() as folder:
        index = build(f"{folder}/index", numbers)
        asked = asked + list(numbers)
        assert index.find(asked).tolist() == [numbers.get(key, -1) for key in asked]
        assert [index.find_one(key) for key in asked] == [numbers.get(key, -1) for key in asked]
        assert list(index) == list(numbers)


@pytest.mark.parametrize("bad", [lambda key: 7, lambda key: len(key) << 60, lambda key: 2**64 - 1])
def test_a_hash_alone_finds_nothing(tmp_path, monkeypatch, bad):
    monkeypatch.setattr(string_index, "hash_string", bad)
    numbers = {f"key {i}": i % 5 for i in range(50)}
    index = build(tmp_path / "index", numbers)
    assert index.find(list(numbers)).tolist() == list(numbers.values())
    assert list(index) == list(numbers)
    absent = [f"yek {i}" for i in range(50)] + ["key", "key 1\xff", "ey 1", "", "key 1\xfe1"]
    assert (index.find(absent) == -1).all()


def test_many_keys_in_many_buckets(tmp_path):
    keys = [f"{i:x}" * (1 + i % 90) for i in range(1, 5_000)]
    index = build(tmp_path / "index", {key: i // 2 for i, key in enumerate(keys)}, size=1_000)
    assert index.about["bits"] > 6 and max(map(len, keys)) > string_index.KEY_BYTES
    assert index.find(keys).tolist() == [i // 2 for i in range(len(keys))]
    assert [index.key(row) for row in range(len(keys))] == keys


def test_keys_given_again(tmp_path):
    again = [(["a", "b", "a"], np.array([1, 2, 1])), (["c", "b"], np.array([3, 2]))]
    index = StringIndex.build(tmp_path / "index", again)
    assert (len(index), index.about["rows"], index.about["repeated"]) == (3, 5, 2)
    assert list(index) == ["a", "b", "a", "c", "b"]
    with pytest.raises(KeyConflict, match="LK306.*'b'.*2.*9") as e:
        StringIndex.build(tmp_path / "index", [*again, (["d", "b"], np.array([4, 9]))])
    assert (e.value.key, e.value.numbers, e.value.rows) == ("b", (2, 9), (1, 6))
    assert StringIndex.open(tmp_path / "index").find(["b", "d"]).tolist() == [2, -1]


def test_a_conflict_is_found_behind_another_key_of_the_same_hash(tmp_path, monkeypatch):
    monkeypatch.setattr(string_index, "hash_string", lambda key: 7)
    with pytest.raises(KeyConflict, match="'a'") as e:
        StringIndex.build(tmp_path / "index", [(["a", "b", "c", "a"], np.array([1, 2, 3, 4]))])
    assert e.value.rows == (0, 3)


@pytest.mark.parametrize(
    "keys, numbers, code", [(["a", "b"], [1, -1], "LK307.*'b'.*-1"), (["a", "\udfff"], [1, 2], "LK308.*udfff")]
)
def test_what_cannot_be_kept(tmp_path, keys, numbers, code):
    with pytest.raises(ValueError, match=code):
        StringIndex.build(tmp_path / "index", [(keys, np.array(numbers))])
    assert list(tmp_path.iterdir()) == []


def test_another_hash_function_is_noticed(tmp_path, monkeypatch):
    build(tmp_path / "index", {"a": 1})
    monkeypatch.setattr(string_index, "hash_string", lambda key: 7)
    with pytest.raises(ValueError, match="LK305"):
        StringIndex.open(tmp_path / "index")


def test_without_pread(tmp_path, monkeypatch):
    build(tmp_path / "index", {"a": 1, "b" * 300: 2})
    monkeypatch.delattr(reader.os, "pread")
    index = StringIndex.open(tmp_path / "index")
    assert index.find(["b" * 300, "a", "c"]).tolist() == [2, 1, -1]
    assert list(index) == ["a", "b" * 300]


def test_threads_share_an_index(tmp_path):
    index = build(tmp_path / "index", {f"key {i}": i for i in range(1_000)})
    keys = [f"key {i}" for i in range(1_000)]
    with ThreadPoolExecutor(4) as pool:
        assert all(found.tolist() == list(range(1_000)) for found in pool.map(index.find, [keys] * 20))


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_processes_share_an_index(tmp_path, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    index = build(tmp_path / "index", {f"key {i}": i for i in range(100)})
    assert len(pickle.dumps(index)) < 1_000
    with multiprocessing.get_context(method).Pool(2) as pool:
        find = operator.methodcaller("find", ["key 99", "no key", "key 0"])
        assert [found.tolist() for found in pool.map(find, [index] * 4, chunksize=1)] == [[99, -1, 0]] * 4
    assert index.find(["key 5"]).tolist() == [5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_build_leaves_the_old_index(tmp_path):
    build(tmp_path / "index", {"old": 1})

    def chunks():
        yield ["new"], np.array([2])
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        StringIndex.build(tmp_path / "index", chunks())
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert (tmp_path / "index.incomplete").is_dir()
    assert StringIndex.open(tmp_path / "index").find(["old", "new"]).tolist() == [1, -1]
    build(tmp_path / "index", {"new": 2})
    assert StringIndex.open(tmp_path / "index").find(["old", "new"]).tolist() == [-1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
