"""Measures `grader verify`: states and steps a second, in the grader's process, in the sandbox, and without merging.

    .venv/bin/python benchmarks/verify.py
    .venv/bin/python benchmarks/verify.py --labs    model answers in C and in Python, in every world (2 min)

The copy-on-write world of two pages and two processes must close within 30 s of processor time in the grader's process,
and within 90 s for a kernel in the sandbox, in Python or in C, both processes together; that of one page within 1 s.
"""

from __future__ import annotations

import importlib.util
import itertools
import pathlib
import resource
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from students import right  # noqa: E402  (in this folder)

from grader.grade.runner import KernelSource  # noqa: E402
from grader.grade.session import Session  # noqa: E402
from grader.grade.submission import Submission  # noqa: E402
from grader.lab.kernels import reference_kernel  # noqa: E402
from grader.lab.lab import Lab, load_lab  # noqa: E402
from grader.lab.scope import Mapped, World  # noqa: E402
from grader.replay.simulated import replay  # noqa: E402
from grader.verify.by_replay import explore_by_replay  # noqa: E402
from grader.verify.explore import explore  # noqa: E402
from grader.verify.outcome import Outcome  # noqa: E402
from grader.verify.verify import verify_all, worlds  # noqa: E402
from grader.wasm.compiler import compile_kernel  # noqa: E402

#: Pages of the world -> processor seconds in which it must close, in this process and in the sandbox.
LIMITS = {1: (1.0, 90.0), 2: (30.0, 90.0)}

#: Steps that the replay without merging is measured with.
STEPS = 3


def spent() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def model_answers(lab: Lab) -> dict[str, Submission]:
    """Return the model answer of a lab as a submission in Python, and in C if there is one and C can run; compiled."""
    text = right(lab.name)
    found = {"Python": Submission("", KernelSource({"kernel": text}, "kernel", reference_kernel(lab).__name__))}
    file = ROOT / "reference" / "c" / f"{lab.name}.c"
    if file.exists() and importlib.util.find_spec("wasmtime") is not None:
        source = file.read_text(encoding="utf-8")
        compile_kernel(source)
        found["C"] = Submission("", KernelSource({"kernel": source}, "kernel", "", "c"))
    return found


class Cost(NamedTuple):
    """What an exploration took: processor seconds of both processes, and seconds by the clock."""

    processor: float = 0.0
    clock: float = 0.0


def in_sandbox(lab: Lab, every: Sequence[World], one: Submission) -> tuple[list[Outcome], list[float], Cost]:
    """Verify a submission in worlds that close, in one session, as `grader verify` does.

    Return the outcomes, the seconds by the clock of each world, and what all of it took.
    """
    begin, began = spent(), time.perf_counter()
    outcomes, clocks = [], [began]
    with Session(lab) as session:
        for verified in verify_all(session, every, one, None):
            outcomes.append(verified.outcome)
            clocks.append(time.perf_counter())
            assert outcomes[-1].closed
    seconds = [end - start for start, end in itertools.pairwise(clocks)]
    return outcomes, seconds, Cost(spent() - begin, time.perf_counter() - began)


def languages() -> int:
    """Print what verifying each of the labs with two languages costs in both."""
    total: dict[str, list[Cost]] = {}
    for name in ("demand-paging", "copy-on-write", "shared-memory"):
        lab = load_lab(ROOT / "labs" / name)
        every, costs = worlds(lab), {}
        rows: list[list[str]] = [[] for _ in every]
        for language, one in model_answers(lab).items():
            outcomes, clocks, costs[language] = in_sandbox(lab, every, one)
            total.setdefault(language, []).append(costs[language])
            for row, found, clock in zip(rows, outcomes, clocks, strict=True):
                row.append(f"{language} {found.states:,} states {clock:.2f} s")
        for world, row in zip(every, rows, strict=True):
            print(f"{name}, {world.name}, by the clock: {', '.join(row)}", flush=True)
        print_costs(name, costs)
    print_costs("all labs", {language: Cost(*map(sum, zip(*rows, strict=True))) for language, rows in total.items()})
    return 0


def print_costs(where: str, costs: dict[str, Cost]) -> None:
    """Print what a lab took in each language, and next to Python."""
    for language, cost in costs.items():
        told = [
            f"{one:.1f} s {what} (x {one / python:.2f} of Python)"
            for what, one, python in zip(("of processor", "by the clock"), cost, costs["Python"], strict=True)
        ]
        print(f"{where}, {language}: {', '.join(told)}", flush=True)


def main() -> int:
    """Print the lines of each world, and return 1 if one took too long."""
    lab = load_lab(ROOT / "labs" / "copy-on-write")
    kernel = reference_kernel(lab)
    submissions = model_answers(lab)
    status = 0
    for pages, (limit, confined_limit) in LIMITS.items():
        world = World("bench", (Mapped("P", {"name": "h", "pages": pages}),))
        begin = time.process_time()
        outcome = explore(world, kernel, kernel)
        seconds = time.process_time() - begin
        assert outcome.closed
        print(
            f"{pages} page(s): closed after {outcome.steps} steps, {outcome.states:,} states, {outcome.edges:,} edges "
            f"in {seconds:.2f} s (limit {limit:g}): {outcome.edges / seconds:,.0f} edges a second"
        )
        for language, one in submissions.items():
            (confined,), _, (seconds_confined, clock) = in_sandbox(lab, [world], one)
            print(
                f"  in the sandbox, {language}: {confined.states:,} states, {confined.edges:,} edges in "
                f"{seconds_confined:.2f} s (limit {confined_limit:g}; {clock:.2f} s by the clock): "
                f"{confined.edges / seconds_confined:,.0f} edges a second"
            )
            status |= seconds_confined > confined_limit
        begin = time.process_time()
        naive = explore_by_replay(world, kernel, lambda s, e: bool(replay(s, kernel).steps != e.steps), STEPS)
        seconds_naive = time.process_time() - begin
        print(
            f"  by replay: {naive.scenarios:,} scenarios of up to {STEPS} steps in {seconds_naive:.2f} s: "
            f"{naive.scenarios / seconds_naive:,.0f} scenarios a second"
        )
        status |= seconds > limit
    return status


if __name__ == "__main__":
    raise SystemExit(languages() if "--labs" in sys.argv else main())
