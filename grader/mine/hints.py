"""Gives hints about what none of a student's scenarios catches, in stages: the rule, then the verb, then the state.

A hint comes from the shortest public scenario that shows the misconception, so it reveals nothing that students do not
have already: no belief, no flag, no hidden scenario.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from grader.compare.explain import ABOUT
from grader.grade.attempt import Attempt, attempt_each, attempt_here
from grader.grade.verdicts import NO_PROGRESS, PASSED
from grader.lab.lab import Lab
from grader.lab.mistakes import misconception_kernel
from grader.lab.recordings import Recording, load_recording
from grader.machine.entry import FRAME_SHIFT
from grader.machine.protection import WRITE_BIT
from grader.plural import number_of
from grader.scenario.model import Scenario
from grader.scenario.place import parse_place
from grader.trace.state import State

RULE, VERB, STATE = 1, 2, 3

#: Verbs that a state is remembered by: what happened before the step that shows the difference.
_EARLIER = ("fork", "exit", "munmap", "mprotect", "fail")


#: How a kernel ends that does not get as far as a difference -> what that is about.
_WITHOUT_A_RULE = {"crash": "the kernel fails", "no progress": "page_fault returns, and the access is still refused"}


class Clue(NamedTuple):
    """Says where a misconception shows in public: by which rule, in a step with which verb, and in which state."""

    rule: str
    verb: str
    state: str


#: (lab's folder, flag) -> clue. A batch asks for the same ones for every student.
_known: dict[tuple[str, str], Clue | None] = {}


def clue_for(lab: Lab, flag: str) -> Clue | None:
    """Return the clue to a misconception; None if no public scenario shows it."""
    key = str(lab.path.resolve()), flag
    if key not in _known:
        _known[key] = _find_clue(lab, flag)
    return _known[key]


def _find_clue(lab: Lab, flag: str) -> Clue | None:
    kernel = misconception_kernel(lab, flag)
    for scenario in sorted(lab.scenarios, key=lambda s: len(s.steps)):
        output = load_recording(lab, scenario)
        attempt = attempt_each(scenario, output, lambda one, expected: attempt_here(one, expected, kernel))
        if attempt.verdict != PASSED:
            return _clue(scenario, output, attempt)
    return None


def hints(lab: Lab, missed: Iterable[str], stage: int) -> list[str]:
    """Return one line per kind of misconception that was missed, the most frequent first."""
    found = Counter(_cut(clue_for(lab, flag), stage) for flag in missed)
    return [f"{count:3}  {words}" for words, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def _cut(clue: Clue | None, stage: int) -> str:
    if clue is None:
        return "shown by no public scenario: read the rules again"
    words = f"{clue.rule} ({_WITHOUT_A_RULE.get(clue.rule) or ABOUT[clue.rule]})"
    if stage >= VERB:
        words += f", in {clue.verb}"
    if stage >= STATE and clue.state:
        words += f", {clue.state}"
    return words


def _clue(scenario: Scenario, output: Recording, attempt: Attempt) -> Clue:
    at_point = scenario.at_failure_point(attempt.point)
    number = attempt.records[-1].number if attempt.records else 0
    rule = "no progress" if attempt.verdict == NO_PROGRESS else "crash"
    if attempt.divergence is not None:
        rule = attempt.divergence.rule
    if not 0 < number <= len(at_point.steps):
        return Clue(rule, "the end, when all processes exit", _history(at_point, len(at_point.steps)))
    step = at_point.steps[number - 1]
    state = State.after(at_point, output.traces[attempt.point].steps[: number - 1])
    told = [_page(state, step.by, step.fields.get("at", "")), _history(at_point, number - 1)]
    return Clue(rule, f"`{step.verb}`", ", ".join(filter(None, told)))


def _page(state: State, by: str, at: str) -> str:
    """Return the state of the first page that a step is about, seen by the process that acts."""
    mapping = state.mappings.get(parse_place(at).name) if at else None
    if mapping is None:
        return ""
    page = mapping.first + parse_place(at).first
    entry = state.tables.get(state.pids.get(by, 0), {}).get(page, 0)
    if not entry:
        return "on a page without an entry"
    users = len(state.users(entry >> FRAME_SHIFT))
    rights = "writable" if entry & WRITE_BIT else "read-only"
    return f"on a {rights} page whose frame has {number_of(users, 'user')}"


def _history(scenario: Scenario, steps: int) -> str:
    verbs = dict.fromkeys(step.verb for step in scenario.steps[:steps] if step.verb in _EARLIER)
    return f"after {', '.join(f'`{verb}`' for verb in verbs)}" if verbs else ""
