"""Search random scenarios: for one on which a kernel differs, or for gaps in a lab's scenarios and its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from grader.authoring.fuzz.program import LIMIT, Move, ReferenceFault, relaid, write_scenario
from grader.authoring.fuzz.vocabulary import Vocabulary, vocabulary
from grader.compare.explain import explain
from grader.errors import InputError
from grader.grade.attempt import Attempt, attempt_here, judge
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.replay.simulated import MakeKernel, replay
from grader.scenario.model import Scenario
from grader.scenario.writer import to_yaml
from grader.trace.records import Trace

#: Minimum and maximum number of moves in a random scenario. What is found is shrunk afterwards (shorten).
MOVES = (8, 16)

#: Other machines on which the reference must behave the same: (allocation, seed, factor of the page size).
MACHINES = (("stride", 1, 1), ("random", 7, 1), ("lowest", 0, 2), ("random", 3, 8))

#: Verdicts that reveal nothing about the kernel's rules.
NO_DIFFERENCE = (PASSED, NOT_IMPLEMENTED, UNGRADABLE)

Program = tuple[int, list[Move]]
Attempting = Callable[[Scenario, Trace], Attempt]


class Found(NamedTuple):
    """A scenario on which a kernel differs, with the attempt that shows it."""

    scenario: Scenario
    attempt: Attempt


class Explored(NamedTuple):
    """The outcome of an author's search.

    caught    flag of a misconception -> number of the first random scenario that caught it
    survivors flags that no scenario caught
    problems  where the reference disagrees with itself, or breaks a rule
    """

    scenarios: int
    caught: dict[str, int]
    survivors: list[str]
    problems: list[str]


def find_difference(
    lab: Lab,
    make_kernel: MakeKernel,
    attempt: Attempting,
    seed: int,
    examples: int,
    words: Vocabulary | None = None,
    faults: list[ReferenceFault] | None = None,
) -> tuple[Found | None, Counter[str]]:
    """Return the shortest scenario found on which `attempt` does not pass, and the count of verdicts on the way.

    words   what scenarios are made of; what the lab's own use, unless given
    faults  gets the scenarios on which the reference fails, so that there is nothing to compare with
    """
    hypothesis = _hypothesis()
    from random import Random

    words = words or vocabulary(lab)
    tried: Counter[str] = Counter()

    def try_program(program: Program) -> tuple[Scenario, Attempt]:
        scenario = write_scenario(lab, words, make_kernel, program)
        return scenario, attempt(scenario, replay(scenario, make_kernel))

    def differs(program: Program) -> bool:
        try:
            verdict = try_program(program)[1].verdict
        except ReferenceFault as fault:
            if faults is not None:  # otherwise the search without a submission reports it
                faults.append(fault)
            return False
        tried[verdict] += 1
        return verdict not in NO_DIFFERENCE

    try:
        program = hypothesis.find(
            programs(), differs, settings=_settings(examples, shrink=True), random=Random(seed), database_key=None
        )
    except hypothesis.errors.NoSuchExample:
        return None, tried
    return shorten(Found(*try_program(program)), make_kernel, attempt), tried


def shorten(found: Found, make_kernel: MakeKernel, attempt: Attempting) -> Found:
    """Remove every step that is not needed for the scenario to be valid and to show a difference."""
    number = len(found.scenario.steps)
    while number > 0:
        steps = [step for step in found.scenario.steps if step.number != number]
        numbered = tuple(step._replace(number=n) for n, step in enumerate(steps, 1))
        scenario = relaid(found.scenario._replace(steps=numbered), make_kernel)
        if scenario is not None:
            again = attempt(scenario, replay(scenario, make_kernel))
            if again.verdict not in NO_DIFFERENCE:
                found = Found(scenario, again)
        number = min(number, len(found.scenario.steps) + 1) - 1
    return found


def explore(
    lab: Lab,
    make_kernel: MakeKernel,
    mistaken: dict[str, MakeKernel],
    seed: int,
    examples: int,
    progress: Callable[[int], object] = lambda count: None,
) -> Explored:
    """Run random scenarios on the reference, on other machines, and on every misconception not caught yet."""
    hypothesis = _hypothesis()
    words = vocabulary(lab)
    caught: dict[str, int] = {}
    problems: list[str] = []
    count = 0

    def example(program: Program) -> None:
        nonlocal count
        count += 1
        progress(1)
        try:
            scenario = write_scenario(lab, words, make_kernel, program)
        except ReferenceFault as fault:
            problems.append(f"{fault} of this scenario:\n{to_yaml(fault.scenario)}")
            return
        expected = replay(scenario, make_kernel)
        problems.extend(disagreements(scenario, expected, make_kernel))
        for flag, kernel in mistaken.items():
            if flag not in caught and attempt_here(scenario, expected, kernel).verdict != PASSED:
                caught[flag] = count

    test = _settings(examples, shrink=False)(hypothesis.seed(seed)(hypothesis.given(programs())(example)))
    test()
    return Explored(count, caught, [flag for flag in mistaken if flag not in caught], problems)


def disagreements(scenario: Scenario, expected: Trace, make_kernel: MakeKernel) -> list[str]:
    """Return where the reference behaves differently with another frame order or larger pages."""
    found = []
    for allocation, seed, factor in MACHINES:
        spec = scenario.machine
        machine = spec._replace(allocation=allocation, seed=seed, page_size=spec.page_size * factor)
        other = replay(scenario._replace(machine=machine), make_kernel)
        records = [*other.steps, *([other.end] if other.end is not None else [])]
        seen, divergence = judge(scenario, expected, iter(records))
        if divergence is not None:
            where = f"allocation {allocation} (seed {seed}), pages of {machine.page_size} bytes"
            found.append(
                "\n".join([f"the references disagree: {where}", *explain(scenario, expected, seen, divergence)])
            )
    return found


def programs() -> object:
    """Return a Hypothesis strategy for programs: a machine number, and moves."""
    from hypothesis import strategies as st

    number = st.integers(0, LIMIT - 1)
    return st.tuples(
        number, st.lists(st.tuples(number, number, number, number, number), min_size=MOVES[0], max_size=MOVES[1])
    )


def _settings(examples: int, shrink: bool) -> Any:
    from hypothesis import HealthCheck, Phase, settings

    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    return settings(
        max_examples=examples, database=None, deadline=None, phases=phases, suppress_health_check=list(HealthCheck)
    )


def _hypothesis() -> Any:
    try:
        import hypothesis
        import hypothesis.errors
    except ImportError:
        raise InputError(
            ["`grader fuzz` needs Hypothesis, which is not installed; pip install 'forklab[fuzz]'"]
        ) from None
    return hypothesis
