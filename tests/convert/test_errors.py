"""What is wrong with a checkpoint is said by name."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_luke.convert.checkpoint import load_checkpoint

from ..vocabularies import write_json
from .hf import save_model

pytest.importorskip("transformers")


@pytest.fixture
def xlmr(make_directory):
    path = make_directory("unigram")
    save_model("XLMRobertaForMaskedLM", path, type_vocab_size=1)
    return path


@pytest.fixture
def luke(make_directory):
    path = make_directory("bpe", "luke")
    save_model("LukeModel", path, entity_vocab_size=5, entity_emb_size=16)
    return path


def change_weights(path, change):
    weights = load_file(path / "model.safetensors")
    change(weights)
    save_file(weights, path / "model.safetensors", {"format": "pt"})


def change_config(path, **values):
    write_json(path / "config.json", json.loads((path / "config.json").read_text()) | values)


def test_no_directory(tmp_path):
    with pytest.raises(ValueError, match="LK701.*nowhere"):
        load_checkpoint(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="LK701"):
        load_checkpoint("./nowhere/at/all")


def test_hub_is_not_reached(monkeypatch):
    import huggingface_hub

    def fail(name, allow_patterns):
        raise ConnectionError(f"no route to {name}\nand more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(ValueError, match="LK712.*studio-ousia/mluke-base-lite.*ConnectionError.*local_dir"):
        load_checkpoint("studio-ousia/mluke-base-lite")


def test_hub_gives_only_what_is_needed(monkeypatch, xlmr):
    import huggingface_hub

    asked = []

    def download(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(xlmr)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    load_checkpoint("xlm-roberta-base")
    assert [name for name, _ in asked] == ["xlm-roberta-base"]
    weights = load_file(xlmr / "model.safetensors")
    torch.save(weights, xlmr / "pytorch_model.bin")
    (xlmr / "model.safetensors").unlink()
    load_checkpoint("some/model")
    assert [patterns[-1] for _, patterns in asked] == ["model*.safetensors*"] * 2 + ["pytorch_model*.bin*"]


def test_no_config(xlmr):
    (xlmr / "config.json").unlink()
    with pytest.raises(ValueError, match="LK702"):
        load_checkpoint(xlmr)
    (xlmr / "config.json").write_text('{"model_type": ')
    with pytest.raises(ValueError, match="LK702"):
        load_checkpoint(xlmr)


@pytest.mark.parametrize(
    "values", [{"model_type": "gpt2"}, {"model_type": None}, {"position_embedding_type": "relative_key"}]
)
def test_another_kind_of_model(xlmr, values):
    change_config(xlmr, **values)
    with pytest.raises(ValueError, match="LK703.*xlm-roberta"):
        load_checkpoint(xlmr)


def test_no_weights(xlmr):
    (xlmr / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="LK704.*model.safetensors or .*pytorch_model.bin"):
        load_checkpoint(xlmr)
    write_json(xlmr / "model.safetensors.index.json", {"weight_map": {"a": "one.safetensors"}})
    with pytest.raises(ValueError, match="LK704.*one.safetensors"):
        load_checkpoint(xlmr)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.6])
def test_truncated(xlmr, file, share):
    if file == "pytorch_model.bin":
        torch.save(load_file(xlmr / "model.safetensors"), xlmr / file)
        (xlmr / "model.safetensors").unlink()
    data = (xlmr / file).read_bytes()
    (xlmr / file).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=f"LK705.*{file}.*truncated"):
        load_checkpoint(xlmr)


def test_no_code_is_run(xlmr):
    class Bad:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran')",))

    torch.save({"a": Bad()}, xlmr / "pytorch_model.bin")
    (xlmr / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="LK705"):
        load_checkpoint(xlmr)


def test_vocabulary_and_weights_disagree(xlmr):
    change_config(xlmr, vocab_size=7)
    with pytest.raises(ValueError, match="LK706.*vocab_size 7.*164 rows"):
        load_checkpoint(xlmr)
    change_config(xlmr, vocab_size=150)

    def cut(weights):
        weights["roberta.embeddings.word_embeddings.weight"] = torch.zeros(150, 32)
        weights["lm_head.bias"] = torch.zeros(150)

    change_weights(xlmr, cut)
    with pytest.raises(ValueError, match="LK706.*164 pieces.*150 rows"):
        load_checkpoint(xlmr)


def test_vocabulary_of_a_luke_disagrees(luke):
    change_config(luke, vocab_size=600)
    with pytest.raises(ValueError, match="LK706.*vocab_size 600.*502 rows"):
        load_checkpoint(luke)


def test_unused_weights(luke):
    change_weights(luke, lambda weights: weights.update({"adapter.up": torch.zeros(1), "encoder.x": torch.zeros(1)}))
    with pytest.raises(ValueError, match="LK707.* 2 weights.*adapter.up, encoder.x"):
        load_checkpoint(luke)


def test_missing_weights(xlmr, luke):
    change_weights(luke, lambda weights: weights.pop("encoder.layer.1.output.dense.bias"))
    with pytest.raises(ValueError, match="LK708.* 1 weights.*encoder.layer.1.output.dense.bias"):
        load_checkpoint(luke)
    change_weights(xlmr, lambda weights: weights.pop("lm_head.dense.bias"))
    with pytest.raises(ValueError, match="LK708.*lm_head.dense.bias"):
        load_checkpoint(xlmr)
    change_weights(xlmr, lambda weights: weights.pop("roberta.embeddings.word_embeddings.weight"))
    with pytest.raises(ValueError, match="LK708.*embeddings.word_embeddings.weight"):
        load_checkpoint(xlmr)


def test_wrong_shape(luke):
    change_weights(luke, lambda weights: weights.update({"encoder.layer.0.output.dense.bias": torch.zeros(31)}))
    with pytest.raises(ValueError, match=r"LK709.*output.dense.bias.*\(31,\).*\(32,\)"):
        load_checkpoint(luke)


def test_harmless_weights_are_left_out(luke):
    names = ["pooler.dense.weight", "embeddings.position_ids", "classifier.weight"]
    change_weights(luke, lambda weights: weights.update({name: torch.zeros(3) for name in names}))
    assert not set(names) & set(load_checkpoint(luke).weights)


def test_special_entities(luke):
    write_json(luke / "entity_vocab.json", {"[PAD]": 0, "Tokyo": 1})
    with pytest.raises(ValueError, match=r"LK710.*\[UNK\], \[MASK\]"):
        load_checkpoint(luke)
    write_json(luke / "entity_vocab.json", {"[PAD]": 0, "[UNK]": 1, "[MASK]": 900})
    with pytest.raises(ValueError, match="LK711.*900.*5 rows"):
        load_checkpoint(luke)
    change_config(luke, entity_vocab_size=900)
    with pytest.raises(ValueError, match="LK711.*entity_vocab_size 900.*5 rows"):
        load_checkpoint(luke)
    (luke / "entity_vocab.json").write_bytes(b"")
    with pytest.raises(ValueError, match="LK710.*the file"):
        load_checkpoint(luke)
    (luke / "entity_vocab.json").unlink()
    with pytest.raises(ValueError, match="LK710"):
        load_checkpoint(luke)
