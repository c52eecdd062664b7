"""Run the misconception kernels on a lab: which scenarios catch each one, and how each one fails.

How they fail is recorded as fingerprints: for each mistake and scenario, the signature of the first difference. Reports
compare a submission with the fingerprints, so that a released lab, which has no misconception kernels, can still name
the misconception that a student's kernel behaves like.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from grader.files import write_file
from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.diagnosis import FORMAT, fingerprints_path
from grader.grade.verdicts import PASSED
from grader.lab.kernels import misconception_kernel, misconceptions, mistakes
from grader.lab.lab import Lab
from grader.lab.recordings import load_recording

#: Called with the flag of each misconception before it is tried.
Progress = Callable[[str], None]


class Tried(NamedTuple):
    """The run of a misconception kernel on all scenarios of a lab. signs: scenario -> signature, if it fails there."""

    flag: str
    public: list[str]
    hidden: list[str]
    signs: dict[str, str]


def try_misconceptions(lab: Lab, flags: list[str], progress: Progress = lambda flag: None) -> list[Tried]:
    """Replay misconception kernels on every scenario of a lab, in this process."""
    outputs = {scenario.id: load_recording(lab, scenario) for scenario in lab.all_scenarios}
    public = [scenario.id for scenario in lab.scenarios]
    tried = []
    for flag in flags:
        progress(flag)
        attempt = partial(attempt_here, make_kernel=misconception_kernel(lab, flag))
        signs = {}
        for scenario in lab.all_scenarios:
            found = attempt_each(scenario, outputs[scenario.id], attempt)
            if found.verdict != PASSED:
                signs[scenario.id] = found.sign
        caught = [id for id in public if id in signs]
        tried.append(Tried(flag, caught, [id for id in signs if id not in public], signs))
    return tried


def idle_scenarios(lab: Lab, tried: list[Tried]) -> list[str]:
    """Return the redundant scenarios: they catch no further mistake, and distinguish no further pair of mistakes."""
    seen: dict[str, tuple[str, ...]] = {one.flag: () for one in tried}
    caught: set[str] = set()
    idle = []
    for scenario in lab.all_scenarios:
        own = {one.flag for one in tried if scenario.id in one.signs}
        after = {one.flag: (*seen[one.flag], one.signs.get(scenario.id, "")) for one in tried}
        if own <= caught and len(set(after.values())) == len(set(seen.values())):
            idle.append(scenario.id)
        caught |= own
        seen = after
    return idle


def record_fingerprints(lab: Lab, progress: Progress = lambda flag: None) -> bool:
    """Write the fingerprints of every misconception that this lab can meet; return True if the file changed."""
    tried = try_misconceptions(lab, misconceptions(lab), progress)
    if not tried:
        return False
    return write_file(fingerprints_path(lab), fingerprints_text(lab, tried), make_folders=True)


def fingerprints_text(lab: Lab, tried: list[Tried]) -> str:
    """Return the text of the fingerprint file: public scenarios only, one line per mistake."""
    hashes = {scenario.id: scenario.hash[:16] for scenario in lab.scenarios}
    lines = [f'{{"format": {FORMAT}, "scenarios": {json.dumps(hashes)}, "mistakes": {{']
    for number, one in enumerate(tried):
        mistake = mistakes(lab)[one.flag]
        about: dict[str, object] = {"belief": mistake.belief, "lab": mistake.lab, "section": mistake.section}
        about["signs"] = {id: one.signs[id] for id in one.public}
        lines.append(f'  "{one.flag}": {json.dumps(about)}{"," if number < len(tried) - 1 else ""}')
    return "\n".join([*lines, "}}"]) + "\n"
