"""Pictures of the states at which a class most often differs first."""

import re
import xml.etree.ElementTree as ElementTree

from grader.lab.lab import load_lab
from grader.report.course import course
from grader.report.course_pictures import pictures_of
from grader.report.page import STYLE
from grader.view import chart, svg
from tests.batch.results import batch, entry

FIRST = {"scenario": "fork", "step": 3, "rule": "audit", "expected": "no", "yours": "yes"}


def class_of(lab, *firsts):
    """Return the report of submissions with these first differences."""
    plain = batch(*(entry(f"s{n}", first=first) for n, first in enumerate(firsts)))
    visible = {scenario.id for scenario in lab.scenarios}
    scenarios = [
        {"id": s.id, "task": "two", "title": s.title, "visibility": "public" if s.id in visible else "hidden"}
        for s in lab.all_scenarios
    ]
    for one in plain["submissions"]:
        one["verdicts"] = {s.id: "failed" for s in lab.all_scenarios}
    return course(plain | {"scenarios": scenarios})


def test_the_state_of_the_reference_is_drawn(lab):
    """The picture is an SVG element with the reference's state after the step of the difference."""
    lab = load_lab(lab)
    drawn = pictures_of(lab, class_of(lab, FIRST))
    root = ElementTree.fromstring(drawn["fork", 3])

    assert root.tag.endswith("svg")
    assert "Step 3: P forks C" in "".join(root.itertext())


def test_a_leak_has_the_last_state(lab):
    """A difference after the last step has the picture of the last step."""
    lab = load_lab(lab)
    drawn = pictures_of(lab, class_of(lab, FIRST | {"step": 5, "rule": "leak"}))

    assert "Step 4" in drawn["fork", 5]


def test_a_hidden_scenario_is_never_drawn(lab):
    """Even if results said that the first difference is in a hidden scenario, nothing of it is drawn."""
    lab = load_lab(lab)

    assert pictures_of(lab, class_of(lab, FIRST | {"scenario": "secret"})) == {}


def test_no_rule_of_the_page_is_for_a_class_of_the_pictures(lab):
    """A rule for cells of tables once made boxes of untouched pages as narrow as a cell."""
    of_pictures = set(re.findall(r"\.(\w+)", f"{svg.STYLE}{chart.STYLE}"))
    selectors = [selector.strip() for rule in re.findall(r"[^{}]+(?={)", STYLE) for selector in rule.split(",")]

    assert {"n", "v"} <= of_pictures
    wide = [s for s in selectors if re.search(rf"(^|\s)\.({'|'.join(sorted(of_pictures))})$", s)]
    assert [selector for selector in wide if not selector.startswith(".m ")] == []
