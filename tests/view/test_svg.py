"""Pictures as SVG."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given

from grader.view.layout import Box, Picture, Row, Space, picture_after
from grader.view.sight import FRAME, WRITABLE, Page
from grader.view.svg import STYLE, described, svg_file
from tests.marks import long_property
from tests.messages import assert_message
from tests.test_escape import HOSTILE
from tests.view.runs import recorded, replayed

SVG = "{http://www.w3.org/2000/svg}"
BUDGET = 8192

#: Lab, scenario and step of the golden pictures.
STATES = (
    ("copy-on-write", "three-sections", 7),
    ("copy-on-write", "three-sections", 11),
    ("copy-on-write", "fork-faults", 5),
    ("copy-on-write", "eight-processes-one-page", 12),
    ("demand-paging", "a-thousand-pages", 2),
    ("demand-paging", "reads-share-zeros", 3),
    ("file-backed", "sections-of-a-program", 10),
    ("shared-memory", "parent-sees-child", 4),
    ("swapping", "one-slot-for-two", 5),
    ("tlb", "round-and-round", 5),
)


def drawn(lab, scenario, step):
    """Return the picture after a step of a recorded scenario."""
    one, trace = recorded(lab, scenario)
    return picture_after(one, trace.pids, trace.steps, step)


def names_of(text):
    """Return the names of all elements of an SVG, parsed."""
    return [element.tag.removeprefix(SVG) for element in ElementTree.fromstring(text.encode()).iter()]


@pytest.mark.parametrize("state", STATES, ids=lambda state: f"{state[1]}-{state[2]}")
def test_pictures_are_as_they_were(state):
    """Ten states, byte for byte; none is larger than the budget."""
    text = svg_file(drawn(*state))

    assert_message(f"picture-{state[1]}-{state[2]}", text, ".svg")
    assert len(text.encode()) <= BUDGET
    assert set(names_of(text)) <= {"svg", "title", "desc", "style", "rect", "text", "tspan", "g", "path"}


def test_a_stale_translation_is_in_the_picture():
    """SmallKernel does not flush in fork: the entry says one thing, the TLB another, and both are shown."""
    scenario, trace = replayed(
        "mmap: {by: P, name: h, pages: 1}",
        "write: {by: P, at: h, value: 1}",
        "fork: {by: P, child: C}",
        machine="{tlb: true}",
    )
    text = svg_file(picture_after(scenario, trace.pids, trace.steps, 3))

    assert_message("picture-stale-translation", text, ".svg")
    assert "rw- → r-- cow dirty, TLB rw- a" in text


def test_a_picture_fetches_nothing():
    """No script, link, image, font or address, except the name of the format."""
    text = svg_file(drawn(*STATES[0]))

    assert "://" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"script|href|url\(|@import|@font-face|\son\w+=", text)


def test_rights_are_in_the_dashes_too():
    """Without a colour, arrows that mean different things still look different."""
    dashes = dict(re.findall(r"\.m \.([wpro])\{color:var\(--\w\)(?:;stroke-dasharray:([\d ]+))?\}", STYLE))

    assert set(dashes) == set("wpro")
    assert len(set(dashes.values())) == 4 and dashes["w"] == ""


def test_a_screen_reader_hears_title_and_rows():
    """The title is the step, and the description says for each row where it leads."""
    root = ElementTree.fromstring(svg_file(drawn(*STATES[1])).encode())
    title, described_as = root.find(f"{SVG}title"), root.find(f"{SVG}desc")

    assert root.get("role") == "img"
    assert title is not None and title.text == "Step 11: C writes 6 to h"
    assert described_as is not None and described_as.text == (
        "P: t[0] code r-x used to a (0); d[0] read-only data r-- used to b (0); h[0] heap rw- → r-- cow dirty to c "
        "(5). C: t[0] code r-x used to a (0); d[0] read-only data r-- used to b (0); h[0] heap rw- dirty to d (6), "
        "changed. "
        "4 frames in use."
    )


def test_rows_that_follow_each_other_and_look_alike_are_said_once():
    """Their rights are not heard again for each page."""
    scenario, trace = replayed("mmap: {by: P, name: h, pages: 2}", "write: {by: P, at: h, values: [5, 6]}")

    assert described(picture_after(scenario, trace.pids, trace.steps, 2)) == (
        "P: heap rw- dirty, changed: h[0] to a (5), h[1] to b (6). 2 frames in use."
    )


def test_a_change_is_marked_by_more_than_a_colour():
    """The entry that changed, and the new frame, have a thick border and a dot."""
    text = svg_file(drawn(*STATES[1]))
    (dots,) = re.findall('<path class="d" d="([^"]+)"', text)

    assert text.count(", changed</title>") == text.count('<rect class="c"') == 2
    assert dots.count("M") == 3  # the legend explains it with a third


def test_everything_stays_inside_the_picture():
    """No box and no beginning of a text is outside the view."""
    for state in STATES:
        root = ElementTree.fromstring(svg_file(drawn(*state)).encode())
        _, _, width, height = map(int, root.get("viewBox", "").split())
        columns = [(0.0, root)]
        for column in root.findall(f"{SVG}g"):
            (right,) = re.findall(r"^translate\((\d+)\)$", column.get("transform", ""))
            columns.append((float(right), column))
        for right, column in columns:
            for element in column.iter():
                x, y = right + float(element.get("x", 0)), float(element.get("y", 0))
                assert 0 <= x + float(element.get("width", 0)) <= width, state
                assert 0 <= y + float(element.get("height", 0)) <= height, state


def picture_of(text):
    """Return a picture with one row and one frame, in which every text is this one."""
    page = Page(text, text, "rw-", text, WRITABLE, text, (FRAME, 1))
    space = Space(text, (Row(text, 16, page, 1, 0, True),), 0)
    return Picture(text, 1, (space,), (), (Box(text, text, text, (text,), 1, False, True),), 0, 1, 0)


@long_property(60)
@given(HOSTILE.filter(bool))
def test_hostile_names_are_text_and_nothing_else(text):
    """Whatever names are, the SVG parses, has the same elements, and only characters that can be seen."""
    drawn_with = svg_file(picture_of(text))

    assert names_of(drawn_with) == names_of(svg_file(picture_of("a")))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", drawn_with)
