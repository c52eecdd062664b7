"""Search random scenarios: for one on which a kernel differs, or for gaps in a lab's scenarios and its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from grader.authoring.fuzz.program import LIMIT, Move, Program, ReferenceFault, relaid, write_scenario
from grader.authoring.fuzz.shrink import shrunk
from grader.authoring.fuzz.vocabulary import Vocabulary, vocabulary
from grader.compare.explain import explain
from grader.grade.attempt import Attempt, attempt_here, judge
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.replay.simulated import MakeKernel, replay
from grader.scenario.model import Scenario
from grader.scenario.writer import to_yaml
from grader.trace.records import Trace

#: Minimum and maximum number of moves in a random scenario. What is found is shrunk afterwards.
MOVES = (8, 16)

#: Other machines on which the reference must behave the same: (allocation, seed, factor of the page size).
MACHINES = (("stride", 1, 1), ("random", 7, 1), ("lowest", 0, 2), ("random", 3, 8))

#: Verdicts that reveal nothing about the kernel's rules.
NO_DIFFERENCE = (PASSED, NOT_IMPLEMENTED, UNGRADABLE)

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
    words = words or vocabulary(lab)
    tried: Counter[str] = Counter()

    def try_program(program: Program) -> tuple[Scenario, Attempt]:
        written = write_scenario(lab, words, make_kernel, program)
        return written.scenario, attempt(written.scenario, written.expected)

    def differs(program: Program) -> bool:
        try:
            verdict = try_program(program)[1].verdict
        except ReferenceFault as fault:
            if faults is not None:  # otherwise the search without a submission reports it
                faults.append(fault)
            return False
        tried[verdict] += 1
        return verdict not in NO_DIFFERENCE

    program = next(filter(differs, programs(seed, examples)), None)
    if program is None:
        return None, tried
    return shorten(Found(*try_program(shrunk(program, differs))), make_kernel, attempt), tried


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
    words = vocabulary(lab)
    caught: dict[str, int] = {}
    problems: list[str] = []
    for count, program in enumerate(programs(seed, examples), 1):
        progress(1)
        try:
            scenario, expected = write_scenario(lab, words, make_kernel, program)
        except ReferenceFault as fault:
            problems.append(f"{fault} of this scenario:\n{to_yaml(fault.scenario)}")
            continue
        problems += disagreements(scenario, expected, make_kernel)
        for flag, kernel in mistaken.items():
            if flag not in caught and attempt_here(scenario, expected, kernel).verdict != PASSED:
                caught[flag] = count
    return Explored(examples, caught, [flag for flag in mistaken if flag not in caught], problems)


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


def programs(seed: int, count: int) -> Iterator[Program]:
    """Yield that many random programs. The same seed gives the same ones, with any version of Python."""
    for number in range(count):
        chance = Random(f"{seed}/{number}")
        moves = range(chance.randint(*MOVES))
        numbers = [chance.randrange(LIMIT) for _ in range(1 + 5 * len(moves))]
        yield numbers[0], [_move(numbers[1 + 5 * n :]) for n in moves]


def _move(numbers: list[int]) -> Move:
    verb, process, mapping, page, more, *_ = numbers
    return verb, process, mapping, page, more
