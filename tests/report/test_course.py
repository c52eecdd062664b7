"""The class report: its figures, in text, as a page that a parser of others reads, and in a real browser."""

import shutil
import subprocess

import html5lib
import pytest

from grader.report import course_html, course_text
from grader.report.course import ROWS, course
from tests.batch.results import batch, entry

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m::error::"

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def small_class():
    """Two that are graded, one that is not in full, one that was refused, one tampered, a stub, and a twin."""
    like = {"parent_w": "leaves the parent's page writable"}
    return batch(
        entry("ann", points=95),
        entry("ben", points=20, misconceptions=like),
        entry("cem", complete=False, verdicts={"touch": "ungradable", "fork": "passed"}, rules={}),
        entry("dan", points=0, refused=HOSTILE, verdicts={"touch": "refused", "fork": "refused"}, rules={}),
        entry("eve", points=0, verdicts={"touch": "tampered", "fork": "passed"}, rules={}),
        entry(
            "fay", points=0, remark="the stub, unchanged", verdicts=dict.fromkeys(("touch", "fork"), "not_implemented")
        ),
        entry("gus", points=100, same_kernel_as="ann", misconceptions=like),
    )


def test_points_of_what_is_not_graded_in_full_do_not_count():
    """Mean and median are of those that were; the distribution as well, its last range with its upper end."""
    figures = course(small_class())

    assert (figures.number, round(figures.mean, 2), figures.median) == (7, 35.83, 10)
    assert [bar.number for bar in figures.spread] == [3, 0, 1, 0, 0, 0, 0, 0, 0, 2]


def test_what_needs_an_eye_has_its_list():
    """Ungradable, refused, tampered, untouched and copied ones, each with the reason."""
    figures = course(small_class())

    assert figures.open == [("cem", "1 of 2 scenarios could not be graded; run the batch again")]
    assert figures.refused[0][0] == "dan"
    assert figures.odd == [("eve", "sent an answer that no kernel can produce")]
    assert figures.untouched == [("fay", "the stub, unchanged")]
    assert figures.copies == [["ann", "gus"]]


def test_late_submissions_have_a_list():
    """A late submission is listed with its time, in text and HTML; one in time is not."""
    figures = course(batch(entry("ann", late=True, submitted="2026-11-02 10:00"), entry("ben")))

    assert figures.late == [("ann", "2026-11-02 10:00")]
    assert "2026-11-02 10:00" in course_text.render(figures) and "2026-11-02 10:00" in course_html.render(figures)


def test_scenarios_are_counted_among_those_who_got_there():
    """Neither the stub, nor what was refused or could not be graded, is in the number that a share is of."""
    rows = {bar.name: (bar.number, bar.of) for bar in course(small_class()).scenarios}

    assert rows == {"fork (hidden)": (3, 5), "touch": (1, 4)}


def test_misconceptions_name_whose_they_are():
    """One row for a misconception, with the submissions; the rules that are broken first are counted apart."""
    figures = course(small_class())

    assert [(bar.name, bar.number, bar.about) for bar in figures.misconceptions] == [
        ("a kernel that leaves the parent's page writable", 2, "ben, gus")
    ]
    assert [(bar.name, bar.number) for bar in figures.differences] == [("2. Second: audit", 4)]


def test_nobody_at_all():
    """A class of which nothing could be graded has a report too."""
    figures = course(batch(entry("a", complete=False)))

    assert "1 submissions; mean 0.0" in course_text.render(figures)
    assert "Not graded in full (1)" in course_html.render(figures)


def test_text_fits_a_terminal():
    """80 columns, ungradable ones first, long lists cut with the number of what is left out, no control character."""
    many = [entry(f"s{number:02}", refused="x" * 300) for number in range(ROWS + 5)]
    told = course_text.render(course(batch(*small_class()["submissions"], *many)))

    assert max(map(len, told.splitlines())) <= 80
    assert told.splitlines()[2] == "Not graded in full: 1"
    assert "  and 6 more" in told
    assert told.isprintable() or all(c.isprintable() or c == "\n" for c in told)


def test_the_page_is_html_as_a_browser_reads_it():
    """html5lib, strict, finds no error; nothing in it runs, and nothing is fetched."""
    text = course_html.render(course(small_class()))
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)

    assert page.find(".//script") is None
    assert [element.get("src") for element in page.iter() if element.get("src")] == []
    assert all(not link.get("href").startswith(("http", "//", "javascript")) for link in page.iter("a"))
    assert "<script>alert(1)</script>" in "".join(page.itertext())


def test_ungradable_ones_stand_first_on_the_page():
    """Before any figure; every submission is on it, with the way to its result and feedback."""
    text = course_html.render(course(small_class()))
    page = html5lib.parse(text, namespaceHTMLElements=False)
    links = {link.get("href") for link in page.iter("a")}

    assert text.index("Not graded in full (1)") < text.index("<dl>") < text.index("Refused by intake (1)")
    assert {
        f"{folder}/{id}.{end}" for id in ("ann", "dan") for folder, end in (("results", "json"), ("feedback", "md"))
    } <= links


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here (apt-get install chromium)")
def test_a_real_browser_opens_it_from_disk(tmp_path):
    """Chromium, headless: what it lays out has every heading, columns with a height, and no script that ran."""
    page = tmp_path / "report.html"
    page.write_text(course_html.render(course(small_class())), encoding="utf-8")
    probe = page.with_name("probe.html")
    # A copy that may run our own script, to ask the browser what it made of the page.
    asked = (
        "document.title = [...document.querySelectorAll('.spread span')].map(s => s.offsetHeight > 0 ? 1 : 0).join('')"
    )
    text = page.read_text(encoding="utf-8").replace("default-src 'none'; ", "")
    probe.write_text(text.replace("</main>", f"</main><script>{asked}</script>"), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--dump-dom", probe.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )

    assert "<title>1010000001</title>" in done.stdout
    assert "alert(1)&lt;/script&gt;" in done.stdout
    assert done.stdout.count("<h2>") == 11
