"""Checks that students begin with a stub and an empty sheet: an author may have tried the lab in its own folder.

leaks.py searches for lines that only secret files have. It cannot notice a kernel in the place of the stub, or a sheet
with answers, because students get these files.
"""

from __future__ import annotations

import re

from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.verdicts import PASSED
from grader.lab.kernels import load_file_class
from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.program import command
from grader.quiz.marking import is_open, read_sheet
from grader.quiz.model import VARIANT

_STUB_BACK = "put the stub back, because students get this file"


def solutions(lab: Lab) -> list[str]:
    """Return a line for each stub that is a kernel, and for the quiz sheet if it has an answer."""
    return _kernel(lab) + _kernel_in_c(lab) + _sheet(lab)


def _kernel(lab: Lab) -> list[str]:
    kernel = load_file_class(lab.kernel.path, lab.kernel.name)
    for scenario in lab.all_scenarios:
        attempt = attempt_each(scenario, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        if attempt.verdict == PASSED:
            return [f"{lab.kernel.path}: this kernel passes scenario {scenario.id}; {_STUB_BACK}"]
    return []


def _kernel_in_c(lab: Lab) -> list[str]:
    """Look at the text only: a compiler need not be here. In a stub, every function of a kernel ends in fl_todo."""
    path = lab.path / "stub.c"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    functions = re.findall(r"^(?:int|void) (kernel_\w+)\([^;{]*\{(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    written = [name for name, body in functions if "fl_todo(" not in body]
    return [f"{path}: {written[0]} is written; {_STUB_BACK}"] if written else []


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
