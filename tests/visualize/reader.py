"""Reads our pages as a browser does, to see what is an element in them and what is text."""

from __future__ import annotations

from html.parser import HTMLParser

ELEMENTS = set(
    "html head meta title body figure div mark span a small br hr p b h1 h2 h3 ul li table tbody tr th td figcaption "
    "details summary svg g path rect text".split()
)
ATTRIBUTES = set(
    "lang dir charset name content class style href target rel title colspan xmlns width height viewbox d fill stroke x y rx "
    "fill-opacity text-anchor textlength".split()
)


class Reader(HTMLParser):
    """Elements, attributes, links and text of a page, and whether all elements are closed."""

    def __init__(self, page: str):
        super().__init__()
        self.elements, self.attributes, self.links, self.text, self.open = set(), set(), [], "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
