"""Tiny vocabularies trained on the spot, and texts that tokenizers tend to disagree about."""

from __future__ import annotations

import json
from pathlib import Path

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

# What the tiny vocabularies are trained on.
CORPUS = [
    "東京は日本の首都で、世界最大の都市のひとつである。",
    "山田太郎さんは昨日、京都駅で新幹線に乗りました。",
    "トヨタ自動車は愛知県豊田市に本社を置く。",
    "カタカナとひらがなと漢字が混ざった文章です。",
    "Tokyo is the capital of Japan, and Kyoto was its capital before.",
    "Barack Obama was born in Honolulu; he didn't live there long.",
    "The quick brown fox jumps over the lazy dog in 2024 @home #1.",
    "München liegt in Bayern, París no está en España.",
    "ABC株式会社のCEOはJohn Smith氏です。",
    "한국어 문장도 조금 있습니다.",
]

# Texts to compare tokenizers on, each with mentions [start, end) that do not overlap: head and tail.
TEXTS = [
    ("東京は日本の首都です。", (0, 2), (3, 5)),
    ("山田太郎さんは京都駅に行った", (7, 10), (0, 4)),
    ("Tokyo is the capital of Japan.", (0, 5), (24, 29)),
    ("He didn't go to Kyoto's station", (16, 21), (3, 9)),
    ("ABC株式会社のJohn Smith氏", (0, 7), (8, 18)),
    ("私は Tokyo に住む Bob です", (3, 8), (13, 16)),
    ("😀東京👨‍👩‍👧と🇯🇵日本👍🏽", (1, 3), (11, 13)),
    ("ＡＢＣ株式会社　全角　１２３", (0, 7), (11, 14)),
    ("ｶﾞｿﾘﾝ価格 か\u3099き\u3099", (0, 5), (8, 10)),
    ("New  York   and  Los  Angeles  ", (0, 9), (17, 29)),
    ("  Paris,\tLondon\nand Rome ", (2, 7), (9, 15)),
    ("M\u00fcnchen e\u0301t\u00e9 na\u00efve", (0, 7), (8, 12)),
    ("Tokyo", (0, 2), (2, 5)),
    ("株①㍿㌔½ﬁ…〜～", (0, 1), (2, 4)),
    ("서울은 한국의 수도", (0, 2), (4, 6)),
]


def write_bpe(path: Path) -> Path:
    """A directory as LukeTokenizer reads and writes it: byte-level BPE, <ent>, <ent2>, entity_vocab.json."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    path.mkdir(parents=True, exist_ok=True)
    tokenizer.model.save(str(path))
    size = tokenizer.get_vocab_size()
    write_json(path / "added_tokens.json", {"<ent>": size, "<ent2>": size + 1})
    write_json(path / "tokenizer_config.json", {"tokenizer_class": "LukeTokenizer"})
    write_json(path / "entity_vocab.json", {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "Tokyo": 3, "[MASK2]": 4})
    return path


def write_sentencepiece(path: Path) -> Path:
    """A directory as MLukeTokenizer reads and writes it: Unigram with nmt_nfkc, no byte fallback."""
    import sentencepiece

    path.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 3),
        model_prefix=str(path / "sentencepiece.bpe"),
        model_type="unigram",
        vocab_size=230,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="nmt_nfkc",
        byte_fallback=False,
        minloglevel=2,
    )
    (path / "sentencepiece.bpe.vocab").unlink()
    write_json(path / "tokenizer_config.json", {"tokenizer_class": "MLukeTokenizer"})
    names = {"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3, "en:Tokyo": 4, "ja:東京": 4, "en:Japan": 5}
    write_json(path / "entity_vocab.json", names)
    return path


def write_wordpiece(path: Path) -> Path:
    """A directory as BertTokenizer reads and writes it."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(CORPUS, vocab_size=400, min_frequency=1, show_progress=False)
    path.mkdir(parents=True, exist_ok=True)
    tokenizer.save_model(str(path))
    write_json(path / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer"})
    return path


def write_json(path: Path, value) -> None:
    """Readable and stable."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf8")
