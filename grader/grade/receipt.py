"""Computes the hashes by which two results can be compared: of what decides points in a lab, and of what was graded."""

from __future__ import annotations

from grader.grade.result import Result
from grader.lab.lab import Lab


def lab_hash(lab: Lab, audience: str = "staff", hashes: dict[str, str] | None = None) -> str:
    """Return the sha256 of everything in a lab that decides points: tasks, and scenarios with their weights.

    The student's hash knows hidden scenarios only by their weights, so that it is the same in a released lab.
    """
    hashes = hashes or {scenario.id: scenario.hash for scenario in lab.all_scenarios}
    tasks = [[t.id, str(t.points), list(t.needs)] for t in lab.tasks]
    if audience == "student":
        hidden: object = {t.id: sorted(map(str, lab.hidden_weights(t.id))) for t in lab.tasks}
    else:
        hidden = [[s.id, hashes[s.id]] for s in lab.hidden]
    decides = {"tasks": tasks, "scenarios": [[s.id, hashes[s.id]] for s in lab.scenarios], "hidden": hidden}
    if lab.twins == "decide" and audience != "student":
        decides["twins"] = lab.twins
    return _sha256(decides)


def receipt(lab: Lab, digest: str, result: Result, hashes: dict[str, str]) -> str:
    """Return the sha256 of canonical JSON of lab, submission bytes, public scenarios' hashes, verdicts and points."""
    entries = [e for e in result["scenarios"] if e["visibility"] == "public"]
    chosen = {e["id"] for e in entries}
    return "sha256:" + _sha256(
        {
            "lab": lab.name,
            "submission": digest,
            "scenarios": {s.id: hashes[s.id] for s in lab.scenarios if s.id in chosen},
            "verdicts": {e["id"]: e["verdict"] for e in entries},
            "points": {e["id"]: e["points"] for e in entries},
        }
    )


def _sha256(value: object) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
