"""A small batch as results.json has it, for tests of what is made from it."""

from __future__ import annotations

from typing import Any


def entry(id: str, **fields: Any) -> dict[str, Any]:
    """A submission's entry: passes `touch`, fails `fork`, unless told otherwise."""
    found: dict[str, Any] = {
        "id": id,
        "label": id,
        "system": "plain",
        "user": "",
        "email": "",
        "number": "",
        "others": [],
        "late": False,
        "submitted": "",
        "dated_by": "",
        "time_doubt": "",
        "extension": 0,
        "doubt": "",
        "decide": "",
        "login": "",
        "github": "",
        "named": False,
        "by_name": False,
        "given": id,
        "digest": f"digest of {id}",
        "points": 50.0,
        "max_points": 100,
        "complete": True,
        "receipt": "sha256:" + "0" * 64,
        "graded_points": 50.0,
        "adjustments": [],
        "refused": "",
        "unreadable": "",
        "remarks": [],
        "sheet_problems": [],
        "sheet_doubt": "",
        "remark": "",
        "misconceptions": {},
        "same_kernel_as": "",
        "not_graded": "",
        "does_not_load": "",
        "ends_itself": "",
        "tasks": {"one": 50.0, "two": 0},
        "verdicts": {"touch": "passed", "fork": "failed"},
        "scenario_points": {"touch": 50.0, "fork": 0},
        "rules": {"fork": "audit"},
        "first": None,
        "twins": {},
    }
    return found | fields


def batch(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": 1,
        "lab": "small",
        "title": "A small lab",
        "tasks": [{"id": "one", "number": 1, "title": "First"}, {"id": "two", "number": 2, "title": "Second"}],
        "scenarios": [
            {"id": "touch", "task": "one", "title": "A touch", "visibility": "public"},
            {"id": "fork", "task": "two", "title": "A fork", "visibility": "hidden"},
        ],
        "submissions": list(entries),
        "quiz": None,
        "similarity": {"compared": 0, "groups": []},
    }
