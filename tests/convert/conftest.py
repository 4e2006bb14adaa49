"""Directories with a tiny tokenizer, a fresh copy for each test."""

import shutil

import pytest

from .. import vocabularies


@pytest.fixture(scope="session")
def tokenizers(tmp_path_factory):
    root = tmp_path_factory.mktemp("tokenizers")
    vocabularies.write_bpe(root / "bpe")
    vocabularies.write_sentencepiece(root / "unigram")
    vocabularies.write_wordpiece(root / "wordpiece")
    return root


@pytest.fixture
def make_directory(tokenizers, tmp_path):
    """kind of tokenizer -> a directory that holds it."""

    def make(kind: str, name: str = "source"):
        return shutil.copytree(tokenizers / kind, tmp_path / name)

    return make
