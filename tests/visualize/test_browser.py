"""The pages in a real browser: nothing in a Doc runs."""

from __future__ import annotations

import pytest

from spacy_luke.visualize import STYLES, render

from ..browser import browser  # noqa: F401
from .docs import IMAGE, SCRIPT, drawn_doc, hostile_doc


def opened(browser, tmp_path, page):  # noqa: F811
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf8")
    browser.get(path.as_uri())
    return browser.execute_script("return window.ran || 0")


def test_the_browser_would_run_it(browser, tmp_path):  # noqa: F811
    assert opened(browser, tmp_path, f"<p>{SCRIPT}</p>") == 1


@pytest.mark.parametrize("style", STYLES)
def test_nothing_runs(browser, tmp_path, style):  # noqa: F811
    assert opened(browser, tmp_path, render(hostile_doc(), style=style, page=True)) == 0
    assert not browser.find_elements("css selector", "script, img, b, [onmouseover], [onerror], a[href^=javascript]")
    text = browser.execute_script("return document.body.textContent")
    assert SCRIPT in text and IMAGE in text


def test_arcs_are_drawn(browser, tmp_path):  # noqa: F811
    opened(browser, tmp_path, render(drawn_doc(), style="relations", page=True))
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('svg .arc > path')].map(p => p.getBBox()).map(b => [b.width, b.height])"
    )
    assert len(sizes) == 4 and all(width > 4 and height > 4 for width, height in sizes)
