"""Our directory: what was saved is what is loaded."""

from __future__ import annotations

import numpy
import pytest
import torch

from spacy_luke.convert import save
from spacy_luke.convert.checkpoint import load_checkpoint
from spacy_luke.convert.save import save_checkpoint
from spacy_luke.kb.entity_table import EntityTable

from .hf import assert_entities_equal, save_model

pytest.importorskip("transformers")


def assert_equal(one, two):
    assert one.config == two.config
    assert one.special_ids == two.special_ids
    for a, b in ((one.weights, two.weights), (one.heads, two.heads)):
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert one.tokenizer.to_bytes() == two.tokenizer.to_bytes()


def test_full_luke(make_directory, tmp_path):
    path = make_directory("bpe")
    theirs = save_model("LukeForMaskedLM", path, entity_vocab_size=5, entity_emb_size=16)
    theirs.half().save_pretrained(path)
    checkpoint = load_checkpoint(path)
    told = []
    save_checkpoint(checkpoint, tmp_path / "ours", lambda *args: told.append(args))
    assert told == [("entity_table.npy", 5 * 16 * 2, 5 * 16 * 2)]
    again = load_checkpoint(tmp_path / "ours")
    assert_equal(checkpoint, again)
    assert_entities_equal(again, theirs.float())
    table = EntityTable.open(tmp_path / "ours/entity_table.npy")
    assert (len(table), table.width, table.dtype) == (5, 16, numpy.float16)
    assert numpy.array_equal(table.rows([3]), checkpoint.entity_vectors[[3]].astype("float32"))
    assert numpy.array_equal(again.entity_bias, checkpoint.entity_bias)
    assert again.entity_vocab().lookup("Tokyo") == 3
    # over itself, from the very files it is mapped from
    save_checkpoint(again, tmp_path / "ours")
    assert_equal(checkpoint, load_checkpoint(tmp_path / "ours"))


def test_bert(make_directory, tmp_path):
    path = make_directory("wordpiece")
    save_model("BertForMaskedLM", path)
    checkpoint = load_checkpoint(path)
    save_checkpoint(checkpoint, tmp_path / "ours")
    again = load_checkpoint(tmp_path / "ours")
    assert_equal(checkpoint, again)
    assert not again.config.entities_pretrained
    modes = {file.stat().st_mode for file in (tmp_path / "ours").iterdir()}
    assert len(modes) == 1
    assert (again.tokenizer.mask, again.tokenizer.ent2) == (checkpoint.tokenizer.mask, checkpoint.tokenizer.ent2)


def test_a_failed_write_leaves_the_old_one(make_directory, tmp_path, monkeypatch):
    path = make_directory("unigram")
    save_model("XLMRobertaModel", path, type_vocab_size=1)
    checkpoint = load_checkpoint(path)
    save_checkpoint(checkpoint, tmp_path / "ours")

    def fail(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(save, "write_tokenizer", fail)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(checkpoint, tmp_path / "ours")
    assert_equal(checkpoint, load_checkpoint(tmp_path / "ours"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ours", "source"]


def test_nothing_of_others_is_replaced(make_directory, tmp_path):
    path = make_directory("unigram")
    save_model("XLMRobertaModel", path, type_vocab_size=1)
    with pytest.raises(ValueError, match="LK301"):
        save_checkpoint(load_checkpoint(path), path)


def test_cut_off_file_is_noticed(make_directory, tmp_path):
    path = make_directory("unigram")
    save_model("XLMRobertaModel", path, type_vocab_size=1)
    save_checkpoint(load_checkpoint(path), tmp_path / "ours")
    file = tmp_path / "ours/tokenizer.json"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="LK304.*tokenizer.json"):
        load_checkpoint(tmp_path / "ours")
