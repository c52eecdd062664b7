"""Orders what a student should look at: `grader run` names the first, and `grader watch` shows them in this order."""

from __future__ import annotations

from grader.grade.result import Result, ScenarioResult
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, WAITING


def to_mend(result: Result) -> list[ScenarioResult]:
    """Return the public scenarios that fail: first where something written is wrong, then what is not written yet."""
    failing = [s for s in result["scenarios"] if s["visibility"] == "public" and s["verdict"] not in (PASSED, WAITING)]
    return sorted(failing, key=lambda s: s["verdict"] == NOT_IMPLEMENTED)
