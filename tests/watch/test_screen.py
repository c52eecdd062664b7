"""What the screen of `grader watch` shows, in every size."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.watch.screen import View, command_lines, listed, report, screen
from tests.messages import assert_message

FAILING = {
    "id": "wild-write",
    "task": "copy",
    "visibility": "public",
    "verdict": "failed",
    "points": 0,
    "max_points": 10,
    "title": "A write to a shared page copies it once, and nobody else sees the new value",
    "message": "step 3: faults",
    "details": ["step 3 of 4: C writes 2 to h   wild-write.yaml:9", "  first difference: faults", "    expected 1"],
    "diagnosis": "Your kernel behaves like one that copies twice. This is a hint, not part of the grade.",
    "hint": "Who pays?",
    "output": "in page_fault",
    "output_truncated": False,
}
PASSING = {**FAILING, "id": "first-touch", "task": "share", "verdict": "passed", "points": 10, "title": "A touch"}
WAITING = {**FAILING, "id": "later", "task": "last", "verdict": "waiting", "title": "Later"}


def result(*scenarios):
    tasks = [("share", "Share frames"), ("copy", "Copy on the first write"), ("last", "The last sharer")]
    return {
        "points": 10,
        "max_points": 30,
        "tasks": [
            {"id": id, "number": n, "title": title, "points": 10 if id == "share" else 0, "max_points": 10}
            for n, (id, title) in enumerate(tasks, 1)
        ],
        "scenarios": list(scenarios),
    }


VIEW = View(
    title="copy-on-write: Copy-on-write fork",
    result=result(PASSING, FAILING, WAITING),
    failure=FAILING,
    place="1 of 1",
    change="1 more passes: first-touch",
    status="12:00:00  0.12 s",
    next="task 2 of README.md; save, and this screen follows.",
)


def test_a_failure_in_a_terminal_of_24_rows():
    """Points, tasks with bars, what changed, the first failure in full, what to do next, keys."""
    assert_message("watch-failure", "\n".join(screen(VIEW, 80, 24).lines) + "\n")


def test_the_list_of_states():
    """Each scenario by task, with its mark."""
    view = VIEW._replace(extra=listed(VIEW, VIEW.result, 60))

    assert_message("watch-list", "\n".join(screen(view, 60, 14).lines) + "\n")


def test_everything_passed():
    """What was learnt, and the quiz that is left; the model's way is not shown."""
    view = VIEW._replace(
        result=result(PASSING), failure=None, place="", learnt="Fork copies nothing.", next="the quiz."
    )
    shown = "\n".join(screen(view, 80, 24).lines)

    assert "All 1 public scenarios pass." in shown
    assert "Fork copies nothing." in shown and "Next: the quiz." in shown


def test_a_problem_takes_the_place_of_the_failure():
    """A lab that cannot be read, or a kernel that is gone, is said where the failure would be."""
    shown = screen(VIEW._replace(problem="touch.yaml:7: 'wrote' is no verb\nlab.yaml:3: no title"), 80, 24).lines

    assert "touch.yaml:7: 'wrote' is no verb" in shown and "lab.yaml:3: no title" in shown


def test_what_does_not_fit_can_be_scrolled_to():
    """The last visible line says how much is hidden; scrolling shows it."""
    view = VIEW._replace(extra=[f"line {n}" for n in range(50)])
    first = screen(view, 80, 12)
    last = screen(view._replace(scroll=first.most), 80, 12)

    assert "line 0" in first.lines and any("more lines" in line for line in first.lines)
    assert "line 49" in last.lines and not any("more lines" in line for line in last.lines)


def test_colours_are_never_the_only_sign():
    """Without the colours the same words are there; a terminal that is not UTF-8 gets bars in ASCII."""
    coloured = screen(VIEW._replace(colour=True), 80, 24).lines
    plain = "\n".join(screen(VIEW._replace(plain=True), 80, 24).lines)

    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == screen(VIEW, 80, 24).lines
    assert plain.isascii()


def test_a_report_without_a_terminal():
    """The same words as lines, with no control of a screen."""
    text = "\n".join(report(VIEW, 80))

    assert "\x1b" not in text and "FAIL  copy/wild-write" in text and "10 of 30 points" in text


@pytest.mark.parametrize("extra", [(), ("x" * 300, "y")])
@given(width=st.integers(1, 200), height=st.integers(3, 60), scroll=st.integers(0, 100))
def test_every_size_is_filled_exactly(extra, width, height, scroll):
    """Whatever the size, there are as many lines as rows, and none is wider than the screen."""
    drawn = screen(VIEW._replace(extra=extra, scroll=scroll), width, height)

    assert len(drawn.lines) == height
    if width >= 44:
        assert max(map(len, drawn.lines)) <= width


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), min_size=1))
def test_a_long_command_can_be_pasted(words):
    """A shell reads the lines of a command as the command itself, and no line is longer than the screen is wide."""
    lines = command_lines(shlex.join(words), 40)

    assert shlex.split("\n".join(lines).replace("\\\n", "")) == words
    assert max(map(len, lines)) <= 40


def test_a_command_keeps_words_with_blanks_whole():
    """A line is broken between words, never inside a quoted one, and ends as a shell wants it."""
    lines = command_lines("grader show small fork --submission '/home/ann lee/my kernel.py' --open", 48)

    assert lines == [
        "  grader show small fork --submission \\",
        "    '/home/ann lee/my kernel.py' --open",
    ]
