"""Any corpus, read so that gold mentions stand where a recogniser's would: linking without recognising."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from spacy.training import Example

from ..link_targets import gold_links

if TYPE_CHECKING:
    from spacy.language import Language

Corpus = Callable[["Language"], Iterable[Example]]


def build_gold_mentions_reader_v1(corpus: Corpus, spans_key: str | None = None) -> GoldMentions:
    """Another reader's Examples, with the mentions of the gold Doc also in the predicted one, without their links.

    A pipeline of luke_linker alone is then scored on gold mentions, as papers do it ("in-KB accuracy"):

        [corpora.dev]
        @readers = "spacy_luke.GoldMentions.v1"

        [corpora.dev.corpus]
        @readers = "spacy.Corpus.v1"
        path = ${paths.dev}
        gold_preproc = false

    and in Python, as `python -m spacy evaluate` reads a DocBin without them:

        corpus = GoldMentions(Corpus("test.spacy"))
        nlp.evaluate(corpus(nlp))

    A pipe that finds entities overwrites them: leave it out to score gold mentions, take spacy.Corpus.v1 to
    score both together. Mentions that do not begin and end with words of the predicted Doc are left out, and
    count as missed.

    corpus: a reader, e.g. spacy.Corpus.v1, spacy_luke.Elevant.v1, spacy_luke.Hipe.v1.
    spans_key (str): also take the mentions of this span group; None = entities only.
    """
    return GoldMentions(corpus, spans_key)


class GoldMentions:
    """See `build_gold_mentions_reader_v1`."""

    def __init__(self, corpus: Corpus, spans_key: str | None = None):
        self.corpus = corpus
        self.spans_key = spans_key

    def __call__(self, nlp: Language) -> Iterator[Example]:
        for example in self.corpus(nlp):
            doc = example.predicted
            doc.ents = [link.mention for link in gold_links(example)]
            if self.spans_key is not None:
                doc.spans[self.spans_key] = [link.mention for link in gold_links(example, self.spans_key)]
            yield example
