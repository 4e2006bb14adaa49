"""Text and spans -> ids: LukeTokenizer and MLukeTokenizer against encode_task, and against what luke_ner does with Docs.

    python benchmarks/speed/encoding.py --sentences 100
    python benchmarks/speed/encoding.py --sentencepiece sentencepiece.bpe.model

English texts of assets/sample for LUKE's byte-level BPE, Japanese ones for mLUKE's SentencePiece; vocabularies are
trained on the same texts, or one is given. Spans: all of up to 16 words, one, or two. Processor time. Fails if an id
or a position differs.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy
import spacy
from speed_common import paired, parser, report
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from spacy_luke.features.questions import ask_spans
from spacy_luke.tokenization.pieces import PieceTokenizer
from spacy_luke.tokenization.tasks import encode_task

SAMPLE = Path(__file__).parents[2] / "assets" / "sample"
MARKUP = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]+)\]\]")
TASKS = {"entity_span_classification": None, "entity_classification": 1, "entity_pair_classification": 2}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def main(argv: list[str] | None = None) -> int:
    args = parser(__doc__)
    args.add_argument("--sentencepiece", type=Path, help="a vocabulary for mLUKE; without it one is trained")
    args = args.parse_args(argv)
    rows, wrong = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for lang, make in (("en", luke), ("ja", mluke)):
            path = Path(folder) / lang
            path.mkdir()
            hf = make(path, sample(lang), args.sentencepiece)
            found, differ = measure(path, hf, docs_of(lang, args.sentences, args.words), args.rounds)
            rows += found
            wrong += differ
    report(args, ["tokenizer", "task", "system", "sentences/s", "x HF"], rows, differ=wrong)
    return int(wrong > 0)


def sample(lang: str) -> list[str]:
    """The sentences of the sample, without markup."""
    lines = [line for path in sorted(SAMPLE.glob(f"{lang}.*.wiki")) for line in path.read_text(encoding="utf8").splitlines()]
    return [MARKUP.sub(r"\1", line).strip() for line in lines if line.strip() and line[0] not in "#>"]


def docs_of(lang: str, n_docs: int, n_words: tuple[int, int]) -> list:
    """Texts of about so many words: sentences of the sample in their order, several in a text, words between two
    numbers; the sample begins again where it ends."""
    rng, nlp, sentences = numpy.random.default_rng(0), spacy.blank(lang), itertools.cycle(sample(lang))
    docs = []
    for _ in range(n_docs):
        doc = nlp(next(sentences))
        wanted = rng.integers(n_words[0], n_words[1] + 1)
        while len(doc) < wanted:
            doc = nlp(doc.text + " " * (lang == "en") + next(sentences))
        docs.append(nlp(doc[:wanted].text))
    return docs


def luke(path: Path, texts: list[str], given: Path | None):
    """Write a directory with a BPE. RETURNS: LukeTokenizer for a task."""
    from transformers import LukeTokenizer

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=4000, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    )
    bpe.model.save(str(path))
    size = bpe.get_vocab_size()
    (path / "added_tokens.json").write_text(json.dumps({"<ent>": size, "<ent2>": size + 1}))
    (path / "entity_vocab.json").write_text(json.dumps({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}))
    return lambda task: LukeTokenizer.from_pretrained(path, task=task)


def mluke(path: Path, texts: list[str], given: Path | None):
    """The same with SentencePiece. RETURNS: MLukeTokenizer for a task."""
    from sentencepiece import SentencePieceTrainer
    from transformers import MLukeTokenizer

    if given is None:
        given = path / "trained.model"
        SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_prefix=str(given.with_suffix("")), model_type="unigram", vocab_size=4000,
            hard_vocab_limit=False, character_coverage=1.0, normalization_rule_name="nmt_nfkc", minloglevel=2,
        )  # fmt: skip
    (path / "entity_vocab.json").write_text(json.dumps({"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}))
    MLukeTokenizer(str(given), str(path / "entity_vocab.json")).save_pretrained(path)
    return lambda task: MLukeTokenizer.from_pretrained(path, task=task)


def measure(path: Path, hf, docs: list, rounds: int) -> tuple[list[list], int]:
    """Rows of the table, and how many sentences got other ids or positions."""
    rows, wrong = [], 0
    ours = PieceTokenizer.from_directory(path)
    for task, n_spans in TASKS.items():
        theirs = hf(task)
        words = [spans_of(doc)[:n_spans] for doc in docs]
        asked = [(doc.text, [(doc[a].idx, doc[b - 1].idx + len(doc[b - 1])) for a, b in spans]) for doc, spans in zip(docs, words)]
        asked = [(text, spans) for text, spans in asked if len(spans) == (n_spans or len(spans))]
        systems = {
            f"HF {type(theirs).__name__}": lambda theirs=theirs, asked=asked: [theirs(t, entity_spans=spans) for t, spans in asked],
            "ours, new words": lambda task=task, asked=asked: encode_all(ours, asked, task, forget=True),
            "ours, words seen before": lambda task=task, asked=asked: encode_all(ours, asked, task),
        }
        if n_spans is None:
            flat, lengths = numpy.concatenate(words), numpy.asarray([len(spans) for spans in words])
            systems["luke_ner's questions, from Docs"] = lambda flat=flat, lengths=lengths: ask_spans(
                docs, flat, lengths, ours, slot_id=2, view="words", limit=512
            )
        first, *_ = systems
        for expected, (ids, slots) in zip(systems[first](), systems["ours, words seen before"]()):
            positions = [[p for p in row if p >= 0] for row in expected["entity_position_ids"]]
            same = ids.tolist() == expected["input_ids"] and [list(range(a, b))[:30] for a, b in slots.tolist()] == positions
            wrong += not same
        seconds = paired(systems, rounds)
        kind = "byte-level BPE" if "MLuke" not in first else "SentencePiece"
        rows += [[kind, task, name, len(asked) / s, seconds[first] / s] for name, s in seconds.items()]
    return rows, wrong


def encode_all(tokenizer: PieceTokenizer, asked, task, forget: bool = False):
    if forget:
        tokenizer._plain._known = {}
    return [encode_task(tokenizer, text, spans, task) for text, spans in asked]


def spans_of(doc) -> numpy.ndarray:
    """All spans of up to 16 words, the shortest at its first place first, so that two of them do not overlap."""
    return numpy.asarray([(i, i + n) for n in range(1, 17) for i in range(len(doc) - n + 1)], dtype="int64").reshape(-1, 2)


if __name__ == "__main__":
    sys.exit(main())
