"""The paper's loop, written straight on transformers' LukeForMaskedLM, and luke_linker on the same weights."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch

from ..linking import WIDTH, add_linker, memory_kb, write_luke

IDS = [f"E{i}" for i in range(20)]
PRIOR_WEIGHT = 0.4
WORDS = (
    "Tokyo is the capital of Japan and Kyoto was it before ; Barack Obama came to Honolulu , John Smith to Paris , "
    "München and London"
).split()
MENTIONS = [(0, 1), (5, 6), (7, 8), (12, 14), (16, 17), (18, 20), (21, 22), (23, 24), (25, 26)]


def alias_of(words, span) -> str:
    return " ".join(words[slice(*span)])


def random_priors(words=WORDS, mentions=MENTIONS) -> dict:
    """Alias -> 1 to 6 entities and their priors."""
    rng = numpy.random.default_rng(1)
    found = {}
    for span in mentions:
        n = int(rng.integers(1, 7))
        priors = numpy.sort(rng.dirichlet(numpy.ones(n + 1))[:n])[::-1]
        found[alias_of(words, span)] = (rng.choice(IDS, n, replace=False).tolist(), priors.tolist())
    return found


def best(options: dict[str, float]) -> str:
    return max(options, key=options.get)


class Loop:
    """One Doc, one pass for each mention: run the model with all undecided mentions as [MASK], softmax over the
    candidates and NIL of each, write the surest in, again (NAACL 2022, 3.3). "local": all from the first pass."""

    def __init__(self, path, model, head):
        from transformers import LukeTokenizer

        self.tokenizer = LukeTokenizer.from_pretrained(path)
        self.model, self.head = model, head
        self.limit = model.config.max_position_embeddings - 2
        self.n_told: list[int] = []  # entities that were carried, window by window and pass by pass

    def run(self, words, spans, priors, mode, windows=None):
        """windows: pieces, (slot, place of its mention in spans, is it asked here); None: LukeTokenizer's one. Spans
        in the order of the text. RETURNS: span -> probability of each option; the spans in the order of decision."""
        windows = windows or [self._window(words, spans)]
        entities, decided, order = ["[MASK]"] * len(spans), {}, []
        options = [priors[alias_of(words, span)] for span in spans]
        for _ in spans:
            told = [self._told(windows, window, entities, [spans.index(span) for span in order]) for window in windows]
            found = self._pass(told, entities, options)
            if mode == "local":
                return {spans[i]: each for i, each in found.items()}, None
            surest = max(found.keys() - decided.keys(), key=lambda i: max(found[i].values()))
            decided[surest] = found[surest]
            order.append(spans[surest])
            if best(found[surest]) != "NIL":
                entities[surest] = best(found[surest])
        return {spans[i]: each for i, each in decided.items()}, order

    def _told(self, windows, window, entities, order):
        """The window, and in front of it the names of up to 8 entities decided before it, [SEP] behind each."""
        pieces, slots = window
        names = {mention: [p[i] for i in row] for p, found in windows for row, mention, _ in found}
        front, told = pieces[:1], {}
        for mention in order:
            entity, name = entities[mention], [*names[mention], pieces[-1]]
            is_before = mention < min(m for _, m, _ in slots) and entity != "[MASK]"
            has_room = len(told) < 8 and len(front) + len(name) + len(pieces) - 1 <= self.limit
            if is_before and entity not in told and has_room:
                told[entity] = (list(range(len(front), len(front) + len(name) - 1)), mention, False)
                front = front + name
        moved = [([p + len(front) - 1 for p in row], mention, asked) for row, mention, asked in slots]
        self.n_told.append(len(told))
        return front + pieces[1:], [*moved, *told.values()]

    def _window(self, words, spans):
        starts = numpy.cumsum([0, *(len(word) + 1 for word in words)])
        chars = [(int(starts[a]), int(starts[b] - 1)) for a, b in spans]
        found = self.tokenizer(" ".join(words), entities=["[MASK]"] * len(spans), entity_spans=chars)
        positions = [[p for p in row if p >= 0] for row in found["entity_position_ids"]]
        return found["input_ids"], [(row, i, True) for i, row in enumerate(positions)]

    @torch.no_grad()
    def _pass(self, windows, entities, options) -> dict[int, dict[str, float]]:
        found = {}
        vocabulary = self.tokenizer.entity_vocab
        for pieces, slots in windows:
            positions = torch.full((1, len(slots), 30), -1)
            for i, (row, _, _) in enumerate(slots):
                positions[0, i, : len(row)] = torch.tensor(row[:30])
            ids = torch.tensor([[vocabulary[entities[mention]] for _, mention, _ in slots]])
            out = self.model.luke(torch.tensor([pieces]), entity_ids=ids, entity_position_ids=positions)
            states = out.entity_last_hidden_state[0]
            queries, logits = self.model.entity_predictions.transform(states), self.model.entity_predictions(states)
            for query, row, (_, mention, asked) in zip(queries, logits, slots, strict=True):
                if asked:
                    names, priors = options[mention]
                    scores = [row[vocabulary[id]] + PRIOR_WEIGHT * numpy.log(p) for id, p in zip(names, priors)]
                    scores.append(query @ torch.tensor(self.head["W"]) + self.head["b"][0])
                    assert mention not in found
                    found[mention] = dict(zip([*names, "NIL"], torch.softmax(torch.stack(scores), dim=0).tolist()))
        return found


class Setting:
    """A random LUKE, its loop, and luke_linker."""

    def __init__(self, path, **config):
        pytest.importorskip("transformers", reason="the truth is transformers' LukeForMaskedLM")
        torch.manual_seed(3)
        self.path = path
        self.model = write_luke(path, len(IDS), **config)
        rng = numpy.random.default_rng(2)
        self.head = {"W": rng.normal(0, 0.3, WIDTH).astype("f"), "b": numpy.asarray([0.5], "f")}
        self.loop = Loop(path, self.model, self.head)

    def kb(self, priors):
        table = self.model.entity_predictions.decoder.weight.detach().numpy()[-len(IDS) :]
        bias = self.model.entity_predictions.bias.detach().numpy()[-len(IDS) :]

        def load(vocab):
            kb = memory_kb(vocab, IDS, priors, WIDTH, table)
            kb.biases_of = lambda rows: bias[numpy.asarray(rows)]
            return kb

        return load

    def linker(self, priors, mode="global", **config):
        """RETURNS: nlp, and its luke_linker with the loop's head for NIL and its weight of the prior."""
        nlp = spacy.blank("xx")
        linker = add_linker(nlp, self.path, kb=self.kb(priors), mode=mode, **config)
        scores = linker.model.get_ref("candidate_scores")
        scores.set_param("prior", numpy.asarray([PRIOR_WEIGHT], "f"))
        for name, value in self.head.items():
            scores.set_param(name, value)
        return nlp, linker
