"""Cut a Unigram vocabulary, and the rows of the word table, to the scripts in use.

XLM-R's vocabulary has 250,002 pieces; Han, kana and Latin together are about half of it. The scores
stay as they are, so a text written in the kept scripts is cut into the same pieces as before.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from spacy_luke.errors import Errors

# How the Unicode names of a script's characters begin, where that is not simply the script's name.
# unicodedata knows no script property; KATAKANA-HIRAGANA is the long-vowel mark of both.
NAME_BEGINS = {
    "han": ("CJK ", "IDEOGRAPHIC ", "VERTICAL IDEOGRAPHIC ", "HANGZHOU "),
    "hiragana": ("HIRAGANA ", "KATAKANA-HIRAGANA "),
    "katakana": ("KATAKANA ", "KATAKANA-HIRAGANA "),
}
# Letters and marks of no script of their own: accents, modifiers, variation selectors.
COMMON = ("COMBINING ", "MODIFIER ", "VARIATION ")
WORD_TABLE = "word_embeddings.weight"


@cache
def letter_name(char: str) -> str:
    """The Unicode name of a letter or mark, "" for all else (digits, punctuation, symbols, accents)."""
    if unicodedata.category(char)[0] not in "LM":
        return ""
    name = unicodedata.name(char, "UNNAMED")
    return "" if name.startswith(COMMON) else name


def pieces_in_scripts(pieces: Sequence[str], scripts: Iterable[str]) -> list[bool]:
    """True for each piece whose letters are all of the scripts named, as "Han" or "Latin"; a piece
    without a letter is in every script. Raises ValueError LK753 for a script no piece is written in."""
    begins = {script: NAME_BEGINS.get(script.lower(), (script.upper() + " ",)) for script in scripts}
    names = [list(filter(None, map(letter_name, piece))) for piece in pieces]
    for script, begin in begins.items():
        if not any(name.startswith(begin) for letters in names for name in letters):
            raise ValueError(Errors.LK753.format(script=script, number=len(pieces)))
    all_begins = tuple(begin for group in begins.values() for begin in group)
    return [all(name.startswith(all_begins) for name in letters) for letters in names]


def choose_pieces(
    tokenizer: dict, scripts: Sequence[str], latin: int | None = None, corpus: Sequence[Path] = ()
) -> list[int]:
    """Ids to keep, in order: special pieces, and all pieces of the scripts. Where `latin` or `corpus`
    is given, of the Latin pieces longer than a letter only the `latin` most probable ones and those
    seen in the corpus (UTF-8 files, tokenised line by line) stay.

    tokenizer (dict): a tokenizer.json with a Unigram model.
    """
    vocab = tokenizer["model"]["vocab"]
    pieces = [piece for piece, _ in vocab]
    specials = {token["content"] for token in tokenizer["added_tokens"]}
    keep = pieces_in_scripts(pieces, scripts)
    if latin is not None or corpus:
        seen = _pieces_seen(tokenizer, corpus)
        is_long = [
            len(piece.strip("▁")) > 1 and piece not in specials and any(map(_is_latin, piece)) for piece in pieces
        ]
        long_latin = [i for i in range(len(vocab)) if keep[i] and is_long[i]]
        best = sorted(long_latin, key=lambda i: -vocab[i][1])[: latin or 0]
        for i in set(long_latin).difference(best):
            keep[i] = i in seen
    unk = tokenizer["model"]["unk_id"]
    return [i for i, piece in enumerate(pieces) if keep[i] or i == unk or piece in specials]


def cut_tokenizer(tokenizer: dict, kept: Sequence[int]) -> dict:
    """The tokenizer.json with only the kept pieces, all ids in it renumbered."""
    new_id = {old: new for new, old in enumerate(kept)}
    model = dict(tokenizer["model"])
    model["vocab"] = [model["vocab"][i] for i in kept]
    model["unk_id"] = new_id[model["unk_id"]]
    added = [{**token, "id": new_id[token["id"]]} for token in tokenizer["added_tokens"]]
    post = json.loads(json.dumps(tokenizer.get("post_processor")))
    for token in (post or {}).get("special_tokens", {}).values():
        token["ids"] = [new_id[i] for i in token["ids"]]
    for name in ("sep", "cls"):
        if name in (post or {}):
            post[name][1] = new_id[post[name][1]]
    return {**tokenizer, "model": model, "added_tokens": added, "post_processor": post}


def cut_checkpoint(
    folder: Path, scripts: Sequence[str], latin: int | None = None, corpus: Sequence[Path] = ()
) -> tuple[int, int]:
    """Rewrite tokenizer.json, model.safetensors and config.json of a folder in Hugging Face layout.

    RETURNS (tuple[int, int]): how many pieces there were, and how many are left.
    Raises ValueError LK755 if the vocabulary is not a Unigram one, LK756 if it has more pieces than
    the word table has rows.
    """
    from safetensors.torch import load, save_file

    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    if tokenizer["model"].get("type") != "Unigram":
        raise ValueError(Errors.LK755.format(path=folder / "tokenizer.json", found=tokenizer["model"].get("type")))
    kept = choose_pieces(tokenizer, scripts, latin, corpus)
    tensors = load((folder / "model.safetensors").read_bytes())  # not mapped: the file is rewritten
    (table,) = [name for name in tensors if name.endswith(WORD_TABLE)]
    pieces, rows = len(tokenizer["model"]["vocab"]), len(tensors[table])
    if pieces > rows:
        raise ValueError(Errors.LK756.format(path=folder, pieces=pieces, rows=rows))
    tensors[table] = tensors[table][kept].contiguous()
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    new_id = {old: new for new, old in enumerate(kept)}
    config.update({k: new_id.get(v, v) for k, v in config.items() if k.endswith("_token_id")})
    config["vocab_size"] = len(kept)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    write_json(folder / "tokenizer.json", cut_tokenizer(tokenizer, kept), indent=None)
    write_json(folder / "config.json", config)
    return pieces, len(kept)


def write_json(path: Path, value: object, indent: int | None = 2) -> None:
    """UTF-8, characters as they are."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf8")


def _is_latin(char: str) -> bool:
    return letter_name(char).startswith("LATIN ")


def _pieces_seen(tokenizer: dict, corpus: Sequence[Path]) -> set[int]:
    from tokenizers import Tokenizer

    whole = Tokenizer.from_str(json.dumps(tokenizer))
    seen: set[int] = set()
    for path in corpus:
        with Path(path).open(encoding="utf8") as lines:
            for line in lines:
                seen.update(whole.encode(line, add_special_tokens=False).ids)
    return seen
