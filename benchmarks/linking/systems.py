"""The pipelines that the benchmark compares; all get the gold mentions and the same candidates."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

import spacy
import torch
from spacy.kb import Candidate, KnowledgeBase
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span

from spacy_luke.annotations import NIL
from spacy_luke.features.candidates import CandidateGenerator
from spacy_luke.kb import MMapKB
from spacy_luke.models.encoder import get_shim
from spacy_luke.types import Candidates

LUKE = {
    "model": {
        "@architectures": "spacy_luke.LukeLinker.v1",
        "encoder": {"@architectures": "spacy_luke.LukeEncoder.v1", "freeze_embeddings": True, "dtype": "bfloat16"},
    },
}
# The transformer belongs to the linker: a listener has nothing to say of the Docs that spaCy's linker cuts out for
# each mention when it predicts.
STOCK = {
    "candidates_batch_size": 1,
    "model": {
        "@architectures": "spacy.EntityLinker.v2",
        "tok2vec": {
            "@architectures": "spacy-transformers.Tok2VecTransformer.v3",
            "tokenizer_config": {"use_fast": True},
            "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
            "grad_factor": 1.0,
            "pooling": {"@layers": "reduce_mean.v1"},
        },
    },
}


class Remembering:
    """Candidates of each Doc's mentions are looked up once: a benchmark asks for the same ones in every epoch.

    others: knowledge bases, by the text of Docs, that are asked in place of the given one."""

    def __init__(self, get_candidates: CandidateGenerator, others: dict[str, KnowledgeBase] | None = None):
        self.get_candidates = get_candidates
        self.others = others or {}
        self.found: dict = {}

    def __call__(self, kb: KnowledgeBase, mentions: Sequence[Sequence[Span]]) -> list[list[Candidates]]:
        return [self._of(kb, doc) for doc in mentions]

    def _of(self, kb: KnowledgeBase, mentions: Sequence[Span]) -> list[Candidates]:
        key = (mentions[0].doc.text, *((m.start, m.end) for m in mentions)) if mentions else ()
        if key not in self.found:
            kb = self.others.get(key[0], kb) if key else kb
            self.found[key] = self.get_candidates(kb, [mentions])[0]
        return self.found[key]


class PriorLinker(Pipe):
    """The candidate with the highest prior; NIL where there is none."""

    def __init__(self, kb: KnowledgeBase, get_candidates: Remembering):
        self.kb, self.get_candidates = kb, get_candidates

    def __call__(self, doc: Doc) -> Doc:
        for ent, found in zip(doc.ents, self.get_candidates(self.kb, [list(doc.ents)])[0]):
            for token in ent:
                token.ent_kb_id_ = found.ids[0] if found.ids else NIL
        return doc


def candidates_for_spacy(get_candidates: Remembering):
    """Our candidates for spaCy's linker, which asks for one mention at a time; those of a Doc are found together,
    as names of one mention help another."""
    of_doc: dict = {}

    def get(kb: MMapKB, span) -> list[Candidate]:
        doc = span.doc
        if of_doc.get("doc") is not doc:
            found = get_candidates(kb, [list(doc.ents)])[0]
            of_doc.update(doc=doc, found={(e.start, e.end): c for e, c in zip(doc.ents, found)})
        found = of_doc["found"][span.start, span.end]
        vectors = kb.get_vectors(found.ids)
        strings = kb.vocab.strings
        return [
            Candidate(kb, strings.add(id), 0.0, vector, strings.add(span.text), float(prior))
            for id, vector, prior in zip(found.ids, vectors, found.priors)
        ]

    return get


def make_pipeline(args: Namespace, lang: str, get_candidates: Remembering) -> tuple[Language, Pipe]:
    """An empty pipeline and its linker, without knowledge base."""
    nlp = spacy.blank(lang)
    if args.system == "prior":
        return nlp, PriorLinker(MMapKB(nlp.vocab, 0), get_candidates)
    settings = json.loads(json.dumps(LUKE if args.system == "luke" else STOCK))
    if args.system == "luke":
        settings["model"]["use_prior"] = not args.no_prior
        settings["model"]["use_labels"] = False  # gold labels of Wiki-Fair are types of the gold entity
        settings["model"]["encoder"] |= {"name": args.encoder, "freeze_layers": args.freeze}
        linker = nlp.add_pipe("luke_linker", config=settings)
        linker.get_candidates = get_candidates
        return nlp, linker
    settings["model"]["tok2vec"]["name"] = args.peer_encoder
    linker = nlp.add_pipe("entity_linker", config=settings | {"incl_prior": not args.no_prior, "n_sents": args.n_sents})
    linker.get_candidates = candidates_for_spacy(get_candidates)
    return nlp, linker


def freeze_encoder(linker: Pipe) -> None:
    """Behind `initialize`: luke_linker with all layers frozen still trains what its encoder knows of entity slots, and
    for that the whole of it is gone through backwards. Here only the head is trained."""
    get_shim(linker.model.get_ref("encoder")).encoder.requires_grad_(False)


def prepare_peer(linker: Pipe, freeze: int) -> None:
    """Behind `initialize`: what our encoder's settings do, for spacy-transformers'. Embeddings and the lowest
    layers are not trained, and what leaves the transformer under autocast is of the type that Thinc takes."""
    (transformer,) = (node.transformer for node in linker.model.walk() if node.name == "transformer")
    transformer.embeddings.requires_grad_(False)
    for layer in transformer.encoder.layer[:freeze]:
        layer.requires_grad_(False)
    transformer.register_forward_hook(_float32_outputs)


def _float32_outputs(module, inputs, output):
    for name, value in output.items():
        if torch.is_tensor(value):
            output[name] = value.float()
    return output
