__title__ = "spacy-luke"
__version__ = "0.1.0"
