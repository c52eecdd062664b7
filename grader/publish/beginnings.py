"""Checks that students begin with a stub and an empty sheet: an author may have tried the lab in its own folder.

leaks.py searches for lines that only secret files have. It cannot notice a kernel in the place of the stub, or a sheet
with answers, because students get these files.
"""

from __future__ import annotations

from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.verdicts import PASSED
from grader.lab.kernels import load_file_class
from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.program import command
from grader.quiz.marking import is_open, read_sheet
from grader.quiz.model import VARIANT


def solutions(lab: Lab) -> list[str]:
    """Return a line for the stub if it passes a scenario, and for the quiz sheet if it has an answer."""
    return _kernel(lab) + _sheet(lab)


def _kernel(lab: Lab) -> list[str]:
    kernel = load_file_class(lab.kernel.path, lab.kernel.name)
    for scenario in lab.all_scenarios:
        attempt = attempt_each(scenario, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        if attempt.verdict == PASSED:
            way_out = "put the stub back, because students get this file"
            return [f"{lab.kernel.path}: this kernel passes scenario {scenario.id}; {way_out}"]
    return []


def _sheet(lab: Lab) -> list[str]:
    path = lab.path / "answers.yaml"
    if not path.is_file():
        return []
    sheet, _ = read_sheet(path.read_bytes())
    answered = [id for id, answer in sheet.items() if id != VARIANT and not is_open(answer)]
    if not answered:
        return []
    way_out = f"remove it, then `{command('quiz', lab.path, '--template', '--output', path)}` writes an empty one"
    return [f"{path}: question {answered[0]} is answered, and students get this file; {way_out}"]
