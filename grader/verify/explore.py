"""Compare a kernel with the reference in every scenario of a small world, the shortest scenarios first.

Every scenario is replayed from its beginning, on a kernel that has seen nothing else. States are not merged, so the
result holds whatever a kernel keeps and wherever it keeps it, but only up to the number of steps that were explored.
What counts as a difference is what grading counts: the same comparison decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from grader.grade.attempt import Attempt
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.replay.simulated import MakeKernel, Replay
from grader.scenario.model import Expect, Fields, MachineSpec, Scenario, Step
from grader.trace.records import SKIPPED, Trace

#: The name of the only mapping. It is the first step of every scenario, and is not counted.
MAPPING = "h"

Attempting = Callable[[Scenario, Trace], Attempt]


class Scope(NamedTuple):
    """A small world: what its scenarios may use. `verbs` are those of SCOPES."""

    pages: int
    processes: int
    verbs: tuple[str, ...]
    frames: int = MachineSpec().frames


#: Verbs of the basic scope.
BASIC = ("read", "write", "munmap", "fork", "exit")

#: The scopes by name: the basic one, one whose rights change, and one that runs out of frames.
SCOPES = {
    "basic": Scope(2, 2, BASIC),
    "rights": Scope(2, 2, ("read", "write", "execute", "mprotect", "fork")),
    "memory": Scope(2, 2, ("read", "write", "fork", "exit"), frames=2),
}

#: What mprotect sets.
RIGHTS = ("r--", "rw-", "---")


class Verified(NamedTuple):
    """The outcome. scenarios: how many were compared; steps: all scenarios of up to this many steps were."""

    scenarios: int
    steps: int
    found: tuple[Scenario, Attempt] | None
    unjudged: Attempt | None = None
    stopped: bool = False


class ReferenceBroken(Exception):
    """The reference crashed or broke a rule, so that there is nothing to compare with."""


def verify(
    scope: Scope,
    task: str,
    reference: MakeKernel,
    attempt: Attempting,
    steps: int,
    progress: Callable[[int], object] = lambda count: None,
) -> Verified:
    """Compare every scenario of up to `steps` steps. Stop at the first difference, which is a shortest one.

    ctrl-C ends the search early: the outcome then tells the number of steps that was completed.
    """
    opening = Step(1, "mmap", "A", {"name": MAPPING, "pages": scope.pages}, {})
    start = Scenario("found", "", task, MachineSpec(frames=scope.frames), (), ("A",), (opening,))
    frontier, compared, done = [start], 0, 0
    try:
        for length in range(1, steps + 1):
            longer = []
            for scenario, expected in _extended(scope, frontier, reference):
                longer.append(scenario)
                compared += 1
                progress(1)
                seen = attempt(scenario, expected)
                if seen.verdict in (NOT_IMPLEMENTED, UNGRADABLE):
                    return Verified(compared, done, None, unjudged=seen)
                if seen.verdict != PASSED:
                    return Verified(compared, done, (scenario, seen))
            frontier, done = longer, length
    except KeyboardInterrupt:
        return Verified(compared, done, None, stopped=True)
    return Verified(compared, done, None)


def _extended(scope: Scope, frontier: list[Scenario], reference: MakeKernel) -> Iterator[tuple[Scenario, Trace]]:
    """Yield every scenario that is one step longer, with the reference's trace of it."""
    for scenario in frontier:
        for step in _actions(scope, scenario):
            longer = scenario._replace(steps=(*scenario.steps, step))
            outcome = _expected(longer, reference)
            if outcome is None:
                continue
            shown, expected = outcome
            yield shown, expected


def _expected(scenario: Scenario, reference: MakeKernel) -> tuple[Scenario, Trace] | None:
    """Return the scenario with its last outcome filled in, and its trace; None if the step's process has exited."""
    run = Replay(scenario, reference)
    records = list(run.records())
    if any(record.ends or record.findings for record in records):
        raise ReferenceBroken(f"the reference breaks a rule in {len(scenario.steps)} steps")
    last, end = records[-2], records[-1]
    if last.outcome == SKIPPED:
        return None
    step = scenario.steps[-1]
    expect: Expect = {} if last.outcome == "ok" else {"outcome": last.outcome}
    count = len(scenario.steps) - 1
    title = f"{count} step{'' if count == 1 else 's'} end as on the reference"
    shown = scenario._replace(steps=(*scenario.steps[:-1], step._replace(expect=expect)), title=title)
    return shown, Trace(shown.id, shown.hash, shown.machine.page_size, dict(run.pids), records[:-1], end)


def _actions(scope: Scope, scenario: Scenario) -> Iterator[Step]:
    """Yield the steps that may come next. Processes are named in order of creation; each write has its own value."""
    number = len(scenario.steps) + 1
    born = ["A", *(step.fields["child"] for step in scenario.steps if step.verb == "fork")]
    places = [f"{MAPPING}[{page}]" for page in range(scope.pages)]
    for by in born:
        for verb in scope.verbs:
            if verb in ("read", "write", "execute", "munmap"):
                for at in places:
                    fields: Fields = {"at": at}
                    if verb == "write":
                        fields["value"] = number % 200 + 1
                    yield Step(number, verb, by, fields, {})
            elif verb == "mprotect":
                for at in places:
                    for rights in RIGHTS:
                        yield Step(number, verb, by, {"at": at, "protection": rights}, {})
            elif verb == "exit":
                yield Step(number, verb, by, {}, {})
            elif len(born) < scope.processes:
                yield Step(number, verb, by, {"child": chr(ord("A") + len(born))}, {})
