from __future__ import annotations

import bz2
import gzip
import random

import pytest

from spacy_luke.kb.wikipedia.files import DumpFile

DATA = random.Random(0).randbytes(30_000) + b"<page>" * 10_000


def read(path) -> tuple[bytes, list[str]]:
    file = DumpFile(path)
    return b"".join(file), file.damage


@pytest.mark.parametrize(
    "content",
    [
        DATA,
        gzip.compress(DATA),
        gzip.compress(DATA[:500]) + gzip.compress(DATA[500:]),
        bz2.compress(DATA),
        bz2.compress(DATA[:500]) + bz2.compress(DATA[500:]),
    ],
)
def test_all_kinds_of_files_whatever_the_name(tmp_path, content):
    (tmp_path / "dump").write_bytes(content)
    assert read(tmp_path / "dump") == (DATA, [])


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_file_that_is_cut_off_gives_its_beginning(tmp_path, pack):
    whole = pack(DATA, 1)
    (tmp_path / "dump").write_bytes(pack(b"first") + whole[: len(whole) // 2])
    content, damage = read(tmp_path / "dump")
    assert (b"first" + DATA).startswith(content) and content.startswith(b"first")
    assert damage == ["cut off at its end"]


def test_bz2_goes_on_at_the_stream_behind_the_damage(tmp_path):
    broken = bytearray(bz2.compress(DATA))
    broken[len(broken) // 2] ^= 255
    (tmp_path / "dump").write_bytes(bz2.compress(b"first") + broken + bz2.compress(b"last"))
    content, damage = read(tmp_path / "dump")
    assert content.startswith(b"first") and content.endswith(b"last") and len(damage) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_a_byte_order_mark(tmp_path, encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "dump").write_bytes(bz2.compress((mark + "Уикипедия 🦉").encode(encoding)))
    assert read(tmp_path / "dump") == ("Уикипедия 🦉".encode(), [])


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="LK361"):
        DumpFile(tmp_path / "nothing")
    (tmp_path / "dump.7z").write_bytes(b"7z\xbc\xaf...")
    with pytest.raises(ValueError, match="LK362.*7-Zip"):
        DumpFile(tmp_path / "dump.7z")
