"""Results for tests of reports: graded in this process, or with hostile text wherever a student can put some."""

from __future__ import annotations

import copy
import pathlib
from typing import Any

from grader.grade.result_builder import ResultBuilder
from grader.grade.runner import LocalRunner, Printed
from grader.grade.session import Session
from grader.lab.lab import load_lab
from grader.quiz import mark
from tests.kernels import SmallKernel

ISOLATION = {"wanted": "auto", "got": "none", "missing": {}}


class ParentWritable(SmallKernel):
    """fork leaves the parent's pages writable."""

    def fork(self, parent, child):
        rights = {page: parent.page_table.get(page).protection for page in parent.page_table.pages()}
        super().fork(parent, child)
        for page, protection in rights.items():
            parent.page_table.protect(page, protection)


class Printing(LocalRunner):
    """Runs a kernel in this process, as if it had printed a line in each scenario."""

    def printed(self) -> Printed:
        return Printed("printed\n")


def result_of(
    lab: pathlib.Path, kernel: Any = ParentWritable, audience: str = "student", answers: bytes | None = None
) -> dict[str, Any]:
    """The result of a kernel class on a lab's folder."""
    loaded = load_lab(lab)
    graded = Session(loaded).grade(Printing(kernel), loaded.scenarios, loaded.hidden)
    quiz = mark(loaded, answers)
    return ResultBuilder(loaded, graded, quiz, None).build("work", "0" * 64, ISOLATION, audience)


def with_text(result: dict[str, Any], text: str) -> dict[str, Any]:
    """The same result, as if a student had written `text` wherever that is possible."""
    from grader.escape import printable

    result = copy.deepcopy(result)
    result["submission"] = printable(text)
    for scenario in result["scenarios"]:
        if scenario["visibility"] == "public" and scenario["verdict"] not in ("passed", "waiting"):
            scenario.update(message=printable(text), details=[printable(text), printable(f"  kernel.py:3, in {text}")])
            scenario["output"] = "\n".join(printable(line) for line in text.splitlines())
            scenario["output_truncated"] = False
    for question in result["quiz"]["questions"]:
        question["feedback"] = [printable(text)]
    return result
