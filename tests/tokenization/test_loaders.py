"""Tokenizer files -> pieces, against transformers and sentencepiece."""

from __future__ import annotations

import pytest

from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.tokenization.sentencepiece import SentencePieceModel

from ..vocabularies import CORPUS, TEXTS, write_json

SAMPLES = [*CORPUS, *(text for text, *_ in TEXTS), "[MASK] <s> ##x"]


def test_wordpiece(wordpiece):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.BertTokenizer.from_pretrained(wordpiece)
    ours = PieceTokenizer.from_directory(wordpiece)
    assert (ours.cls, ours.sep, ours.pad, ours.mask, ours.unk) == (
        theirs.cls_token_id,
        theirs.sep_token_id,
        theirs.pad_token_id,
        theirs.mask_token_id,
        theirs.unk_token_id,
    )
    assert (ours.ent, ours.ent2) == (None, None)
    for text in SAMPLES[:-1]:
        assert ours.encode([text])[0].ids.tolist() == theirs(text, add_special_tokens=False)["input_ids"], text


def test_wordpiece_of_mecab_is_refused(wordpiece, tmp_path):
    (tmp_path / "vocab.txt").write_bytes((wordpiece / "vocab.txt").read_bytes())
    write_json(tmp_path / "tokenizer_config.json", {"tokenizer_class": "BertJapaneseTokenizer"})
    with pytest.raises(ValueError, match="LK203.*MeCab"):
        PieceTokenizer.from_directory(tmp_path)


def test_sentencepiece_file_is_read_as_sentencepiece_reads_it(unigram):
    sentencepiece = pytest.importorskip("sentencepiece")
    file = unigram / "sentencepiece.bpe.model"
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(file))
    model = SentencePieceModel.from_file(file)
    assert [piece for piece, _, _ in model.pieces] == [theirs.id_to_piece(i) for i in range(len(theirs))]
    assert [score for _, score, _ in model.pieces] == [theirs.get_score(i) for i in range(len(theirs))]
    assert model.model_type == 1
    assert not model.byte_fallback
    assert len(model.charsmap) > 100_000


def test_sentencepiece_ids(unigram):
    sentencepiece = pytest.importorskip("sentencepiece")
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(unigram / "sentencepiece.bpe.model"))
    ours = PieceTokenizer.from_directory(unigram)
    for text in SAMPLES:
        expected = [i + 1 if i else 3 for i in theirs.encode(text)]
        assert ours.encode([text])[0].ids.tolist() == expected, text


def test_damaged_files(unigram, bpe, tmp_path):
    whole = (unigram / "sentencepiece.bpe.model").read_bytes()
    (tmp_path / "sentencepiece.bpe.model").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="LK204.*truncated"):
        PieceTokenizer.from_directory(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"version": ', encoding="utf8")
    with pytest.raises(ValueError, match="LK204.*tokenizer.json"):
        PieceTokenizer.from_directory(tmp_path)


def test_other_sentencepiece_models_are_refused(tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_prefix=str(tmp_path / "sentencepiece.bpe"),
        model_type="char",
        vocab_size=120,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    with pytest.raises(ValueError, match="LK205.*model type 4"):
        PieceTokenizer.from_directory(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match="LK202.*tokenizer.json"):
        PieceTokenizer.from_directory(tmp_path)


def test_missing_special_piece(bpe, tmp_path):
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((bpe / name).read_bytes())
    write_json(tmp_path / "tokenizer_config.json", {"mask_token": "[BLANK]"})
    with pytest.raises(ValueError, match=r"LK201.*mask.*\[BLANK\]"):
        PieceTokenizer.from_directory(tmp_path)


def test_hole_in_the_ids(bpe, tmp_path):
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((bpe / name).read_bytes())
    write_json(tmp_path / "added_tokens.json", {"<ent>": 900})
    with pytest.raises(ValueError, match="LK206.*900.*500"):
        PieceTokenizer.from_directory(tmp_path)


def test_limits_that_transformers_writes_are_read(bpe, tmp_path):
    for file in bpe.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    write_json(tmp_path / "tokenizer_config.json", {"model_max_length": 10**30})
    assert PieceTokenizer.from_directory(tmp_path).ent == 500
