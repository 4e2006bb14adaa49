"""What a training step of luke_linker is: the paper's, with numbers and gradients of transformers' LukeForMaskedLM."""

from __future__ import annotations

import numpy
import pytest
import torch
from spacy.tokens import Span
from spacy.training import Example

from spacy_luke.pipeline import linker_batch

from ..linking import words_doc
from .loop import MENTIONS, PRIOR_WEIGHT, WORDS, Setting, alias_of, random_priors

PRIORS = random_priors()
# Two wait with their gold entity, one with gold NIL, one is not annotated, one has another gold than its candidates.
SHOWN, SHOWN_NIL, UNKNOWN, LOST = {1, 4}, 5, 7, 8
GOLD = [PRIORS[alias_of(WORDS, span)][0][-1] for span in MENTIONS]
GOLD[2] = GOLD[SHOWN_NIL] = "NIL"
GOLD[UNKNOWN], GOLD[LOST] = "", "E-none"
TRAINED = [i for i in range(len(MENTIONS)) if i not in {*SHOWN, SHOWN_NIL, UNKNOWN, LOST}]


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return Setting(tmp_path_factory.mktemp("luke"), **no_dropout)


@pytest.fixture
def masked(monkeypatch):
    def choose(doc_of, share):
        assert share == 0.9
        mask = numpy.ones(len(doc_of), bool)
        mask[[*SHOWN, SHOWN_NIL]] = False
        return mask

    monkeypatch.setattr(linker_batch, "choose_masked", choose)


def _example(nlp):
    gold = words_doc(nlp, WORDS, [])
    gold.ents = [Span(gold, *span, label="X", kb_id=id) for span, id in zip(MENTIONS, GOLD)]
    return Example(words_doc(nlp, WORDS, []), gold)


def _their_loss(setting, nil: torch.nn.Linear, scale, prior):
    """Cross-entropy over candidates and NIL, the mean over the trained mentions."""
    loop, model = setting.loop, setting.model
    pieces, slots = loop._window(WORDS, MENTIONS)
    positions = torch.full((1, len(slots), 30), -1)
    for i, (row, _, _) in enumerate(slots):
        positions[0, i, : len(row)] = torch.tensor(row)
    vocabulary = loop.tokenizer.entity_vocab
    ids = torch.tensor([[vocabulary[GOLD[i] if i in SHOWN else "[MASK]"] for i in range(len(MENTIONS))]])
    out = model.luke(torch.tensor([pieces]), entity_ids=ids, entity_position_ids=positions)
    queries = model.entity_predictions.transform(out.entity_last_hidden_state[0])
    table, bias = model.entity_predictions.decoder.weight.detach(), model.entity_predictions.bias.detach()
    losses = []
    for i in TRAINED:
        names, priors = PRIORS[alias_of(WORDS, MENTIONS[i])]
        rows = torch.tensor([vocabulary[name] for name in names])
        scores = scale * table[rows] @ queries[i] + bias[rows] + prior * torch.log(torch.tensor(priors))
        scores = torch.cat([scores, nil(queries[i])])
        losses.append(-torch.log_softmax(scores, dim=0)[[*names, "NIL"].index(GOLD[i])])
    return torch.stack(losses).mean()


def test_loss_and_gradients_are_theirs(setting, masked):
    nil = torch.nn.Linear(16, 1)
    nil.weight.data, nil.bias.data = torch.tensor(setting.head["W"])[None], torch.tensor(setting.head["b"])
    scale, prior = torch.tensor([1.0], requires_grad=True), torch.tensor([PRIOR_WEIGHT], requires_grad=True)
    setting.model.zero_grad()
    expected = _their_loss(setting, nil, scale, prior)
    expected.backward()

    nlp, linker = setting.linker(PRIORS)
    losses = linker.update([_example(nlp)], drop=0.0)
    assert losses["luke_linker"] == pytest.approx(expected.item(), abs=1e-5) and expected.item() > 0.1

    scores, head = linker.model.get_ref("candidate_scores"), linker.model.get_ref("head")
    for layer, name, value in (
        (scores, "scale", scale.grad),
        (scores, "W", nil.weight.grad[0]),
        (scores, "b", nil.bias.grad),
        (head, "W", setting.model.entity_predictions.transform.dense.weight.grad),
        (head, "beta", setting.model.entity_predictions.transform.LayerNorm.bias.grad),
    ):
        numpy.testing.assert_allclose(layer.get_grad(name), value.numpy(), atol=1e-5)
    theirs = dict(setting.model.luke.named_parameters())
    ours = dict(linker.model.get_ref("encoder").shims[0].encoder.named_parameters())
    compared = [name for name, value in ours.items() if value.grad is not None and name in theirs]
    assert len(compared) > 40
    for name in compared:
        if name != "entity_embeddings.entity_embeddings.weight":
            numpy.testing.assert_allclose(ours[name].grad, theirs[name].grad, atol=1e-4, err_msg=name)
    # of the entity table only the special rows are parameters; those that are shown have no gradient here
    name = "entity_embeddings.entity_embeddings.weight"
    assert len(ours[name]) == 4 and (theirs[name].grad[4:] != 0).any()
    numpy.testing.assert_allclose(ours[name].grad[2], theirs[name].grad[2], atol=1e-4)


def test_the_knowledge_base_stays(setting):
    nlp, linker = setting.linker(PRIORS)
    rows = numpy.arange(len(linker.kb))
    before = linker.kb.vectors_of(rows)
    for _ in range(3):
        linker.update([_example(nlp)], sgd=nlp.create_optimizer())
    numpy.testing.assert_array_equal(linker.kb.vectors_of(rows), before)


def test_accumulated_batches_give_the_mean_gradient(setting, masked):
    def gradients(times):
        nlp, linker = setting.linker(PRIORS)
        seen = {}
        for _ in range(times):
            linker.update([_example(nlp)], drop=0.0)
        linker.finish_update(lambda key, weights, gradient, **_: (weights, seen.setdefault(key[1], gradient.copy())))
        return seen

    one, three = gradients(1), gradients(3)
    assert len(one) > 40
    for name, gradient in one.items():
        numpy.testing.assert_allclose(three[name], gradient, atol=1e-5)


def test_every_step_masks_anew(setting):
    nlp, linker = setting.linker(PRIORS)
    seen = {round(linker.update([_example(nlp)], drop=0.0)["luke_linker"], 6) for _ in range(10)}
    assert len(seen) > 3


def test_dropout_of_the_head(setting, masked):
    nlp, linker = setting.linker(PRIORS)
    without = {linker.update([_example(nlp)], drop=0.0)["luke_linker"] for _ in range(3)}
    with_it = {linker.update([_example(nlp)], drop=0.5)["luke_linker"] for _ in range(3)}
    assert max(without) - min(without) < 1e-5 < max(with_it) - min(with_it)
