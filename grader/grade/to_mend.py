"""Says what a student should look at: `grader run` names the first, and `grader watch` shows them in this order."""

from __future__ import annotations

from grader.escape import printable
from grader.grade.result import Result, ScenarioResult
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, WAITING


def to_mend(result: Result) -> list[ScenarioResult]:
    """Return the public scenarios that fail: first where something written is wrong, then what is not written yet."""
    failing = [s for s in result["scenarios"] if s["visibility"] == "public" and s["verdict"] not in (PASSED, WAITING)]
    return sorted(failing, key=lambda s: s["verdict"] == NOT_IMPLEMENTED)


def first_of_all(refused: str = "") -> str:
    """Return what to do where no scenario can begin. refused: why intake rejects the kernel, if it does.

    A refusal names its way out after the reason.
    """
    way_out = printable(refused.rpartition("; ")[2]) if "; " in refused else "fix the line above"
    return f"{way_out}; no scenario can run until then."
