"""Knowledge bases of every kind under luke_linker, what it says of them, and bad input."""

from __future__ import annotations

import warnings

import numpy
import pytest
import spacy

from spacy_luke.kb.build import build_kb

from ..linking import IDS, PRIORS, add_linker, answers, doc_with, example, memory_kb, spacy_kb
from ..tiny import encoder_config
from .loop import Setting

TEXT, ENTS = "Tokyo saw Japan", [(0, 5, "X", "Q1"), (10, 15, "X", "Q3")]
STOCK = {"@misc": "spacy.EmptyKB.v2"}
MMAP = "spacy_luke.MMapKB.v1"


def _on_disk(path, **more):
    links = [(alias, id, 10) for alias, (ids, _) in PRIORS.items() for id in ids]
    build_kb(path, [{"id": id} for id in IDS], links, **more)
    return spacy.registry.misc.get(MMAP)(path=str(path))


def _ask(nlp):
    return nlp(doc_with(nlp, TEXT, [(*ent[:3], "") for ent in ENTS]))


@pytest.mark.parametrize("width", [0, 32])
def test_a_knowledge_base_without_vectors_links_by_priors(xlmr, tmp_path, width):
    nlp = spacy.blank("en")
    examples = [example(nlp, TEXT, ENTS)]
    linker = add_linker(nlp, xlmr, examples, kb=_on_disk(tmp_path / "kb", width=width))
    linker.update(examples, sgd=nlp.create_optimizer())
    for options in answers(_ask(nlp)).values():
        first, second, nil = options.values()
        assert first == pytest.approx(second) and first + second + nil == pytest.approx(1)


def test_both_kinds_give_the_same(xlmr):
    found = []
    for kb, config in ((memory_kb, {}), (spacy_kb, {"generate_empty_kb": STOCK})):
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        add_linker(nlp, xlmr, [example(nlp, TEXT, ENTS)], kb=kb, **config)
        found.append(answers(_ask(nlp)))
    for span, options in found[0].items():
        assert found[1][span] == pytest.approx(options, abs=1e-5)


def test_another_knowledge_base_for_a_trained_pipe(xlmr):
    nlp = spacy.blank("en")
    linker = add_linker(nlp, xlmr)
    before = linker.model.to_bytes()
    linker.set_kb(lambda vocab: memory_kb(vocab, ["mine"], {"Tokyo": (["mine"], [1.0])}))
    assert list(answers(_ask(nlp)).values())[0].keys() == {"mine", "NIL"}
    assert linker.model.to_bytes() == before


def test_what_a_config_names_is_opened(xlmr, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}})
    _on_disk(tmp_path / "kb")
    loader = {"@misc": MMAP, "path": str(tmp_path / "kb")}
    nlp.config["initialize"]["components"]["luke_linker"] = {"kb_loader": loader}
    with pytest.warns(UserWarning, match="LKW513"):
        nlp.initialize(lambda: [example(nlp, TEXT, ENTS)])
    assert set(list(answers(_ask(nlp)).values())[0]) == {"Q1", "Q2", "NIL"}
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "kb").rename(tmp_path / "away")  # the pipeline carries its own
    again = spacy.load(tmp_path / "model")
    assert answers(_ask(again)) == answers(_ask(nlp))


def test_a_knowledge_base_that_cannot_be_loaded_again(xlmr):
    with pytest.warns(UserWarning, match="LKW515.*InMemoryLookupKB.*MMapKB.*spacy.EmptyKB.v2"):
        linker = spacy.blank("en").add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}})
        linker.set_kb(spacy_kb)


# --- what it counts ------------------------------------------------------------------------------


def _messages(xlmr, kb, *examples, **config):
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}, **config})
    examples = [example(nlp, *each) for each in examples]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        linker.initialize(lambda: examples, nlp=nlp, kb_loader=kb)
    return [text for warning in seen if (text := str(warning.message)).startswith("[LKW5")]


def _kb(vocab):
    vectors = numpy.ones((5, 32))
    vectors[4] = 0
    return memory_kb(vocab, [*IDS, "empty"], {**PRIORS, "old": (["empty"], [0.5])}, vectors=vectors)


def test_nothing_to_say(xlmr):
    assert _messages(xlmr, _kb, (TEXT, ENTS), ("old Tokyo", [(4, 9, "X", "NIL")])) == []


def test_no_links(xlmr):
    for ents in ([], [(4, 9, "X", "")], [(4, 9, "X", "NIL")]):
        [message] = _messages(xlmr, _kb, ("old Tokyo", ents))
        assert message.startswith("[LKW510]")


def test_what_is_lost_is_counted(xlmr):
    [entity, candidate, vector] = _messages(
        xlmr,
        _kb,
        ("Tokyo saw Japan", [(0, 5, "X", "Q77"), (10, 15, "X", "Q3")]),
        ("Tokyo saw Japan", [(0, 5, "X", "Q77"), (10, 15, "X", "Q1")]),
        ("old Tokyo", [(0, 3, "X", "empty"), (4, 9, "X", "NIL")]),
    )
    assert "LKW511" in entity and "2 of 5 gold links (40.0%)" in entity and "as Q77." in entity
    assert "LKW512" in candidate and "1 of 5 gold links (20.0%)" in candidate and "Japan (Q1)" in candidate
    assert "LKW513" in vector and "1 of 2 gold entities" in vector and "as empty:" in vector


def test_gold_that_cannot_be_aligned_is_counted(xlmr):
    nlp = spacy.blank("en")
    reference = spacy.tokens.Doc(nlp.vocab, ["Tokyo", "based", "in", "Japan"], [False, True, True, False])
    reference.ents = [
        spacy.tokens.Span(reference, start, start + 1, label="X", kb_id=id) for start, id in ((0, "Q1"), (3, "Q3"))
    ]
    given = spacy.training.Example(nlp.make_doc("Tokyobased in Japan"), reference)
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}})
    with pytest.warns(UserWarning, match="LKW514.*1 gold links.*'Tokyo'"):
        linker.initialize(lambda: [given], nlp=nlp, kb_loader=memory_kb)


def test_labels_that_are_not_linked_are_not_counted(xlmr):
    given = ("Tokyo saw Japan", [(0, 5, "A", "Q77"), (10, 15, "B", "Q3")])
    assert _messages(xlmr, memory_kb, given, labels_discard=["A"]) == []
    [message] = _messages(xlmr, memory_kb, given, labels=["A"])
    assert "LKW511" in message and "1 of 1" in message


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"mode": "glob"}, "'glob'.*global.*exact.*local"),
        ({"confidence": 1.5}, "LK511.*1.5"),
        ({"confidence": -0.1}, "LK511.*-0.1"),
    ],
)
def test_settings(xlmr, config, message):
    with pytest.raises(ValueError, match=message):
        spacy.blank("en").add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}, **config})


def test_no_knowledge_base(xlmr):
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}})
    with pytest.raises(ValueError, match="LK512.*'luke_linker' got a str as kb_loader"):
        linker.set_kb("kb/")
    with pytest.raises(ValueError, match="LK512.*function that returns a NoneType"):
        linker.set_kb(lambda vocab: None)
    with pytest.raises(ValueError, match="LK514.*no knowledge base"):
        nlp.initialize(lambda: [example(nlp, TEXT, ENTS)])
    with pytest.raises(ValueError, match="LK514.*no knowledge base"):
        _ask(nlp)
    with pytest.raises(ValueError, match="LK514"):
        linker.initialize(lambda: [example(nlp, TEXT, ENTS)], kb_loader=lambda vocab: memory_kb(vocab, [], {}))


@pytest.mark.parametrize("config", [{}, {"generate_empty_kb": STOCK}])
def test_vectors_of_another_width(xlmr, config):
    nlp = spacy.blank("en")
    linker = nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}, **config})
    kb = spacy_kb if config else memory_kb
    with pytest.raises(ValueError, match="LK513.*7 wide.*encoder 32.*kb embed"):
        linker.initialize(lambda: [example(nlp, TEXT, ENTS)], kb_loader=lambda vocab: kb(vocab, width=7))
    linker.initialize(lambda: [example(nlp, TEXT, ENTS)], kb_loader=kb)
    with pytest.raises(ValueError, match="LK513"):
        linker.set_kb(lambda vocab: kb(vocab, width=7))
    assert linker.kb.entity_vector_length == 32  # the old one stays


def test_the_width_is_that_of_entity_vectors_not_of_hidden_states(tmp_path):
    """The tiny LUKE: 32 and 16."""
    setting = Setting(tmp_path)
    add_linker(spacy.blank("en"), tmp_path, kb=setting.kb({}))
    with pytest.raises(ValueError, match="LK513.*32 wide.*encoder 16"):
        add_linker(spacy.blank("en"), tmp_path)


def test_a_pipe_that_was_not_initialised(xlmr):
    nlp = spacy.blank("en")
    nlp.add_pipe("luke_linker", config={"model": {"encoder": encoder_config(xlmr)}}).set_kb(memory_kb)
    with pytest.raises(ValueError, match="LK401"):
        _ask(nlp)
