"""The report for a terminal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.report.text import render, wrap
from tests.kernels import SmallKernel
from tests.report.results import result_of


@given(st.text(alphabet="ab \t/", max_size=300), st.integers(4, 80))
@example(" " * 50 + "a", 4)
@example("a" + " " * 90, 20)
def test_wrapping_ends_and_loses_nothing(text, width):
    """Whatever the text and the width, wrapping comes to an end and every character but blanks is still there."""
    lines = wrap(text, width)

    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=12), max_size=40))
def test_lines_of_short_words_fit(words):
    """Text whose words are short never goes beyond the width."""
    assert all(len(line) <= 40 for line in wrap(" ".join(words), 40))


def test_a_path_longer_than_a_line_is_broken():
    """A word that fits in no line is cut at the width."""
    assert wrap("see " + "x" * 100, 40)[0] == "see"
    assert max(map(len, wrap("x" * 100, 40))) == 40


def test_a_quiet_report_says_nothing_of_prints(lab):
    """-q has the summary alone."""
    result = result_of(lab, SmallKernel)

    assert "printed" in render(result)
    assert "printed" not in render(result, verbosity=-1)


def test_a_name_longer_than_a_line_is_cut_and_not_lost(lab):
    """The short lines of what waits begin with the scenario's name, however long it is."""
    result = result_of(lab, SmallKernel)
    failed = {**result["scenarios"][0], "verdict": "crashed", "message": "it ended", "details": ["why"]}
    result["scenarios"] = [failed, {**failed, "id": "x" * 90, "verdict": "waiting"}]

    [line] = [line for line in render(result, verbosity=1).splitlines() if line.startswith("  waits ")]

    assert "xxxx" in line and line.endswith(" …") and len(line) <= 80


def test_a_task_that_waits_for_two_names_both(lab):
    """What waits stands below the numbers of the tasks that its own needs."""
    result = result_of(lab, SmallKernel)
    result["tasks"][1]["waits_for"] = ["touch", "quiz"]
    result["scenarios"][1].update(verdict="waiting", message="waits until task 1 and task 3 passes")
    lines = render(result, verbosity=1).splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("  waits  "))

    assert " ".join(lines[place - 2 : place]).startswith("Task 2 depends on task 1 and task 3.")
    assert lines[place - 1].endswith("once task 1 and task 3 pass:")


def test_scenarios_are_counted_as_they_are(lab):
    """A student's summary of hidden scenarios is not counted as one that differs: it has a line of its own."""
    result = result_of(lab, SmallKernel)
    failed = {**result["scenarios"][0], "verdict": "failed", "message": "it differs", "details": ["why"]}
    summary = {k: v for k, v in failed.items() if k not in ("title", "details")} | {
        "visibility": "hidden",
        "id": "hidden-1",
    }
    result["scenarios"] = [failed, {**failed, "id": "other", "details": ["else"]}, summary]
    told = render(result)

    assert "1 other scenario differs, too" in told
    task = next(t for t in result["tasks"] if t["id"] == failed["task"])
    assert f"Not all hidden scenarios of task {task['number']} ({task['title']}) pass." in " ".join(told.split())


@pytest.mark.parametrize(
    ("graded", "told"), [(True, "hidden ones of other tasks were not graded"), (False, "hidden ones were not graded")]
)
def test_what_is_said_of_hidden_scenarios_after_only_some(lab, graded, told):
    """A released lab has none that could have been graded."""
    result = result_of(lab, SmallKernel) | {"only": "touch"}
    result["hidden"] = {**result["hidden"], "count": 2, "points": 20}
    result["scenarios"] = [s for s in result["scenarios"] if s["visibility"] == "public" or graded]

    assert f"public scenarios pass; {told}." in " ".join(render(result).split())


def test_a_task_in_which_a_kernel_prints_too_much_says_so(lab):
    """The line of the task has the mark of the failure: PRINTS, not TIME."""
    result = result_of(lab, SmallKernel)
    result["scenarios"][0] |= {"verdict": "timed_out", "message": "printed more than 1024 KiB in one scenario"}

    assert next(line for line in render(result).splitlines() if line.startswith("  task 1")).split()[4] == "PRINTS"
