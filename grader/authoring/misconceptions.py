"""Run the misconception kernels on a lab: which scenarios catch each one, and how each one fails.

How they fail is recorded as fingerprints: for each mistake and scenario, the signature of the first difference. Reports
compare a submission with the fingerprints, so that a released lab, which has no misconception kernels, can still name
the misconception that a student's kernel behaves like.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from grader.files import write_file
from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.diagnosis import FORMAT, fingerprints_path
from grader.grade.verdicts import PASSED
from grader.lab.lab import Lab
from grader.lab.mistakes import misconception_kernel, misconceptions, mistakes
from grader.lab.recordings import Recording, load_recording
from grader.scenario.model import Scenario

#: Called with the flag of each misconception before it is tried.
Progress = Callable[[str], None]


#: (misconception, scenario) -> the signature with which it fails there, None where it passes.
KnownSigns = dict[tuple[str, str], str | None]

#: Runs that are worth starting processes for.
WORTH_SHARING = 500


class Tried(NamedTuple):
    """The run of a misconception kernel on all scenarios of a lab. signs: scenario -> signature, if it fails there."""

    flag: str
    public: list[str]
    hidden: list[str]
    signs: dict[str, str]


def try_misconceptions(
    lab: Lab,
    flags: list[str],
    progress: Progress = lambda flag: None,
    known: KnownSigns | None = None,
    jobs: int = 1,
) -> list[Tried]:
    """Replay misconception kernels on every scenario of a lab.

    known  outcomes of earlier runs, which are not tried again; it learns the new ones
    jobs   processes that share the work, where the system can fork; 1: this one does it
    """
    recordings = {scenario.id: load_recording(lab, scenario) for scenario in lab.all_scenarios}
    known = KnownSigns() if known is None else known
    due = {flag: [s for s in lab.all_scenarios if (flag, s.id) not in known] for flag in flags}
    for flag, outcomes in _outcomes(lab, recordings, due, progress, jobs):
        known.update({(flag, id): sign for id, sign in outcomes.items()})
    return [_tried(lab, flag, known) for flag in flags]


def _outcomes(
    lab: Lab, recordings: dict[str, Recording], due: dict[str, list[Scenario]], progress: Progress, jobs: int
) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield how each misconception fared: scenario -> its signature, None where it passes."""
    global _work  # noqa: PLW0603 - what forked processes inherit
    _work = lab, recordings, due
    if jobs == 1 or not hasattr(os, "fork") or sum(map(len, due.values())) < WORTH_SHARING:
        for flag in due:
            progress(flag)
            yield flag, _run(flag)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        for flag, outcomes in zip(due, pool.map(_run, due), strict=True):
            progress(flag)
            yield flag, outcomes


_work: tuple[Lab, dict[str, Recording], dict[str, list[Scenario]]]


def _run(flag: str) -> dict[str, str | None]:
    """Try one misconception on the scenarios that are due."""
    lab, recordings, due = _work
    if not due[flag]:
        return {}
    attempt = partial(attempt_here, make_kernel=misconception_kernel(lab, flag))
    outcomes: dict[str, str | None] = {}
    for scenario in due[flag]:
        found = attempt_each(scenario, recordings[scenario.id], attempt)
        outcomes[scenario.id] = None if found.verdict == PASSED else found.sign
    return outcomes


def _tried(lab: Lab, flag: str, known: KnownSigns) -> Tried:
    signs = {s.id: sign for s in lab.all_scenarios if (sign := known[flag, s.id]) is not None}
    public = [scenario.id for scenario in lab.scenarios]
    return Tried(flag, [id for id in public if id in signs], [id for id in signs if id not in public], signs)


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
    known = mistakes(lab)
    for number, one in enumerate(tried):
        mistake = known[one.flag]
        about: dict[str, object] = {"belief": mistake.belief, "lab": mistake.lab, "section": mistake.section}
        about["signs"] = {id: one.signs[id] for id in one.public}
        lines.append(f'  "{one.flag}": {json.dumps(about)}{"," if number < len(tried) - 1 else ""}')
    return "\n".join([*lines, "}}"]) + "\n"
