"""Proofs of every other kind of page, made by the commands that write it: axe-core finds nothing serious, whether light
or dark, on a telephone or a screen, and no page scrolls sideways (`make proofs`)."""

import pytest

from grader.host.probes import missing
from tests.batch.handed_in import batch, hand_in
from tests.conftest import ROOT

COPY_ON_WRITE = ROOT / "labs" / "copy-on-write"


def run_report(cli, folder):
    """Return the report of a kernel with a typical mistake, and one of its players."""
    options = ("--submission", "misconception:parent_w", "--format", "html", "--output", folder)
    cli("run", COPY_ON_WRITE, *options)
    return [folder / "index.html", next((folder / "scenarios").glob("*.html"))]


def class_report(cli, folder):
    """Return the report of a small class with the copy-on-write lab, and the page of similar kernels."""
    texts = [(ROOT / "reference" / "copy_on_write.py").read_text(encoding="utf-8")]
    texts.append(texts[0].replace("cow=True", "cow=False"))
    submissions = hand_in(folder / "class")
    for number in range(4):
        name = submissions / f"copied-{number}"
        name.mkdir()
        (name / "kernel.py").write_text(f"# {number}\n{texts[number % 2]}")
    status, _, err = batch(cli, COPY_ON_WRITE, submissions, folder / "out")
    assert status == 0, err
    return [folder / "out" / "report.html", folder / "out" / "similarity.html"]


def host_page(cli, folder):
    """Return the page of a scenario on this machine's own kernel."""
    if missing():
        pytest.skip(f"grader host: {missing()}")
    cli("host", COPY_ON_WRITE, "practice-in-small", "--format", "html", "--output", folder / "host.html")
    return [folder / "host.html"]


@pytest.mark.proof
@pytest.mark.parametrize("make", [run_report, class_report, host_page], ids=lambda make: make.__name__)
def test_pages_have_no_serious_finding(browser, findings, cli, tmp_path, make):
    """As the commands write them, each width in both themes."""
    for page in make(cli, tmp_path):
        for width in (400, 1280):
            browser.open(page.as_uri(), width=width)
            assert browser.value("document.documentElement.scrollWidth") <= width, page
            for theme in ("light", "dark"):
                browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
                assert (page.name, findings()) == (page.name, [])
            assert browser.errors == []
