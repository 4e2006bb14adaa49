"""Growth with the length of a text and with the batch: nlp.pipe with luke_ner against the same model of transformers.

    MALLOC_TRIM_THRESHOLD_=134217728 MALLOC_MMAP_THRESHOLD_=67108864 python benchmarks/speed/growth.py --size 2x192

Texts of random words in sentences of --words words; all spans of up to 4 words. Ours is everything from text to Doc.
Transformers gets ready tensors: the windows of the paper's reader (a sentence, context on both sides up to 512 pieces,
128 spans) in batches of 8. Processor time; memory is what a run takes beyond what the process held before it. Fails if
scores differ by more than 1e-4, or an entity that a batch of another size finds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy
import spacy
import torch
from spacy.training import Example
from speed_common import paired, parser, peak_mb, report, sizes
from speed_models import batches_of, padded, theirs
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

LENGTHS = (32, 128, 512, 2000, 8000)  # words
BATCHES = ((1, None), (8, None), (64, None), (64, 256), (64, 8192))  # Docs of nlp.pipe, model.batch_size
LABELS = ["A", "B", "C", "D"]


def main(argv: list[str] | None = None) -> int:
    args = parser(__doc__)
    args.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="words of a text")
    args.add_argument("--pieces", type=int, default=512, help="of a window")
    args = args.parse_args(argv)
    torch.set_num_threads(args.threads)
    shape = {**sizes(args.size), "max_position_embeddings": args.pieces + 2}
    with tempfile.TemporaryDirectory() as folder:
        words = random_words()
        n_pieces = write_vocabulary(Path(folder), words)
        model = theirs("LukeForEntitySpanClassification", **{**shape, "vocab_size": n_pieces})
        nlp = pipeline(model, Path(folder))
    rng = numpy.random.default_rng(0)
    rows, worst = [], 0.0
    for n_words in args.lengths:
        text = random_text(rng, words, n_words, args.words)
        found, difference = compare(nlp, model, text, args.rounds)
        rows += [[f"{n_words:,} words", name, 1, n_words / s, memory] for name, s, memory in found]
        worst = max(worst, difference)
    texts = [random_text(rng, words, int(rng.integers(*args.words)), args.words) for _ in range(args.sentences)]
    found, same = in_batches(nlp, texts, args.rounds)
    n_words = sum(len(nlp.make_doc(text)) for text in texts)
    rows += [[f"{len(texts)} sentences", name, batch, n_words / s, memory] for name, batch, s, memory in found]
    report(args, ["text", "system", "Docs in a batch", "words/s", "MB"], rows, largest_difference=f"{worst:.1e}", same_entities=same)
    return int(worst > 1e-4 or not same)


def compare(nlp, model, text: str, rounds: int) -> tuple[list[tuple[str, float, float]], float]:
    """(system, seconds, MB) of one text, and the largest difference of scores."""
    pipe = nlp.get_pipe("luke_ner")
    doc = nlp.get_pipe("sentencizer")(nlp.make_doc(text))
    suggested = pipe.suggester([doc], ops=pipe.model.ops)
    asked = pipe.model.attrs["ask"](pipe.model, [doc], suggested)
    batches = [padded(batch) for batch in batches_of(asked.questions, 8)]

    def run_theirs() -> numpy.ndarray:
        with torch.inference_mode():
            logits = [model(**batch).logits[batch["entity_attention_mask"].bool()] for batch in batches]
        return torch.cat(logits).numpy()

    difference = float(numpy.abs(pipe.predict([doc]).scores[asked.rows] - run_theirs()).max())
    systems = {"HF, batches of 8": run_theirs, "nlp.pipe": lambda: list(nlp.pipe([text]))}
    memory = {name: peak_mb(run) for name, run in systems.items()}
    return [(name, s, memory[name]) for name, s in paired(systems, rounds).items()], difference


def in_batches(nlp, texts: list[str], rounds: int) -> tuple[list[tuple[str, int, float, float]], bool]:
    """(system, Docs of a batch, seconds, MB), and whether all find the same entities."""
    attrs = nlp.get_pipe("luke_ner").model.layers[0].attrs

    def run(n_docs: int, rows: int | None):
        attrs["batch_size"] = rows
        return [[(ent.start, ent.end, ent.label) for ent in doc.ents] for doc in nlp.pipe(texts, batch_size=n_docs)]

    systems = {each: (lambda each=each: run(*each)) for each in BATCHES}
    found = [systems[each]() for each in BATCHES]
    memory = {each: peak_mb(systems[each]) for each in BATCHES}
    seconds = paired(systems, rounds)
    names = {each: f"nlp.pipe, batch_size {'null' if each[1] is None else each[1]}" for each in BATCHES}
    return [(names[each], each[0], s, memory[each]) for each, s in seconds.items()], all(x == found[0] for x in found)


def random_words(n: int = 2000) -> list[str]:
    rng = numpy.random.default_rng(1)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    return ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(n)]


def random_text(rng, words: list[str], n_words: int, of_sentence: tuple[int, int]) -> str:
    """So many words, a full stop after each sentence among them."""
    text = rng.choice(words, n_words).tolist()
    end = -1
    while (end := end + int(rng.integers(of_sentence[0], of_sentence[1] + 1))) < n_words - 1:
        text[end] = "."
    return " ".join(text)


def write_vocabulary(path: Path, words: list[str]) -> int:
    """A directory with a byte-level BPE as LukeTokenizer reads it. RETURNS: pieces, markers included."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special, alphabet = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2500, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator([" " + word for word in words], trainer)
    bpe.model.save(str(path))
    size = bpe.get_vocab_size()
    (path / "added_tokens.json").write_text(json.dumps({"<ent>": size, "<ent2>": size + 1}))
    (path / "entity_vocab.json").write_text(json.dumps({"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}))
    return size + 2


def pipeline(model, path: Path):
    """luke_ner with the weights of a LukeForEntitySpanClassification, behind a sentencizer."""
    model.luke.save_pretrained(path)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    encoder = {"@architectures": "spacy_luke.LukeEncoder.v1", "name": str(path)}
    config = {"model": {"@architectures": "spacy_luke.LukeNER.v1", "encoder": encoder}}
    pipe = nlp.add_pipe("luke_ner", config={**config, "suggester": {"@misc": "spacy.ngram_range_suggester.v1", "min_size": 1, "max_size": 4}})
    for label in LABELS:
        pipe.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("ba da ."), {"entities": [(0, 2, "A")]})])
    head = pipe.model.get_ref("output_layer")
    head.set_param("W", model.classifier.weight.detach().numpy().reshape(1 + len(LABELS), 3, -1).copy())
    head.set_param("b", model.classifier.bias.detach().numpy().copy())
    return nlp


if __name__ == "__main__":
    sys.exit(main())
