"""configs/assemble.cfg: luke_ner of one pipeline and luke_linker of another in one."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
import spacy.cli
from spacy.training import Example
from typer.testing import CliRunner

from . import tiny
from .linking import add_linker, answers, doc_with, links

CONFIG = Path(__file__).parents[1] / "configs" / "assemble.cfg"
TEXT = "Tokyo is the capital of Japan"


@pytest.mark.skipif(not CONFIG.is_file(), reason="the configs are not here")
def test_entities_by_one_and_links_by_another(xlmr, xlmr_24, tmp_path):
    ner, linker = spacy.blank("en"), spacy.blank("en")
    ner.add_pipe("luke_ner", config=tiny.ner_config(xlmr))
    entities = {"entities": [(0, 5, "LOC"), (24, 29, "LOC")]}
    example = Example.from_dict(ner.make_doc(TEXT), entities)
    optimizer = ner.initialize(lambda: [example])
    optimizer.learn_rate = 0.01
    for _ in range(40):
        ner.update([example], sgd=optimizer)
    expected = [(ent.text, ent.label_) for ent in ner(TEXT).ents]
    assert len(expected) == 2
    pipe = add_linker(linker, xlmr_24)  # another encoder
    linked = pipe(doc_with(linker, TEXT, [(*entity, "") for entity in entities["entities"]]))
    ner.to_disk(tmp_path / "ner")
    linker.to_disk(tmp_path / "linker")
    paths = ["--paths.ner", tmp_path / "ner", "--paths.linker", tmp_path / "linker"]
    command = ["assemble", CONFIG, tmp_path / "both", "--nlp.lang", "en", *paths]
    result = CliRunner().invoke(spacy.cli.app, list(map(str, command)))
    assert result.exit_code == 0, result.output
    both = spacy.load(tmp_path / "both")
    assert both.pipe_names == ["luke_ner", "luke_linker"]
    doc = both(TEXT)
    assert [(ent.text, ent.label_) for ent in doc.ents] == expected
    assert links(doc) == links(linked)
    for span, options in answers(doc).items():
        assert options == pytest.approx(answers(linked)[span], abs=1e-5)
