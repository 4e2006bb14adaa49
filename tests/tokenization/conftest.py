"""Tiny tokenizer directories, once per session."""

import pytest

from .. import vocabularies


@pytest.fixture(scope="session")
def bpe(tmp_path_factory):
    return vocabularies.write_bpe(tmp_path_factory.mktemp("bpe"))


@pytest.fixture(scope="session")
def unigram(tmp_path_factory):
    return vocabularies.write_sentencepiece(tmp_path_factory.mktemp("unigram"))


@pytest.fixture(scope="session")
def wordpiece(tmp_path_factory):
    return vocabularies.write_wordpiece(tmp_path_factory.mktemp("wordpiece"))
