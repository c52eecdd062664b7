"""Proofs over all public scenarios, and of pages in a real browser with axe-core (`make proofs`)."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from grader.grade.attempt import attempt_here
from grader.lab.mistakes import misconception_kernel, misconceptions
from grader.lab.recordings import load_recording
from grader.view.layout import arrange_all, moments, pictures
from grader.view.player import LIMIT, Difference, Side, page_of_runs, player
from grader.view.svg import STYLE, svg_file
from reference.swapping import SwappingKernel
from tests.conftest import ROOT
from tests.kernels import SmallKernel
from tests.view.runs import lab_of, recorded, replayed
from tests.view.test_svg import BUDGET

html5lib = pytest.importorskip("html5lib", reason="html5lib, of the dev extra, reads pages as a browser does")

LABS = sorted(path.parent.name for path in (ROOT / "labs").glob("*/lab.yaml"))

#: Steps for whose pictures a page may have no room, and processes whose address spaces a picture may not hold in 8 kB.
MANY_STEPS, MANY_PROCESSES = 100, 20

#: The attributes that our SVG uses; all are SVG 1.1's.
ATTRIBUTES = {
    "class", "viewBox", "width", "height", "role", "x", "y", "d", "rx", "transform",
}  # fmt: skip

#: Elements of a picture, and what each may contain.
CONTENT = {
    "svg": {"title", "desc", "style", "rect", "text", "g", "path"},
    "g": {"title", "rect", "text", "g"},
    "text": {"tspan"},
}


@pytest.mark.proof
@pytest.mark.parametrize("lab", LABS)
def test_every_public_scenario_has_a_small_valid_page(lab):
    """At most 250 KB, every step with its picture if there are not hundreds, and no error for html5lib."""
    for scenario in lab_of(lab).scenarios:
        one, trace = scenario.at_failure_point(0), load_recording(lab_of(lab), scenario).traces[0]
        page = player(one, trace, None)
        html5lib.HTMLParser(strict=True).parse(page)
        assert len(page.encode()) <= LIMIT, scenario.id
        drawn = page.count('role="img"')
        assert drawn == len(one.steps) or (len(one.steps) > MANY_STEPS and drawn > 0), scenario.id


@pytest.mark.proof
@pytest.mark.parametrize("lab", LABS)
def test_every_picture_is_svg_of_8_kb_at_most(lab):
    """Strictly read: known elements in known places, with known attributes. Every step of every scenario, hidden ones
    and every point of failure included; only a state with dozens of processes may take more."""
    for scenario in (*lab_of(lab).scenarios, *lab_of(lab).hidden):
        for point, trace in enumerate(load_recording(lab_of(lab), scenario).traces):
            for picture in pictures(scenario.at_failure_point(point), trace.pids, trace.steps):
                text = svg_file(picture).encode()
                strict(ElementTree.fromstring(text))
                crowded = len(picture.left + picture.right) > MANY_PROCESSES
                assert len(text) <= BUDGET or crowded, (scenario.id, point, picture.step)


@pytest.mark.proof
@pytest.mark.parametrize(
    "state",
    [
        ("copy-on-write", "practice-in-small"),
        ("demand-paging", "a-thousand-pages"),
        ("demand-paging", "few-of-many"),
        ("file-backed", "sections-of-a-program"),
        ("linux", "one-fault-a-window"),
    ],
)
def test_pictures_of_wrong_kernels_keep_the_budget(state):
    """The scenarios whose pictures are largest, with every misconception, differences outlined."""
    (lab, scenario), found = state, 0
    one, trace = recorded(lab, scenario)
    for flag in misconceptions(lab_of(lab)):
        page = player(one, trace, attempt_here(one, trace, misconception_kernel(lab_of(lab), flag)))
        for drawn in re.findall(r'<svg [^>]*role="img".*?</svg>', page, re.DOTALL):
            found += 1
            assert len(drawn.encode()) + len(STYLE) <= BUDGET, (flag, drawn[:200])
    assert found > len(one.steps)


@pytest.mark.proof
@pytest.mark.parametrize("scenario", ["practice-in-small", "three-generations", "fork-needs-no-room"])
def test_rows_of_two_runs_lead_to_whole_boxes(scenario):
    """Rows that start where the other run's do still lead to a box of as many frames, or to one frame in common."""
    one, trace = recorded("copy-on-write", scenario)
    found = 0
    for flag in misconceptions(lab_of("copy-on-write")):
        records = attempt_here(one, trace, misconception_kernel(lab_of("copy-on-write"), flag)).records
        records = [record for record in records if 0 < record.number <= len(one.steps)]
        runs = moments(one, trace.pids, trace.steps), moments(one, trace.pids, records)
        for both in zip(*runs, strict=False):
            for picture in arrange_all(*both):
                for space in picture.left + picture.right:
                    for row in space.rows:
                        box = picture.boxes[row.box] if row.box is not None else None
                        if box is not None and box.name != "zero":
                            found += 1
                            assert box.many in (1, row.pages), (flag, picture.title, row.label)
                            assert f"{space.name}:{row.page.label}" in box.users, (flag, picture.title, row.label)
    assert found > 100


def strict(element):
    """Check an element of a picture and all in it."""
    tag = element.tag.removeprefix("{http://www.w3.org/2000/svg}")
    assert set(element.keys()) <= ATTRIBUTES, (tag, element.keys())
    inner = [child.tag.removeprefix("{http://www.w3.org/2000/svg}") for child in element]
    assert set(inner) <= CONTENT.get(tag, set()), (tag, inner)
    assert re.fullmatch(r"translate\(\d+\)", element.get("transform", "translate(0)")), tag
    for name in ("x", "y", "width", "height", "rx"):
        assert re.fullmatch(r"-?\d+(\.\d+)?", element.get(name, "0")), (tag, name)
    assert re.fullmatch(r"(M-?\d+ -?\d+([hlc]-?\d+( ?-?\d+)*z?)+)*", element.get("d", "")), element.get("d")
    for child in element:
        strict(child)


# -- in a browser -----------------------------------------------------------------------------------------------------


def forty_steps():
    """Return the page of a run of 40 steps."""
    steps = [f"mmap: {{by: P, name: m{n}, pages: 1}}" for n in range(8)]
    steps += ["fork: {by: P, child: C}"]
    steps += [f"write: {{by: {'PC'[n % 2]}, at: m{n % 8}, value: {n}}}" for n in range(31)]
    scenario, trace = replayed(*steps, machine="{frames: 32}")
    return player(scenario, trace, None)


def swapping():
    """Return the page of a run with swap."""
    steps = ("mmap: {by: P, name: h, pages: 3}", "write: {by: P, at: h, value: 1}", 'read: {by: P, at: "h[0]"}')
    scenario, trace = replayed(*steps, machine="{frames: 2, swap: 4}", kernel=SwappingKernel)
    return player(scenario, trace, None)


def stale_translation():
    """Return the page of a kernel that forgets to flush the TLB in fork."""
    scenario, trace = recorded("tlb", "round-and-round")
    for flag in misconceptions(lab_of("tlb")):
        attempt = attempt_here(scenario, trace, misconception_kernel(lab_of("tlb"), flag))
        page = player(scenario, trace, attempt)
        if "TLB r" in page:
            return page
    raise AssertionError("no misconception leaves a stale translation in this scenario")


def hostile():
    """Return the page of a kernel that raises markup."""

    class Hostile(SmallKernel):
        """Raises and prints what would run if it were not escaped."""

        def fork(self, parent, child):
            raise ValueError("</pre><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>")

    scenario, trace = recorded("copy-on-write", "fork-faults")
    printed = ["<script>window.hit = 1</script>"]
    return player(scenario, trace, attempt_here(scenario, trace, Hostile), printed)


def three_sides():
    """Return the page of three runs of one scenario."""
    scenario, trace = recorded("copy-on-write", "three-sections")
    wrong = attempt_here(scenario, trace, misconception_kernel(lab_of("copy-on-write"), "parent_w"))
    sides = [Side("simulated", trace.steps), Side("profile", trace.steps), Side("this machine", wrong.records)]
    return page_of_runs(scenario, trace.pids, sides, "Three runs.", Difference(7, "Here they differ", ["a line"]))


def fork_faults():
    """Return the page of the scenario of the lab page."""
    scenario, trace = recorded("copy-on-write", "fork-faults")
    return player(scenario, trace, None)


PAGES = (fork_faults, forty_steps, swapping, stale_translation, hostile, three_sides)


@pytest.mark.proof
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_pages_step_and_have_no_serious_finding(browser, findings, tmp_path, page):
    """Every step is reached by keyboard, nothing of a kernel runs, and axe-core finds nothing serious, light or dark,
    while stepping and while predicting."""
    path = tmp_path / "page.html"
    path.write_text(page(), encoding="utf-8")
    browser.open(path.as_uri())
    total = browser.value("document.querySelectorAll('main > section').length")
    browser.press("Home")
    seen = []
    for _ in range(total):
        seen.append(browser.value("document.querySelector('main > section:not([hidden])').id"))
        browser.press("ArrowRight")
    assert seen == [f"s{n}" for n in range(1, total + 1)]
    assert browser.value("window.hit") is None and browser.errors == []

    for theme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        assert findings() == []
    browser.value("document.querySelector('#predict')?.click()")
    assert findings() == []
    browser.call("Emulation.setEmulatedMedia", features=[])
