"""Wikipedia dumps -> entities and links for the knowledge base.

    words.py      what namespaces, redirects and disambiguation templates are called, in all languages
    site.py       a wiki: its language, and which link targets are articles
    wikitext.py   [[target|anchor]]trail: the links of a page
    sentence.py   the first sentence of a page
    files.py      dumps as blocks of bytes, whatever the compression, however broken
    pages.py      blocks -> pages
    extract.py    a batch of pages -> lines about pages and counted links (worker processes)
    work.py       the work folder: each finished dump is kept there until the KB is whole
    tables.py     QIDs from SQL dumps       wikidata.py   QIDs and more from the Wikidata dump
    titles.py     all titles of a language; redirects and disambiguation pages resolved
    entities.py   the languages merged by QID into entities, and their links
    build.py      all of it, for `python -m spacy luke kb from-wikipedia`
"""
