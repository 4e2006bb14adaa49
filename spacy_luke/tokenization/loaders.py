"""Reading the tokenizer of a checkpoint directory into a `tokenizers.Tokenizer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import srsly

from ..errors import Errors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_ROLES = {
    "cls": "cls_token",
    "sep": "sep_token",
    "pad": "pad_token",
    "mask": "mask_token",
    "unk": "unk_token",
    "ent": "entity_token_1",
    "ent2": "entity_token_2",
}


def load_tokenizer(path: Path) -> tuple[Tokenizer, dict[str, str]]:
    """The tokenizer of a directory and the names of its special pieces by role.

    RAISES: LK202 if the directory has no tokenizer we can read.
    """
    from tokenizers import Tokenizer

    if (path / "tokenizer.json").is_file():
        return Tokenizer.from_file(str(path / "tokenizer.json")), special_names(path)
    raise ValueError(Errors.LK202.format(path=path))


def special_names(path: Path) -> dict[str, str]:
    """Special pieces by role as tokenizer_config.json and special_tokens_map.json name them."""
    found: dict[str, str] = {}
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if not (path / name).is_file():
            continue
        entries = srsly.read_json(path / name)
        for role, key in _ROLES.items():
            value = entries.get(key)
            if isinstance(value, dict):
                value = value.get("content")
            if value:
                found[role] = value
    return found
