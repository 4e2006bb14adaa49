"""The entity side of a checkpoint: a few special rows are parameters, the big table is data."""

from __future__ import annotations

import mmap
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Errors

if TYPE_CHECKING:
    import numpy
    import torch

# Rows of the encoder's own table of special entities, in our order (`special_entities` of config.json).
SPECIAL_ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}

TABLE = "entity_embeddings.entity_embeddings.weight"
BIAS = "entity_predictions.bias"


def find_special_ids(path: Path) -> dict[str, int]:
    """The ids of the special entities in an entity_vocab.json, which differ from checkpoint to checkpoint
    (0, 1, 2 in LUKE, others in mLUKE, [MASK] 0 in the lite ones). The file, 418 MB for mLUKE, is not parsed.

    RAISES: LK710 if there is no file, or [PAD], [UNK] or [MASK] is not in it. [MASK2] may be missing.
    """
    if not path.is_file() or not path.stat().st_size:
        raise ValueError(Errors.LK710.format(path=path, missing="the file"))
    found: dict[str, int] = {}
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        # inside a title a quotation mark has a backslash in front, so this can only be a key
        for match in re.finditer(rb'"(\[(?:PAD|UNK|MASK|MASK2)\])"\s*:\s*(\d+)', text):
            found[match[1].decode()] = int(match[2])
    missing = [name for name in SPECIAL_ENTITIES if name not in found and name != "[MASK2]"]
    if missing:
        raise ValueError(Errors.LK710.format(path=path, missing=", ".join(missing)))
    return found


def split_table(
    weights: dict[str, torch.Tensor],
    heads: dict[str, torch.Tensor],
    ids: dict[str, int],
    entities: int,
    path: Path,
) -> tuple[numpy.ndarray | None, numpy.ndarray | None]:
    """Leave the special rows in `weights` (and of the bias in `heads`), in our order; a missing [MASK2] is a
    copy of [MASK], as in the authors' conversion.

    ids: row of each special entity in the table. entities: rows the config says there are.
    RETURNS: the whole table (entities, emb) and the bias (entities,), on pages of the file, fp16 or fp32;
        None for a lite checkpoint, which has special rows only.
    RAISES: LK708 without a table, LK711 if its rows are not those of the config, or an id is beyond them.
    """
    import torch

    if TABLE not in weights:
        raise ValueError(Errors.LK708.format(path=path, n=1, names=TABLE))
    table, bias = weights[TABLE], heads.get(BIAS)
    rows = torch.tensor([ids.get(name, ids["[MASK]"]) for name in SPECIAL_ENTITIES])
    if len(table) != entities or int(rows.max()) >= entities:
        raise ValueError(Errors.LK711.format(path=path, ids=ids, config=entities, rows=len(table)))
    weights[TABLE] = table[rows]
    if bias is not None:
        heads[BIAS] = bias[rows]
    if len(table) <= len(SPECIAL_ENTITIES):
        return None, None
    return _to_numpy(table), None if bias is None else _to_numpy(bias)


def _to_numpy(tensor: torch.Tensor) -> numpy.ndarray:
    import torch

    if tensor.dtype not in (torch.float16, torch.float32):  # bfloat16 is unknown to NumPy
        tensor = tensor.float()
    return tensor.numpy()
