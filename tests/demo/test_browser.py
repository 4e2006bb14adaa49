"""The demo in a real browser, behind a real server."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from spacy_luke.demo import make_app

from ..browser import browser, messages  # noqa: F401
from ..visualize.docs import IMAGE, SCRIPT

uvicorn = pytest.importorskip("uvicorn", reason="the page needs spacy-luke[demo]")


@pytest.fixture
def url(linking):
    """A server of the demo in a thread."""
    linking.max_chars = 300
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_app(linking), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture
def page(browser, url):  # noqa: F811
    from selenium.webdriver.support.ui import WebDriverWait

    class Page:
        def get(self, css: str):
            return browser.find_element("css selector", css)

        def all(self, css: str):
            return browser.find_elements("css selector", css)

        def wait(self, true):
            WebDriverWait(browser, 30).until(lambda _: true())

        def run(self, script: str):
            return browser.execute_script(script)

        def analyse(self, text: str):
            set_text = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
            browser.execute_script(set_text, self.get("#text"), text)  # send_keys knows no 𠮷
            self.get("#go").click()
            self.wait(lambda: self.get("#go").is_enabled())

    browser.get(url)
    found = Page()
    found.wait(lambda: found.all("#layers input"))
    return found


def test_steps_are_played(page, browser):  # noqa: F811
    assert [option.text for option in page.all("#mode option")] == ["global", "exact", "local"]
    page.run("document.getElementById('mode').value = 'exact'")
    page.analyse("Tokyo is the capital of Japan")
    assert len(page.all("#steps li.decided")) == 2 and len(page.all("#stage mark.decided")) == 2
    lines = [item.text for item in page.all("#steps li")]
    assert "pass 1" in lines[0] and "pass 2" in lines[1] and "candidates: 2" in lines[0]
    page.run("const s = document.getElementById('step'); s.value = 1; s.dispatchEvent(new Event('input'))")
    assert len(page.all("#stage mark")) == 2 and len(page.all("#stage mark.decided")) == 1
    assert page.get("#stage mark.now").text.split()[0] == lines[0].split()[0]
    page.get("#play").click()
    page.wait(lambda: len(page.all("#stage mark.decided")) == 2)
    assert not [message for message in messages(browser) if "Security" in message or "Error" in message]


def test_layers_are_switched_off(page):
    page.analyse("Tokyo is in Japan")
    assert page.get("#links").is_displayed() and not page.get("#relations").is_displayed()
    page.get("#layers input[value=links]").click()
    page.analyse("Tokyo is in Japan")
    assert not page.get("#links").is_displayed() and page.get("#entities").is_displayed()


def test_nothing_in_a_text_or_an_entity_runs(page, browser):  # noqa: F811
    for name, value in (("id", IMAGE), ("label", "Kyoto"), ("description", SCRIPT), ("types", SCRIPT)):
        page.get(f"#add [name={name}]").send_keys(value)
    page.get("#add button").click()
    page.wait(lambda: page.get("#added").text)
    page.analyse(f"{SCRIPT} Kyoto {IMAGE} Tokyo")
    assert page.run("return window.ran || 0") == 0
    assert not page.all("#result script, #result img, #kb img, #kb script")
    assert SCRIPT in page.get("#stage").text and IMAGE in page.run(
        "return document.getElementById('steps').textContent"
    )
    page.get("#query").send_keys("kyoto")
    page.get("#search button").click()
    page.wait(lambda: page.all("#found li"))
    assert SCRIPT in page.get("#found").text and page.run("return window.ran || 0") == 0


def test_an_entity_is_added_and_linked(page):
    page.analyse("Kyoto is the capital of Japan 𠮷 Tokyo")
    assert not [item for item in page.all("#steps li") if "mine" in item.text]
    for name, value in (("id", "mine"), ("label", "Kyoto"), ("description", "Kyoto is a company")):
        page.get(f"#add [name={name}]").send_keys(value)
    page.get("#add button").click()
    page.wait(lambda: page.get("#added").text == "Added mine.")
    assert page.get("#size").text == "5 entities"
    page.analyse("Kyoto is the capital of Japan 𠮷 Tokyo")
    assert [item for item in page.all("#steps li") if "Kyoto → mine" in item.text]
    assert [mark.text.split()[0] for mark in page.all("#stage mark")] == ["Kyoto", "Japan", "Tokyo"]


def test_errors_are_shown(page):
    page.analyse("x" * 301)
    assert "LK737" in page.get("#error").text and not page.get("#result").is_displayed()
    page.analyse("Tokyo")
    assert not page.get("#error").is_displayed()
