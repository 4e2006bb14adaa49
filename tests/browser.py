"""A headless Chromium, where there is one: the fixture `browser`."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A selenium driver. Skips without selenium, Chromium or its driver (Debian: chromium, chromium-driver)."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="a browser is driven by selenium: spacy-luke[test]")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if found is None or driver is None:
        pytest.skip("no Chromium with its chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    started.set_page_load_timeout(60)
    yield started
    started.quit()


def messages(browser) -> list[str]:
    """What the page complained of since the last call, as scripts that its policy stopped."""
    return [entry["message"] for entry in browser.get_log("browser")]
