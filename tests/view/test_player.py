"""The page to step through a run: what is in it, and that it works in a real browser."""

import base64
import hashlib
import html.parser
import re

import pytest
from hypothesis import given

from grader.grade.attempt import Attempt, attempt_here
from grader.lab.mistakes import misconception_kernel
from grader.machine import Protection
from grader.view.player import LIMIT, Difference, Side, page_of_runs, player
from tests.kernels import SmallKernel
from tests.marks import long_property
from tests.test_escape import HOSTILE
from tests.view.runs import lab_of, recorded, replayed

html5lib = pytest.importorskip("html5lib", reason="html5lib, of the dev extra, reads pages as a browser does")


def failing(lab="copy-on-write", scenario="three-sections", flag="parent_w"):
    """Return the page of a misconception's run beside the reference's."""
    one, trace = recorded(lab, scenario)
    return player(one, trace, attempt_here(one, trace, misconception_kernel(lab_of(lab), flag)))


def of_reference(lab, scenario):
    """Return the page of the reference's run."""
    one, trace = recorded(lab, scenario)
    return player(one, trace, None)


def test_a_step_that_only_one_run_has_says_whose_it_is():
    """After a run has ended, what a step cost is the reference's."""
    one, trace = recorded("copy-on-write", "child-moves-out")
    page = player(one, trace, Attempt("timed_out", "too long", ("too long",), records=tuple(trace.steps[:4])))

    assert "<p>ok, value 10, 1 frame in use</p>" in page
    assert "<p>the reference: ok, 1 fault, 1 copy, 2 frames in use</p>" in page


class _Reader(html.parser.HTMLParser):
    """Collects elements, attributes and the text outside style and script."""

    def __init__(self):
        super().__init__()
        self.elements, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]


def read(page):
    """Return a page's elements and the names of its attributes."""
    reader = _Reader()
    reader.feed(page)
    return reader


@pytest.mark.parametrize(
    "state", [("copy-on-write", "fork-faults"), ("tlb", "round-and-round"), ("swapping", "belady-four-frames")]
)
def test_pages_are_valid_and_small(state):
    """html5lib finds no error in a page of the reference's run, and its ids are unique."""
    page = of_reference(*state)
    html5lib.HTMLParser(strict=True).parse(page)
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(page.encode()) <= LIMIT
    assert len(ids) == len(set(ids))
    assert page.count('role="img"') == len(recorded(*state)[0].steps)


def test_the_first_difference_opens_first_with_its_rule():
    """Step 7 is the fork that leaves the parent's page writable; only there are two pictures and the rule."""
    page = failing()
    html5lib.HTMLParser(strict=True).parse(page)
    section = page[page.index('<section id="s7"') : page.index('<section id="s8"')]

    assert '<main data-start="6">' in page
    assert "first difference: audit" in section and section.count("<svg ") == 2
    assert page.count("Here your kernel differs") == 1
    assert "your kernel and the reference differ in step 7 of 12" in page


def test_a_leak_is_no_difference_in_the_last_step():
    """It is found when all processes have exited; the page opens at the last step and says so."""

    class Leaks(SmallKernel):
        def exit(self, process):
            pass

    scenario, trace = replayed("mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 1}")
    page = player(scenario, trace, attempt_here(scenario, trace, Leaks))

    assert "your kernel and the reference differ when all processes have exited." in page
    assert "<h3>After this step your kernel differs from the reference</h3>" in page
    assert '<main data-start="1">' in page


def test_differing_entries_are_outlined_on_both_sides():
    """The parent's page differs; what is alike is not outlined."""
    assert differing(failing()) == [("h[0]: heap", "rw- → r-- cow dirty"), ("h[0]: heap", "rw- dirty")]


def differing(page):
    """Return title and rights of the boxes that are marked as different, in the order of the page."""
    marked = (
        r"<title>([^<]*), differs[^<]*</title><rect[^>]*/><text[^>]*><tspan>[^<]*</tspan>[^<]* ≠<tspan[^>]*>([^<]*)<"
    )
    return re.findall(marked, page)


def test_one_page_of_many_that_differs_is_outlined_alone():
    """Rows of both runs end where the difference does, and those of its other users with it."""

    class Forgetful(SmallKernel):
        """Leaves the parent's sixth page writable in fork."""

        def fork(self, parent, child):
            super().fork(parent, child)
            page = parent.page_table.pages()[5]
            parent.page_table.protect(page, Protection.READ | Protection.WRITE, cow=False)

    steps = ("mmap: {by: P, name: h, pages: 40}", "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}")
    scenario, trace = replayed(*steps, machine="{frames: 64}")
    page = player(scenario, trace, attempt_here(scenario, trace, Forgetful))
    titles = re.findall(r"<title>(h\[[^,<]*)[,<]", page[page.index('<section id="s3"') :])

    assert differing(page) == [("h[5]: heap", "rw- → r-- cow dirty"), ("h[5]: heap", "rw- dirty")]
    assert titles == ["h[0:5]: heap", "h[5]: heap", "h[6:40]: heap"] * 4


def test_steps_where_both_look_alike_have_one_picture():
    """Before the difference there is nothing to compare."""
    page = failing()
    section = page[page.index('<section id="s6"') : page.index('<section id="s7"')]

    assert section.count("<svg ") == 1 and "the reference and your kernel" in section


def test_frames_have_the_names_of_those_they_stand_for():
    """A kernel that gets its frames in another order is drawn with the reference's names."""

    class Wasteful(SmallKernel):
        """Takes a frame and gives it back before every fault."""

        def page_fault(self, process, fault):
            self.hw.frames.free(self.hw.frames.allocate())
            super().page_fault(process, fault)

    steps = ("mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 1}", "read: {by: P, at: h}")
    scenario, trace = replayed(*steps)
    attempt = attempt_here(scenario, trace, Wasteful)

    assert attempt.verdict == "passed"
    assert "<figcaption>your kernel</figcaption>" not in player(scenario, trace, attempt)


def test_a_kernel_that_does_without_the_cow_bit_differs_in_no_entry():
    """The rules leave the bit to the kernel: both runs are drawn, and nothing is outlined."""

    class Plain(SmallKernel):
        """Protects pages in fork without marking them."""

        def fork(self, parent, child):
            super().fork(parent, child)
            for process in (parent, child):
                for page in process.page_table.pages():
                    entry = process.page_table.get(page)
                    process.page_table.protect(page, entry.protection, cow=False)

    steps = ("mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}")
    scenario, trace = replayed(*steps)
    attempt = attempt_here(scenario, trace, Plain)
    page = player(scenario, trace, attempt)

    assert attempt.verdict == "passed"
    assert "<figcaption>your kernel</figcaption>" in page and ", differs" not in page


def test_a_kernel_that_cannot_begin_opens_at_the_first_step():
    """Nothing of its run can be drawn, and the page says why."""

    class Broken(SmallKernel):
        """Raises before the first step."""

        def __init__(self, hw):
            raise ValueError("no hardware like this")

    scenario, trace = replayed("mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 1}")
    page = player(scenario, trace, attempt_here(scenario, trace, Broken))

    assert '<main data-start="0">' in page and "no hardware like this" in page
    assert "<figcaption>your kernel</figcaption>" not in page


def test_a_leak_at_the_end_opens_at_the_last_step():
    """The end is no step; what is left in use is explained where the run stops."""

    class Leaky(SmallKernel):
        """Frees nothing when a process exits."""

        def exit(self, process):
            pass

    scenario, trace = replayed("mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 1}")
    attempt = attempt_here(scenario, trace, Leaky)
    page = player(scenario, trace, attempt)

    assert attempt.divergence is not None and attempt.divergence.rule == "leak"
    assert '<main data-start="1">' in page and "first difference: leak" in page


def test_the_policy_allows_this_script_and_style_and_nothing_else():
    """The hashes are those of the page's own script and style; no attribute runs or styles anything."""
    page = failing()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    reader = read(page)

    assert policy is not None and policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert not [name for name in reader.attributes if name.startswith("on") or name in ("style", "src", "srcset")]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_a_page_that_would_be_too_large_leaves_out_far_pictures():
    """What has no room is said with the command that draws it, and the page keeps its limit."""
    steps = [f"mmap: {{by: P, name: m{n}, pages: 1}}" for n in range(15)]
    steps += [f"write: {{by: P, at: m{n % 15}, value: {n}}}" for n in range(120)]
    scenario, trace = replayed(*steps, machine="{frames: 32}")
    page = player(scenario, trace, None)

    assert len(page.encode()) <= LIMIT
    assert "grader show LAB run --step 135 --format svg" in page and "--step 1 --format" not in page


def test_any_number_of_runs_stand_beside_each_other():
    """Three sides: those that look alike share a picture, titles say whose it is, and each cost has its title."""
    scenario, trace = recorded("copy-on-write", "three-sections")
    wrong = attempt_here(scenario, trace, misconception_kernel(lab_of("copy-on-write"), "parent_w"))
    sides = [Side("simulated", trace.steps), Side("profile", trace.steps), Side("this machine", wrong.records)]
    page = page_of_runs(scenario, trace.pids, sides, "Three runs.", Difference(7, "Here they differ", ["why"]))
    section = page[page.index('<section id="s7"') : page.index('<section id="s8"')]

    assert re.findall("<figcaption>(.*?)</figcaption>", section) == ["simulated and profile", "this machine"]
    assert "<h3>Here they differ</h3><pre>why</pre>" in section and '<main data-start="6">' in page


def test_what_a_run_does_not_show_is_not_compared():
    """A real kernel shows no copies: its records have none, which is no difference and is not said of it."""
    scenario, trace = recorded("copy-on-write", "three-sections")
    real = [record._replace(copies=0) for record in trace.steps]
    counted = page_of_runs(scenario, trace.pids, [Side("a", trace.steps), Side("b", real)], "Two runs.")
    page = page_of_runs(scenario, trace.pids, [Side("a", trace.steps), Side("b", real, ("copies",))], "Two runs.")

    assert "b: ok, 1 fault, 4 frames in use" in counted and "≠ 0" in counted and "a line is another run" in counted
    assert "<p>ok, 1 fault, 1 copy, 4 frames in use</p>" in page
    assert "≠" not in page.partition("<footer>")[2] and "a line is another run" not in page


@long_property(40)
@given(HOSTILE.filter(bool))
def test_hostile_text_changes_no_element(text):
    """Messages, explanations and prints of a student's kernel are text wherever they stand."""
    scenario, trace = recorded("copy-on-write", "fork-copies-nothing")

    def page(words):
        attempt = Attempt("crashed", words, (words, words), None, tuple(trace.steps[:2]))
        return player(scenario._replace(hint=words), trace, attempt, [words])

    assert read(page(text)).elements == read(page("a")).elements
    assert sorted(read(page(text)).attributes) == sorted(read(page("a")).attributes)


# -- in a browser -----------------------------------------------------------------------------------------------------


def address(folder, page):
    """Write a page and return its address."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def shown(browser):
    """Return the ids of the steps that can be seen."""
    return browser.value("[...document.querySelectorAll('main > section')].filter(s => s.offsetHeight).map(s => s.id)")


def test_the_page_steps_by_keys_buttons_slider_and_link(browser, tmp_path):
    """It opens at the difference; every way of stepping leads to one step, and the live region says which."""
    url = address(tmp_path, failing())
    browser.open(url)
    assert shown(browser) == ["s7"] and browser.errors == []

    for key, step in (("ArrowRight", "s8"), ("ArrowLeft", "s7"), ("Home", "s1"), ("ArrowLeft", "s1"), ("End", "s12")):
        browser.press(key)
        assert shown(browser) == [step], key
    assert browser.value("location.hash") == "#s12"
    assert str(browser.value("document.querySelector('#said').textContent")).startswith("Step 12 of 12: P executes t.")
    browser.press("d")
    assert shown(browser) == ["s7"]
    browser.value("document.querySelector('button[data-key=ArrowLeft]').click()")
    assert shown(browser) == ["s6"]
    browser.value("(s => { s.value = 3; s.dispatchEvent(new Event('input')); })(document.querySelector('#slider'))")
    assert shown(browser) == ["s3"]
    browser.value("document.querySelector('#slider').focus()")
    browser.press("ArrowRight")
    assert shown(browser) == ["s4"]  # one step, not one for the page and one for the slider
    browser.open(f"{url}#s5")
    assert shown(browser) == ["s5"]


def test_predicting_hides_a_step_until_its_questions_are_answered(browser, tmp_path):
    """Off at first; switched on, the answer shows what was hidden, a skip too, and the score counts both."""
    browser.open(address(tmp_path, failing()))
    click = "document.querySelector('{}').click()"
    after = "document.querySelector('#s{} .after').offsetHeight > 0"
    told = "document.querySelector('#said').textContent"
    assert browser.value("document.querySelector('.ask').offsetHeight") == 0

    browser.value(click.format("#predict"))
    assert shown(browser) == ["s1"] and browser.value(after.format(1)) is True  # a mapping asks nothing
    browser.value("location.hash = '#s4'")
    browser.value("new Promise(done => setTimeout(done))")
    assert browser.value("document.querySelector('#s4 > pre').offsetHeight") == 0  # its `expect` would tell
    assert browser.value(after.format(4)) is False and str(browser.value(told)).endswith("cause a page fault?")
    browser.value(click.format("#s4 .ask [value=right]"))
    assert browser.value(after.format(4)) is True
    assert str(browser.value("document.querySelector('#s4 [data-why]').textContent")).startswith("Right. The answer: ")
    browser.press("ArrowRight")
    browser.value(click.format("#s5 .ask [value=skipped]"))
    assert browser.value(after.format(5)) is True
    assert browser.value("document.querySelector('#score').textContent") == "1 of 1 right, 1 skipped"
    browser.value(click.format("#predict"))
    browser.press("ArrowRight")
    assert browser.value(after.format(6)) is True and browser.errors == []


@pytest.mark.parametrize(
    "state",
    [
        ("copy-on-write", "fork-faults"),
        ("copy-on-write", "practice-in-small"),
        ("swapping", "belady-four-frames"),
        ("tlb", "round-and-round"),
    ],
)
def test_every_step_of_a_run_can_be_reached(browser, tmp_path, state):
    """From the first to the last with one key, and no step twice."""
    total = len(recorded(*state)[0].steps)
    browser.open(address(tmp_path, of_reference(*state)))
    seen = []
    for _ in range(total):
        seen += shown(browser)
        browser.press("ArrowRight")

    assert seen == [f"s{n}" for n in range(1, total + 1)] and browser.errors == []


def test_without_a_script_and_on_paper_every_step_is_there(browser, tmp_path):
    """Nothing depends on the script but the hiding, and print undoes that."""
    url, every = address(tmp_path, failing()), [f"s{n}" for n in range(1, 13)]
    browser.open(url, script=False)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert shown(browser) == every
    assert browser.value("document.querySelector('nav').offsetHeight") == 0

    browser.open(url)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert shown(browser) == every
    browser.call("Emulation.setEmulatedMedia", media="")


def test_the_page_fits_a_telephone(browser, tmp_path):
    """At 400 pixels the page itself does not scroll sideways; only the boxes of pictures do."""
    browser.open(address(tmp_path, failing()), width=400)

    assert browser.value("document.documentElement.scrollWidth") <= 400


def test_keys_move_a_picture_that_is_too_wide(browser, tmp_path):
    """In a box that scrolls the arrows are the box's own; where everything fits they change the step."""
    browser.open(address(tmp_path, failing()), width=400)
    wide = "Array.from(document.querySelectorAll('.scroll')).find(b => b.scrollWidth > b.clientWidth)"
    browser.value(f"{wide}.focus()")
    before = shown(browser)
    browser.press("ArrowLeft")
    assert shown(browser) == before

    browser.open(address(tmp_path, failing()), width=2000)
    assert browser.value(f"{wide} === undefined") is True
    browser.value("document.querySelector('main > section:not([hidden]) .scroll').focus()")
    browser.press("ArrowLeft")
    assert shown(browser) == ["s6"]


def test_d_does_nothing_without_a_difference(browser, tmp_path):
    """The key of a button that is not there does not lead away from the step."""
    browser.open(address(tmp_path, of_reference("copy-on-write", "fork-faults")) + "#s3")
    browser.press("d")

    assert shown(browser) == ["s3"]


def test_a_hostile_run_runs_nothing(browser, tmp_path):
    """What a kernel prints and raises stays text, and the browser's policy has nothing to refuse."""
    scenario, trace = recorded("copy-on-write", "fork-copies-nothing")
    evil = "</pre></section><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
    attempt = Attempt("crashed", evil, (evil,), None, tuple(trace.steps[:2]))
    browser.open(address(tmp_path, player(scenario, trace, attempt, [evil])))

    assert browser.value("window.hit") is None and browser.errors == []
    assert shown(browser) == ["s3"]
