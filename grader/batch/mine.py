"""The scenarios that students of a batch wrote: judged when a submission is read, and kept with what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.lab.lab import Lab
from grader.language import say
from grader.points import rounded

if TYPE_CHECKING:
    from grader.batch.rows import KeptMine
    from grader.intake.mine_files import OwnFiles

#: The stage of the hints in feedback: the rule and the verb (mine/hints.py).
STAGE = 2


def judge_mine(lab: Lab, home: str, files: OwnFiles | None = None) -> KeptMine | None:
    """Return what the scenarios next to a kernel achieve; None if there are none, or the lab asks for none.

    home   the folder with mine/; "" if the submission is not a folder
    files  the scenarios in an archive, which count instead
    """
    if lab.mine is None or lab.reference is None or not (home or files):
        return None
    from grader.intake.own_scenarios import own_of
    from grader.mine.strength import strength_of
    from grader.mine.text import strength_lines

    own = own_of(home, files or {}, lab.mine.scenarios)
    if not own:
        return None
    strength = strength_of(lab, own)
    return {
        "points": rounded(strength.points),
        "max_points": rounded(strength.most),
        "scenarios": len(strength.judged),
        "valid": sum(not one.problems for one in strength.judged),
        "caught": len(strength.caught),
        "misconceptions": len(strength.beliefs),
        "lines": strength_lines(lab, strength, STAGE),
    }


def entry_of(about: dict[str, Any]) -> dict[str, Any]:
    """Return the part of results.json on a submission's own scenarios; empty if it has none."""
    if "mine" not in about:
        return {}
    return {"mine": {name: value for name, value in about["mine"].items() if name != "lines"}}


def in_feedback(about: dict[str, Any]) -> str:
    """Return the part of a student's feedback on their own scenarios; "" if there are none."""
    if "mine" not in about:
        return ""
    # An indented block ends only at a line that is not indented, so no line of it can begin anything else.
    lines = [f"    {line}" for line in about["mine"]["lines"]]
    return "\n".join(["", f"### {say('Your own scenarios')}", "", *lines]) + "\n"
