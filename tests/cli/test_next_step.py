"""What to do next names the files that were graded, whichever they are."""

import argparse
import pathlib

import pytest

from grader.cli.next_step import next_step
from grader.lab.lab import load_lab

LAB = pathlib.Path(__file__).parents[2] / "labs" / "demand-paging"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A submission `work` in the current folder, with a kernel in Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORKLAB_PROGRAM", "grader")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "kernel.py").write_text("")
    return pathlib.Path("work")


def told(submission, *verdicts, refused=""):
    lab = load_lab(LAB)
    scenarios = [
        {"id": s.id, "task": s.task, "verdict": verdict, "visibility": "public"}
        for s, verdict in zip(lab.scenarios, verdicts, strict=False)
    ]
    result = {"scenarios": scenarios, "points": 90, "max_points": 100}
    given = str(submission) if submission is not None else None
    return next_step(result, argparse.Namespace(submission=given), lab, refused).replace(str(LAB), "LAB")


def test_the_quiz_of_the_lab_itself(work):
    """It is asked, and the lab's own sheet filled in."""
    assert told(None, "passed") == "the quiz.\ngrader quiz LAB"


def test_the_quiz_of_a_working_folder(work):
    """It has a lab.yaml, so the quiz is asked there: the lab's own sheet is not the one that was graded."""
    (work / "lab.yaml").write_text("")
    assert told(work, "passed") == "the quiz.\ngrader quiz work"


def test_the_quiz_of_a_submission_with_a_sheet(work):
    """Answers go into the sheet that was graded."""
    (work / "answers.yaml").write_text("")
    assert told(work, "passed") == (
        "the quiz; write into work/answers.yaml, which this marks:\ngrader quiz LAB --answers work/answers.yaml"
    )


def test_the_quiz_of_a_submission_without_a_sheet(work):
    """The command writes an empty one where it is looked for."""
    assert told(work, "passed") == (
        "the quiz, on a sheet next to your kernel:\ngrader quiz LAB --template --output work/answers.yaml"
    )


@pytest.mark.parametrize(
    ("submission", "file"), [(None, "LAB/kernel.py"), ("work", "work/kernel.py"), ("work/kernel.py", "work/kernel.py")]
)
def test_an_unwritten_method_is_in_the_kernel_that_was_graded(work, submission, file):
    """Not in the lab's stub."""
    assert told(submission, "passed", "not_implemented") == f"task 1 of LAB/README.md, then {file}"


def test_an_unwritten_method_of_a_kernel_in_c(work):
    """A folder with a kernel.c has no other."""
    (work / "kernel.py").rename(work / "kernel.c")
    assert told(work, "not_implemented") == "task 1 of LAB/README.md, then work/kernel.c"


def test_what_is_wrong_comes_before_an_unwritten_method(work):
    """As in `grader watch`: a mistake in what is written is easier to find before more is written."""
    assert "\ngrader show LAB " in told(work, "not_implemented", "failed")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ("there are a kernel.py and a kernel.c; remove the one that is not yours", "remove the one that is not yours"),
        ("kernel.py has more than 64 KiB", "fix the line above"),
    ],
)
def test_a_refused_hand_in_is_not_shown_but_put_right(work, refused, expected):
    """`grader show` would end with the same refusal."""
    assert told(work, "refused", refused=refused) == f"{expected}; no scenario can run until then."
