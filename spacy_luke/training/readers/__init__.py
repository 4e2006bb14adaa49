"""Readers of corpora with links: `@readers` for [corpora] of a config. DocBins are read by spacy.Corpus.v1."""
