"""<ent> and <ent2>, the pieces that stand around mentions in relation classification and typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..tokenization.pieces import PieceTokenizer

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

# The markers, and the pieces their rows start from (luke/utils/convert_luke_to_huggingface_model.py).
MARKERS = {"<ent>": "@", "<ent2>": "#"}


def add_markers(
    weights: dict[str, torch.Tensor],
    heads: dict[str, torch.Tensor],
    tokenizer: PieceTokenizer,
    *,
    spare_rows: bool,
) -> PieceTokenizer:
    """Add <ent> and <ent2> to the tokenizer and their rows to the word table and to lm_head.bias, unless
    they are there.

    spare_rows: rows behind the last piece are filling without a meaning (multilingual-e5 has 35) and are
        overwritten. In a LUKE they are the rows of the markers, which its tokenizer adds by itself.
    """
    full = tokenizer.tokenizer
    new = [marker for marker in MARKERS if full.token_to_id(marker) is None]
    if not new:
        return tokenizer
    full.add_special_tokens(new)
    for marker in new:
        row, start = full.token_to_id(marker), _start_piece(full, MARKERS[marker], tokenizer.unk)
        for table, name in ((weights, "embeddings.word_embeddings.weight"), (heads, "lm_head.bias")):
            if name in table and (spare_rows or row >= len(table[name])):
                table[name] = _with_row(table[name], row, start)
    return PieceTokenizer(full, tokenizer.names)


def _start_piece(full: Tokenizer, text: str, unk: int) -> int:
    """The piece a marker starts from: "@" as it stands inside a text, or behind a space."""
    ids = [full.token_to_id(name) for name in (text, f"▁{text}", f"Ġ{text}")]
    return next((i for i in ids if i is not None), unk)


def _with_row(table: torch.Tensor, row: int, start: int) -> torch.Tensor:
    import torch

    if row >= len(table):
        table = torch.cat([table, table.new_zeros((row + 1 - len(table), *table.shape[1:]))])
    else:
        table = table.clone()
    table[row] = table[start]
    return table
