"""The class report: its figures, in text, as a page that a parser of others reads, and in a real browser."""

import shutil
import subprocess

import html5lib
import pytest

from grader.report import course_html, course_text
from grader.report.course import ROWS, course
from tests.batch.results import batch, entry
from tests.view.browser import Browser

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m::error::"

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def small_class():
    """Two that are graded, one that is not in full, one that was refused, one tampered, a stub, and a twin."""
    like = {"parent_w": "leaves the parent's page writable"}
    return batch(
        entry("ann", points=95),
        entry("ben", points=20, misconceptions=like),
        entry(
            "cem",
            complete=False,
            not_graded="too busy",
            verdicts={"touch": "ungradable", "fork": "passed"},
            rules={},
        ),
        entry("dan", points=0, refused=HOSTILE, verdicts={"touch": "refused", "fork": "refused"}, rules={}),
        entry("eve", points=0, verdicts={"touch": "tampered", "fork": "passed"}, rules={}),
        entry(
            "fay", points=0, remark="the stub, unchanged", verdicts=dict.fromkeys(("touch", "fork"), "not_implemented")
        ),
        entry("gus", points=100, same_kernel_as="ann", misconceptions=like),
    )


def chart(figures, title):
    """Return the rows of a chart."""
    return next(one.bars for one in figures.charts if one.title == title)


def test_points_of_what_is_not_graded_in_full_do_not_count():
    """Mean and median are of those that were; the distribution as well, its last range with its upper end."""
    figures = course(small_class())

    assert (figures.number, round(figures.mean, 2), figures.median) == (7, 35.83, 10)
    assert [bar.number for bar in figures.spread] == [3, 0, 1, 0, 0, 0, 0, 0, 0, 2]


def test_what_needs_an_eye_has_its_list():
    """Ungradable, refused, tampered, untouched and copied ones, each with the reason."""
    figures = course(small_class())

    assert figures.open.rows == [("cem", "1 of 2 scenarios could not be graded; run the batch again: too busy")]
    assert figures.listing("Refused by intake")[0].id == "dan"
    assert figures.listing("Sent what no kernel can have done") == [("eve", "touch")]
    assert figures.listing("Unmodified stub or empty file") == [("fay", "the stub, unchanged")]
    assert figures.listing("Same kernel, byte for byte") == [("ann", "gus")]


def test_kernels_that_do_not_load_or_end_themselves_have_lists():
    """Both with the reason, in text and HTML; whoever does neither is in neither list."""
    broken = entry("ann", does_not_load="SyntaxError: invalid syntax (kernel.py, line 1)")
    ended = entry("ben", ends_itself="fork: the kernel ended its own process (exit status 0)")
    figures = course(batch(broken, ended, entry("cem")))
    shown = " ".join(course_text.render(figures).split()), course_html.render(figures)

    assert [row.id for row in figures.listing("Kernels that do not load")] == ["ann"]
    assert [row.id for row in figures.listing("Kernels that end their own process")] == ["ben"]
    assert all("SyntaxError: invalid syntax" in text and "(exit status 0)" in text for text in shown)


def test_lists_and_charts_have_the_same_titles_in_text_and_html():
    """Every title of the text is on the page, and the other way round, except for what only a page can have."""
    figures = course(small_class())
    page = html5lib.parse(course_html.render(figures), namespaceHTMLElements=False)
    titles = {"".join(heading.itertext()).rpartition(" (")[0] or heading.text for heading in page.iter("h2")}
    told = course_text.render(figures)

    assert titles - {"Points", "All submissions"} == {
        line.partition(":")[0] for line in told.splitlines()[2:] if line[:1].isalpha()
    }


def test_the_most_common_first_differences_are_counted():
    """A submission counts once; the wording is that of most; hidden scenarios never appear."""
    fault = {"scenario": "touch", "step": 2, "rule": "faults", "expected": "1 fault", "yours": "2 faults"}
    secret = fault | {"scenario": "fork"}
    entries = [entry("a", first=fault), entry("b", first=fault), entry("c", first=fault | {"yours": "9"})]
    figures = course(batch(*entries, entry("d", first=secret), entry("e")))
    text = course_html.render(figures, {("touch", 2): "<svg>drawn</svg>"})

    (found,) = figures.differences
    assert (found.scenario, found.step, found.yours, found.bar.number, found.bar.of) == ("touch", 2, "2 faults", 3, 5)
    assert "<svg>drawn</svg>" in text and "2 faults" in text
    assert "touch, step 2: faults" in course_text.render(figures)


def test_a_leak_is_a_difference_at_the_end():
    """It has no step: its number is one past the last, which no scenario has."""
    leak = {"scenario": "touch", "step": 3, "rule": "leak", "expected": "no frame", "yours": "1 frame"}
    figures = course(batch(entry("a", first=leak)))

    assert "touch, at the end: leak" in course_text.render(figures)
    assert "touch, at the end: leak" in course_html.render(figures, {})


def test_similar_kernels_have_one_row_for_each_group():
    """A row has the closest pair first, and the page with both texts is linked."""
    alike = {"compared": 3, "groups": [{"submissions": ["a", "b", "c"], "first": "a", "second": "c", "share": 0.934}]}
    figures = course(batch(entry("a"), entry("b"), entry("c", label="Cem")) | {"similarity": alike})

    assert figures.listing("Similar kernels") == [("a", "93% like c (Cem), b")]
    assert 'href="similarity.html"' in course_html.render(figures)
    assert "See similarity.html" in course_text.render(figures)


def test_the_quiz_has_a_row_for_each_question():
    """Share right, discrimination with its sign or as undefined, and wrong answers with their reasons, escaped."""
    wrong = [{"answer": HOSTILE, "why": "It is not.", "count": 4}]
    one = {"id": "who", "answered": 9, "right": 5, "wrong": wrong, "discrimination": 0.31}
    other = one | {"id": "copies", "wrong": [], "discrimination": None}
    figures = course(batch(entry("a")) | {"quiz": {"sheets": 10, "questions": [one, other]}})
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(course_html.render(figures))
    told = course_text.render(figures)

    assert [question.discrimination for question in figures.quiz] == ["+0.31", "undefined"]
    assert "5 of 10 (50%)" in "".join(page.itertext()) and "It is not." in "".join(page.itertext())
    assert page.find(".//script") is None
    assert "who (discrimination +0.31)" in told and "\x1b" not in told


def test_late_submissions_have_a_list():
    """A late submission is listed with its time, in text and HTML; one in time is not."""
    figures = course(batch(entry("ann", late=True, submitted="2026-11-02 10:00"), entry("ben")))

    assert figures.listing("Late") == [("ann", "2026-11-02 10:00")]
    assert "2026-11-02 10:00" in course_text.render(figures) and "2026-11-02 10:00" in course_html.render(figures)


def test_only_differences_that_no_scenario_shows_have_a_list():
    """A kernel that fails a scenario has its points for that, and one without a difference is nobody's concern."""
    passed = {"touch": "passed", "fork": "passed"}
    failed = passed | {"fork": "failed"}
    differs, right = {"differs": True, "line": "it differs"}, {"differs": False, "line": "no difference"}
    entries = [
        entry("unseen", verdicts=passed, verified=differs),
        entry("seen", verdicts=failed, verified=differs),
        entry("right", verdicts=passed, verified=right),
        entry("asked for nothing", verdicts=passed),
    ]
    figures = course(batch(*entries))

    assert figures.listing("Pass every scenario, but differ in a small world") == [("unseen", "it differs")]
    assert [id for id, _, note in figures.submissions if "is not right" in note] == ["unseen"]


def test_a_task_may_be_called_late():
    """What a person decided on for it is not taken for the late policy's."""
    change = {"what": "late", "before": 5, "after": 9, "comment": "was ill", "hidden": False}
    told = course(batch(entry("a", adjustments=[change], late=True, submitted="2026-11-21")))

    assert "late: 5 -> 9 by the course (was ill)" in dict(one[::2] for one in told.submissions)["a"]
    assert told.listing("Late")[0][:2] == ("a", "2026-11-21")


def test_scenarios_are_counted_among_those_who_got_there():
    """Neither the stub, nor what was refused or could not be graded, is in the number that a share is of."""
    rows = {bar.name: (bar.number, bar.of) for bar in chart(course(small_class()), "Scenarios most often failed")}

    assert rows == {"fork (hidden)": (3, 5), "touch": (1, 4)}


def test_misconceptions_name_whose_they_are():
    """One row for a misconception, with the submissions; the rules that are broken first are counted apart."""
    figures = course(small_class())

    assert [(bar.name, bar.number, bar.about) for bar in chart(figures, "Common misconceptions")] == [
        ("a kernel that leaves the parent's page writable", 2, "ben, gus")
    ]
    assert [(bar.name, bar.number) for bar in chart(figures, "Broken rules")] == [("2. Second: audit", 4)]


def test_nobody_at_all():
    """A class of which nothing could be graded has a report too."""
    figures = course(batch(entry("a", complete=False)))

    assert "1 submission; mean 0," in course_text.render(figures)
    assert "Not graded in full (1)" in course_html.render(figures)


def test_text_fits_a_terminal():
    """80 columns, ungradable ones first, long lists cut with the number of what is left out, no control character."""
    many = [entry(f"s{number:02}", refused="x" * 300) for number in range(ROWS + 5)]
    word = "word " * 60 + "x" * 200
    question = {"id": word, "answered": 9, "right": 5, "discrimination": None}
    quiz = {"sheets": 10, "questions": [question | {"wrong": [{"answer": word, "why": word, "count": 4}]}]}
    first = {"scenario": "touch", "step": 2, "rule": "faults", "expected": word, "yours": word}
    found = batch(*small_class()["submissions"], *many, entry("zoe", label=word, first=first, late=True))
    told = course_text.render(course(found | {"quiz": quiz}))

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
def test_no_part_is_off_screen_on_a_phone(tmp_path):
    """At 390 pixels nothing reaches beyond the screen, long words included, and the policy refuses nothing."""
    long = "x" * 120
    one = {"id": long, "answered": 9, "right": 5, "wrong": [{"answer": long, "why": long, "count": 4}]}
    first = {"scenario": "touch", "step": 2, "rule": "faults", "expected": long, "yours": long}
    entries = [entry(long[:60], label=long, refused=long, first=first), entry("ben", misconceptions={"a": long})]
    quiz = {"sheets": 10, "questions": [one | {"discrimination": -0.5}]}
    wide = '<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="0 0 900 50" width="900" height="50"></svg>'
    page = tmp_path / "report.html"
    text = course_html.render(course(batch(*entries) | {"quiz": quiz}), {("touch", 2): wide})
    page.write_text(text.replace("<details>", "<details open>"), encoding="utf-8")
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(page.as_uri(), width=390)
        beyond = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        assert browser.value("document.documentElement.scrollWidth") <= 390
        assert browser.value(f"{beyond} && !e.closest('.scroll')).map(e => e.tagName)") == []
        assert browser.errors == []
    finally:
        browser.close()


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here (apt-get install chromium)")
def test_a_real_browser_opens_it_from_disk(tmp_path):
    """Chromium, headless: what it lays out has every heading, columns with a height, and no script that ran."""
    page = tmp_path / "report.html"
    page.write_text(course_html.render(course(small_class())), encoding="utf-8")
    probe = page.with_name("probe.html")
    # A copy that may run our own script, to ask the browser what it made of the page.
    asked = (
        "document.title = [...document.querySelectorAll('.columns rect')].map(s => +(s.getBBox().height > 0)).join('')"
    )
    text = page.read_text(encoding="utf-8").replace("default-src 'none'; ", "")
    probe.write_text(text.replace("</main>", f"</main><script>{asked}</script>"), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--dump-dom", probe.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )

    assert "<title>111</title>" in done.stdout
    assert "alert(1)&lt;/script&gt;" in done.stdout
    assert done.stdout.count("<h2>") == 11
