"""Shared by tests of pages: a real browser, and axe-core in it."""

import importlib.util
import json
import pathlib

import pytest

from tests.view.browser import Browser, find_browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium."""
    if find_browser() is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core is not installed (make axe)")
    return pathlib.Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def findings(browser, axe):
    """Return the serious findings of axe-core on the page that is open, with the elements."""

    def run():
        # The debugger's evaluation is not subject to the page's policy, which refuses every other script.
        browser.call("Runtime.evaluate", expression=axe)
        shown = "axe.run().then(found => JSON.stringify(found.violations.map(v => [v.impact, v.id, v.nodes[0].html])))"
        answer = browser.call("Runtime.evaluate", expression=shown, awaitPromise=True, returnByValue=True)
        found = json.loads(answer["result"]["value"])
        return [one for one in found if one[0] in ("serious", "critical")]

    return run
