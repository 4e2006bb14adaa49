"""The data sets of the benchmark as train.spacy, dev.spacy and test.spacy."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

SCRIPT = Path(__file__).parents[2] / "scripts" / "linking_data.py"

# Name, language, what scripts/linking_data.py is to do with which folder of the shared data.
SETS = {
    "wiki_fair": ("en", ["wiki_fair", "el_en_wiki_fair"]),
    "gum": ("en", ["gum", "el_en_gum", "--names", "--gold-words"]),
    "istex": ("en", ["istex", "el_en_istex"]),
    "hipe2020_de": ("de", ["hipe", "el_multi_hipe2022/hipe2020/de", "--gold-words"]),
    "hipe2020_fr": ("fr", ["hipe", "el_multi_hipe2022/hipe2020/fr", "--gold-words"]),
    "hipe2020_en": ("en", ["hipe", "el_multi_hipe2022/hipe2020/en", "--gold-words"]),
    "topres19th": ("en", ["hipe", "el_multi_hipe2022/topres19th/en", "--gold-words"]),
}
# Not measured; all of their parts are sources of aliases.
MORE = {
    f"{name}_{lang}": (lang, ["hipe", f"el_multi_hipe2022/{name}/{lang}", "--gold-words"])
    for name, lang in (("newseye", "de"), ("newseye", "fr"), ("newseye", "fi"), ("newseye", "sv"), ("sonar", "de"))
}


def write_corpora(data: Path, out: Path) -> None:
    """Write a folder for each set. Where there is no training part, a fifth of the documents of dev, by a hash
    of the text, stays dev and the others become it."""
    for name, (_, (format, folder, *options)) in {**SETS, **MORE}.items():
        subprocess.run([sys.executable, SCRIPT, format, data / folder, out / name, *options], check=True)
        if name in SETS and not (out / name / "train.spacy").is_file():
            docs = read_docs(out / name / "dev.spacy")
            for split, wanted in (("train", False), ("dev", True)):
                kept = [doc for doc in docs if is_fifth(doc.text) is wanted]
                DocBin(attrs=["ORTH", "SPACY", "SENT_START", "ENT_IOB", "ENT_TYPE", "ENT_KB_ID"], docs=kept).to_disk(
                    out / name / f"{split}.spacy"
                )


def is_fifth(text: str) -> bool:
    return hashlib.sha256(text.encode("utf8")).digest()[0] % 5 == 0


def read_docs(path: Path, vocab: Vocab | None = None) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(vocab or Vocab()))


def read_parts(folder: Path, splits: Iterable[str]) -> Iterator[Doc]:
    for split in splits:
        if (folder / f"{split}.spacy").is_file():
            yield from read_docs(folder / f"{split}.spacy")
