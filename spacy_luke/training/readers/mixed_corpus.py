"""A corpus for each task, read as one: what a Doc has gold for that is not its task is taken out."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Callable

from spacy.training import Example

from ...errors import Errors, Warnings
from ..task_gold import TASKS, gold_keys, has_gold, keep_gold

if TYPE_CHECKING:
    from spacy.language import Language

# typing's: on Python 3.10 a config with a dict of collections.abc's does not pass spaCy's check.
Corpus = Callable[["Language"], Iterable[Example]]


def build_mixed_corpus_reader_v1(corpora: dict[str, Corpus], tasks: dict[str, list[str]], seed: int = 0) -> MixedCorpus:
    """Other readers' Examples, each for the tasks of its corpus:

        [corpora.train]
        @readers = "spacy_luke.MixedCorpus.v1"

        [corpora.train.tasks]
        news = ["ner", "linker"]
        kbp37 = ["relations"]

        [corpora.train.corpora]

        [corpora.train.corpora.news]
        @readers = "spacy.Corpus.v1"
        path = "news.spacy"
        gold_preproc = false

        [corpora.train.corpora.kbp37]
        @readers = "spacy_luke.KBP37.v1"
        path = "kbp37.txt"

    A Doc trains the pipes of the tasks named for its corpus, and no other, whatever gold it has: entities that
    another corpus calls by other names, or notes only some of, do no harm. Each Doc is read once; a pass over
    the whole goes through all corpora in step, so that any stretch of it has them in their proportions. All
    of them are in memory meanwhile.

    The loss of a pipe is the mean over its questions in a batch, however few Docs ask them: `loss_weight` of the
    pipe says how much it counts, not the size of its corpus.

    corpora: name -> reader.
    tasks: name -> what its Docs train, some of "ner", "linker", "relations", "typing".
    seed (int): which corpus comes first where two are due.
    RAISES ValueError LK506: tasks of a corpus that is not there, or a corpus without tasks; LK507: a task that does
        not exist.
    Warns LKW504: no Doc of a corpus has gold for one of its tasks.
    """
    odd = sorted(name for name in corpora.keys() | tasks.keys() if name not in corpora or not tasks.get(name))
    if odd or not corpora:
        raise ValueError(Errors.LK506.format(names=", ".join(odd), corpora=list(corpora), tasks=tasks))
    for name, found in tasks.items():
        for task in found:
            if task not in TASKS:
                raise ValueError(Errors.LK507.format(task=task, name=name, known=", ".join(TASKS)))
    return MixedCorpus(corpora, tasks, seed)


class MixedCorpus:
    """See `build_mixed_corpus_reader_v1`."""

    def __init__(self, corpora: dict[str, Corpus], tasks: dict[str, list[str]], seed: int):
        self.corpora = corpora
        self.tasks = tasks
        self.seed = seed

    def __call__(self, nlp: Language) -> Iterator[Example]:
        generator = random.Random(self.seed)
        order: list[tuple[float, int, str, Example]] = []
        for name in self.corpora:
            examples = self._read(name, nlp)
            shift = generator.random()
            order += [((n + shift) / len(examples), n, name, example) for n, example in enumerate(examples)]
        for *_, example in sorted(order, key=lambda entry: entry[:3]):
            yield example

    def _read(self, name: str, nlp: Language) -> list[Example]:
        keys, tasks = gold_keys(nlp), self.tasks[name]
        examples = list(self.corpora[name](nlp))
        for task in tasks:
            if not any(has_gold(example.reference, task, keys) for example in examples):
                warnings.warn(Warnings.LKW504.format(name=name, task=task, docs=len(examples)))
        return [Example(example.predicted, keep_gold(example.reference, tasks, keys)) for example in examples]
