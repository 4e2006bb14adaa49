from __future__ import annotations

import json

from spacy_luke.kb.entity_vocab import EntityVocab

MULTI = {"[MASK]": 0, "[UNK]": 1, "en:Japan": 2, "ja:日本": 2, "en:Help: film": 3, "en:2001: A Space Odyssey": 4}


def test_json_with_languages(tmp_path):
    (tmp_path / "entity_vocab.json").write_text(json.dumps(MULTI))
    EntityVocab.from_file(tmp_path / "entity_vocab.json").save(tmp_path / "vocab")
    vocab = EntityVocab.open(tmp_path / "vocab")
    assert len(vocab) == 5
    assert vocab.lookup("日本", "ja") == vocab.lookup("Japan", "en") == 2
    assert vocab.lookup("Help: film", "en") == 3
    assert vocab.lookup("日本") == vocab.lookup("日本", "en") == vocab.lookup(" film", "en:Help") == -1
    assert vocab.lookup_batch(["日本", "2001: A Space Odyssey"], ["ja", "en"]).tolist() == [2, 4]
    assert vocab.special("[MASK]") == 0
    assert vocab.titles(2) == [("Japan", "en"), ("日本", "ja")]
    vocab.to_entity_vocab_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf8")) == MULTI
