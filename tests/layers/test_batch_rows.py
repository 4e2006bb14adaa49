"""How many rows go through an encoder together."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.encoder.config import LukeConfig
from spacy_luke.layers import batch_rows as module
from spacy_luke.layers.batch_rows import LEAST, MOST, SHARE, batch_rows, bytes_per_row, free_memory

CPU = torch.device("cpu")
BASE = LukeConfig.from_dict({"vocab_size": 100, "entity_vocab_size": 10})  # 12 x 768


def _rows(monkeypatch, free, longest=300, is_train=False, device=CPU) -> int:
    monkeypatch.setattr(module, "free_memory", lambda device: free)
    return batch_rows(BASE, longest, device, is_train)


def test_plenty_of_memory_gives_the_fastest_size(monkeypatch):
    assert _rows(monkeypatch, 10**12) == _rows(monkeypatch, None) == MOST["cpu"]
    assert _rows(monkeypatch, 10**12, device=torch.device("cuda")) == MOST["cuda"]


@pytest.mark.parametrize("is_train", [False, True])
def test_little_memory_gives_small_batches(is_train, monkeypatch):
    need = bytes_per_row(BASE, 300, is_train)
    for rows in (256, 512, 1024):
        assert _rows(monkeypatch, rows * need / SHARE, is_train=is_train) == rows
        assert _rows(monkeypatch, rows * need / SHARE * 1.9, is_train=is_train) == min(rows, 1024)
    assert _rows(monkeypatch, 0, is_train=is_train) == LEAST


def test_training_and_long_windows_need_more():
    assert bytes_per_row(BASE, 300, True) > 5 * bytes_per_row(BASE, 300, False)
    assert bytes_per_row(BASE, 600, False) > bytes_per_row(BASE, 300, False)


def test_free_memory_of_this_machine():
    free = free_memory(CPU)
    assert free is None or 2**20 < free < 2**50
    assert free_memory(torch.device("meta")) is None


def test_what_linux_says(tmp_path):
    path = tmp_path / "meminfo"
    path.write_text("MemTotal:  24684732 kB\nMemFree:  1 kB\nMemAvailable:   1000 kB\nHugePages_Total:       0\n\n")
    assert module._free_in_machine(path) == 1000 * 1024
    assert module._free_in_machine(tmp_path / "none") is None


def test_the_limit_of_a_container(tmp_path):
    assert module._free_in_container(tmp_path) is None
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 300\nfile 400\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert module._free_in_container(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    assert module._free_in_container(tmp_path) == 700
    (tmp_path / "memory.max").write_text("100\n")
    assert module._free_in_container(tmp_path) == 0
