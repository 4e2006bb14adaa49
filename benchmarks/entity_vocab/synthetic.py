"""A made-up multilingual entity vocabulary of the size of mLUKE's: 1.2 M entities, 24 languages.

Names are words of a Zipf law, one of which is spelled from the entity's number, so that no two entities
share a name. Latin languages often share the same name, as those of people do. Everything follows the seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SPECIALS = ["[PAD]", "[UNK]", "[MASK]"]
LATIN = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "fi", "tr", "vi", "id"]
# letters of a script: consonants and vowels, or syllables where the script writes those
SCRIPTS = {
    "latin": ("b c d f g h j k l m n p r s t v z ch sch".split(), "a e i o u ä é ia ou".split(), " "),
    "ru": ("б в г д ж з к л м н п р с т ф х ц ч ш".split(), "а е и о у я ю ы ё".split(), " "),
    "el": ("β γ δ ζ θ κ λ μ ν ξ π ρ σ τ φ χ ψ".split(), "α ε η ι ο υ ω ού αί".split(), " "),
    "ar": ("ب ت ث ج ح د ر ز س ش ع ف ق ك ل م ن".split(), "ا و ي ة ى".split(), " "),
    "fa": ("ب پ ت ج چ د ر ز س ش ف ک گ ل م ن".split(), "ا و ی ه".split(), " "),
    "hi": ("क ख ग च ज ट ड त द न प ब म र ल व स ह".split(), "ा ि ी ु ू े ै ो ौ".split(), " "),
    "bn": ("ক খ গ চ জ ট ড ত দ ন প ব ম র ল স হ".split(), "া ি ী ু ূ ে ৈ ো ৌ".split(), " "),
    "te": ("క ఖ గ చ జ ట డ త ద న ప బ మ ర ల వ స".split(), "ా ి ీ ు ూ ె ే ొ ో".split(), " "),
    "th": ("ก ข ค ง จ ช ด ต ท น บ ป พ ม ร ล ว ส".split(), "า ิ ี ุ ู เ แ โ ไ".split(), ""),
    "ko": ("가 나 다 라 마 바 사 아 자 차 카 타 파 하".split(), ["", "고", "리", "스", "인", "장"], " "),
    "ja": ("ア カ サ タ ナ ハ マ ヤ ラ ワ 東 西 南 北 山 川".split(), "ン ー ス ト ル リ 田 本 村 市".split(), ""),
    "zh": ("東 西 南 北 中 山 川 大 小 新 李 王 林 馬 德".split(), "斯 特 爾 克 安 拉 州 市 縣 路".split(), ""),
}
LANGUAGES = [*LATIN, *(script for script in SCRIPTS if script != "latin")]  # 24
WORDS = 20_000


class Names:
    """Names of entities in all languages."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.syllables = {s: [a + b for a in first for b in second] for s, (first, second, _) in SCRIPTS.items()}
        self.words = {script: self._make_words(script) for script in SCRIPTS}

    def _make_words(self, script: str) -> list[str]:
        syllables = np.array(self.syllables[script], dtype=object)
        lengths = self.rng.integers(1, 5, WORDS)
        return ["".join(syllables[self.rng.integers(0, len(syllables), n)]).capitalize() for n in lengths.tolist()]

    def spelled(self, number: int, script: str) -> str:
        """A word that stands for this number alone; a capital letter or its place ends it."""
        syllables, word = self.syllables[script], ""
        for _ in range(4):
            number, rest = divmod(number, len(syllables))
            word += syllables[rest]
        return word.capitalize()

    def chunk(self, first: int, entities: int) -> Iterator[list[tuple[str, str]]]:
        """For each entity its (title, language) pairs, 3 to 24 of them, 7.5 in the mean."""
        rng = self.rng
        numbers = np.minimum(3 + rng.geometric(0.2, entities) - 1, len(LANGUAGES))
        numbers = np.where(rng.random(entities) < 0.02, len(LANGUAGES), numbers).tolist()
        zipf = ((rng.random((entities, len(SCRIPTS), 3)) ** 4) * WORDS).astype(int)
        more = rng.choice(4, (entities, len(SCRIPTS)), p=[0.15, 0.5, 0.25, 0.1])
        own = (rng.random((entities, len(LATIN))) < 0.5).tolist()
        order = np.argsort(rng.random((entities, len(LANGUAGES))) + 0.05 * np.arange(len(LANGUAGES)), axis=1)
        zipf, more, order = zipf.tolist(), more.tolist(), order.tolist()
        scripts = list(SCRIPTS)
        for i in range(entities):
            by_script: dict[str, str] = {}
            pairs = []
            for language in (LANGUAGES[j] for j in order[i][: numbers[i]]):
                script = "latin" if language in LATIN else language
                if script not in by_script:
                    s = scripts.index(script)
                    words = [self.words[script][w] for w in zipf[i][s][: more[i][s]]]
                    by_script[script] = SCRIPTS[script][2].join([*words, self.spelled(first + i, script)])
                title = by_script[script]
                if script == "latin" and own[i][LATIN.index(language)]:
                    title += f" ({language}{zipf[i][0][0] % 7})"
                pairs.append((title, language))
            yield pairs


def entities(number: int, seed: int) -> Iterator[list[tuple[str, str | None]]]:
    """`number` entities, special ones first."""
    for name in SPECIALS:
        yield [(name, None)]
    names = Names(np.random.default_rng(seed))
    for first in range(len(SPECIALS), number, 10_000):
        yield from names.chunk(first, min(10_000, number - first))


def write(folder: Path, number: int, seed: int) -> dict:
    """entity_vocab.json as Hugging Face writes mLUKE's (ASCII, one line), entity_vocab.jsonl as LUKE does,
    and qids.tsv; returns how many entities and names."""
    total, size = 0, 0
    with (
        open(folder / "entity_vocab.json", "w", encoding="utf8") as flat,
        open(folder / "entity_vocab.jsonl", "w", encoding="utf8") as lines,
        open(folder / "qids.tsv", "w", encoding="utf8") as qids,
    ):
        flat.write("{")
        for id, pairs in enumerate(entities(number, seed)):
            names = {title if language is None else f"{language}:{title}": id for title, language in pairs}
            flat.write((", " if id else "") + json.dumps(names)[1:-1])
            entry = {"id": id, "entities": pairs, "count": number - id}
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
            if id >= len(SPECIALS):
                title, language = pairs[0]
                qids.write(f"Q{id + 1}\t{language}\t{title}\n")
            total += len(names)
            size += sum(len(title.encode()) for title, _ in pairs)
        flat.write("}")
    return {"entities": number, "names": total, "bytes per title": round(size / total, 1)}
