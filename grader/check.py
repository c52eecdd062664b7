"""The author's proof that a lab is sound. Each proof adds lines to `problems`; none stops the others.

files       the lab and its scenarios load; handout, stub and quiz are there; outputs are recorded and fresh
reference   passes everything, holds every expectation, and gives the recorded outputs
stub        passes nothing
"""

from __future__ import annotations

import re
from typing import NamedTuple

from grader.kernels import reference_kernel
from grader.lab import QUIZ_TASK, Lab, LabError, load_lab
from grader.outputs import load_output
from grader.record import describe_change, reference_output


class Proof(NamedTuple):
    """One proof: what was shown, or the problems in the way of it. `files` problems make the lab unusable."""

    name: str
    shown: str
    problems: list[str]
    kind: str = "proof"


def check_files(lab: Lab) -> Proof:
    """What a lab's folder must have beside what the loader needs."""
    problems = []
    for path in (lab.path / "README.md", lab.kernel.path):
        if not path.is_file():
            problems.append(f"{path}: this file is missing")
    if lab.quiz is not None and not lab.quiz.is_file():
        problems.append(f"{lab.quiz}: the quiz that lab.yaml names is missing")
    if (lab.path / "README.md").is_file():
        problems += _check_handout(lab)
    problems += _check_outputs(lab)
    shown = f"{len(lab.scenarios)} public and {len(lab.hidden)} hidden scenarios, all recorded"
    return Proof("files", shown, problems, "files")


def _check_outputs(lab: Lab) -> list[str]:
    """Outputs that are missing or stale; a lab that was never recorded is one problem, not a hundred."""
    problems = []
    for scenario in lab.all_scenarios:
        try:
            load_output(lab, scenario)
        except LabError as error:
            problems += error.problems
    if len(problems) > 3 and len(problems) == len(lab.all_scenarios):
        return [f"{lab.outputs}: no scenario's reference output is up to date; run `grader record {lab.path}`"]
    return problems


def _check_handout(lab: Lab) -> list[str]:
    """A heading `## N.` for every task, in order."""
    path = lab.path / "README.md"
    numbers = [int(n) for n in re.findall(r"^## (\d+)\.", path.read_text(encoding="utf-8"), re.MULTILINE)]
    wanted = [task.number for task in lab.tasks if task.id != QUIZ_TASK]
    missing = [number for number in wanted if number not in numbers]
    return [f"{path}: no heading `## {n}.` for task {lab.tasks[n - 1].id!r}" for n in missing]


def check_reference(lab: Lab) -> Proof:
    """The reference holds what scenarios expect and gives what is recorded."""
    kernel = reference_kernel(lab)
    problems = []
    for scenario in lab.all_scenarios:
        output, wrong = reference_output(scenario, kernel)
        problems += wrong
        if wrong:
            continue
        try:
            recorded = load_output(lab, scenario)
        except LabError:
            continue  # said under `files`
        if recorded.traces != output.traces:
            change = describe_change(recorded, output)
            problems.append(
                f"{scenario.path}:1: the recorded output is not what the reference does now ({change}); "
                f"if that is right, run `grader record {lab.path}`"
            )
    return Proof("reference", f"holds every expectation in {len(lab.all_scenarios)} scenarios", problems)


def check_lab(folder: object) -> list[Proof]:
    """All proofs of one lab."""
    try:
        lab = load_lab(folder)  # type: ignore[arg-type]
    except LabError as error:
        return [Proof("files", "", error.problems, "files")]
    return [check_files(lab), check_reference(lab)]
