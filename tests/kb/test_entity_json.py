from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.kb import entity_json
from spacy_luke.kb.entity_json import read_json_pairs

# titles that look like the place behind a value, where the reader cuts
TRAPS = ["Foo: 1,", ': 13, "', '": 1, "b": 2,', "a\\", '\\": 5,', "1,2: 3 ,", "{", "}", "日本: 7,", "😀: 1,", "", "\t\n"]


def pairs(text: bytes, block: int, tmp: Path) -> list:
    (tmp / "file.json").write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entity_json, "BLOCK", block)
        return [pair for part in read_json_pairs(tmp / "file.json") for pair in part]


@settings(max_examples=100, deadline=None)
@given(
    numbers=st.dictionaries(st.sampled_from(TRAPS) | st.text(max_size=9), st.integers(0, 10**7), max_size=30),
    block=st.integers(5, 60),
    ascii=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
)
def test_equals_json_wherever_it_is_cut(numbers, block, ascii, indent):
    text = json.dumps(numbers, ensure_ascii=ascii, indent=indent).encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(entity_json, "LIMIT", 10_000)
        assert pairs(text, block, Path(folder)) == list(numbers.items())


def test_repeated_keys_are_kept(tmp_path):
    assert pairs(b'\xef\xbb\xbf {"a": 1, "a": 2}\n', 8, tmp_path) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize("block", [3, 1 << 20])
@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"a": 1', '{"a": 1, "b', '{"a": 1,, "b": 2}', '{"a": 1} {}', '{"a" 1, "b": 2}', '{"a": 1, b: 2, "c": 3}'],
)
def test_broken(tmp_path, text, block):
    with pytest.raises(ValueError, match="LK314.*file.json"):
        pairs(text.encode(), block, tmp_path)


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(ValueError, match="LK314"):
        pairs('{"é": 1, "b": 2}'.encode("latin1"), 4, tmp_path)


def test_a_large_file_of_something_else_is_given_up(tmp_path):
    text = json.dumps({f"key {i}": [i] for i in range(1_000)})
    with pytest.raises(ValueError, match="LK314.*after 0"):
        pairs(text.encode(), 64, tmp_path)
