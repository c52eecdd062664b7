"""What the machine costs: faults a second over sizes, and one access over pages mapped, steps before, processes alive.

Where the compiled core is built (`make core`), first both cores and this computer's own Linux on the lab page's
practice, turn by turn.

python benchmarks/machine.py [--largest 131072] [--rounds 9]
"""

from __future__ import annotations

import argparse
import gc
import mmap
import os
import pathlib
import resource
import statistics
import sys
import time
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader.machine import core  # noqa: E402
from grader.protocol import wire  # noqa: E402
from grader.protocol.reenact import StandIn  # noqa: E402
from grader.replay.simulated import Replay, replay, run_all  # noqa: E402
from grader.sandbox.inside.worker import Recorder, Worker  # noqa: E402
from grader.scenario.loader import parse_scenario  # noqa: E402
from grader.scenario.model import Scenario  # noqa: E402
from reference.copy_on_write import CopyOnWriteKernel  # noqa: E402

PRACTICE = """
format: 1
title: The lab page's practice
task: copy
machine: {{frames: {frames}, page_size: 4096}}
processes: [parent]
steps:
  - mmap:  {{by: parent, name: h, pages: {pages}}}
  - write: {{by: parent, at: h, value: 1}}
  - fork:  {{by: parent, child: child}}
  - read:  {{by: child, at: "h[0:{half}]"}}
  - write: {{by: child, at: "h[{half}:{pages}]", value: 2}}
  - exit:  {{by: child}}
  - write: {{by: parent, at: h, value: 3}}
"""


def practice(pages: int) -> None:
    """Replay the practice: audit and trace included."""
    text = PRACTICE.format(pages=pages, half=pages // 2, frames=pages * 2)
    scenario = parse_scenario(text, "practice")
    best = float("inf")
    for _ in range(3):
        gc.collect()
        gc.disable()  # as `grader run` does: a run lives for a moment
        began = time.perf_counter()
        trace = replay(scenario, CopyOnWriteKernel)
        best = min(best, time.perf_counter() - began)
        gc.enable()
    faults = sum(sum(record.faults) for record in trace.steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"  {pages:>7} pages {faults:>7} faults {best * 1000:9.1f} ms {faults / best:>10,.0f} faults/s   peak {peak} MB"
    )


def answers(scenario: Scenario) -> list[Sequence[int]]:
    """Return what a worker answers to the beginning of a scenario, to each step, and to the end."""
    worker = Worker(-1)
    log = worker.log

    def recorded(hw):
        log.extend((wire.INIT, 0, wire.RETURNED))
        return Recorder(CopyOnWriteKernel(hw), log, worker, hw.page_size)

    run = Replay(scenario, recorded, log)
    found = []
    for carry_out in (lambda: None, *[lambda step=step: run.execute(step) for step in scenario.steps], run.exit_all):
        carry_out()
        found.append(wire.unpack_numbers(wire.pack_numbers(log)))
        log.clear()
    return found


def re_enact(scenario: Scenario, numbers: list[Sequence[int]]) -> None:
    """Re-enact a scenario: what the grader does with the answers of a worker, the worker apart."""
    run = Replay(scenario, lambda hw: StandIn(hw, numbers[0]))
    kernel = run.machine.kernel
    assert isinstance(kernel, StandIn)
    for step, answer in zip(scenario.steps, numbers[1:], strict=False):
        kernel.feed(answer)
        run.step(step)
        kernel.finished()
    kernel.feed(numbers[-1])
    run.end(len(numbers))
    run.close()


def linux(pages: int) -> float:
    """Return the processor seconds that the practice takes on this computer's own kernel, per fault.

    The loops over the pages are Python's: some 40 ns of each fault are not Linux's.
    """

    def used() -> tuple[float, int]:
        spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in spent), sum(u.ru_minflt for u in spent)

    before = used()
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    places = range(0, pages * mmap.PAGESIZE, mmap.PAGESIZE)
    for place in places:
        memory[place] = 1
    child = os.fork()
    if not child:
        for place in places[: pages // 2]:
            memory[place]
        for place in places[pages // 2 :]:
            memory[place] = 2
        os._exit(0)
    os.waitpid(child, 0)
    for place in places:
        memory[place] = 3
    memory.close()
    after = used()
    return (after[0] - before[0]) / (after[1] - before[1])


def cores(pages: int, rounds: int) -> None:
    """Compare both cores, and Linux, in processor time: minimum, median and maximum of some rounds."""
    compiled = core.load()
    if compiled is None or not hasattr(mmap, "MADV_NOHUGEPAGE"):
        print("both cores are not compared: the compiled one is not built (make core), or this is not Linux")
        return
    scenario = parse_scenario(PRACTICE.format(pages=pages, half=pages // 2, frames=pages * 2), "practice")
    numbers = answers(scenario)
    faults = pages * 5 // 2
    work = {
        "a kernel in Python": lambda: run_all(Replay(scenario, CopyOnWriteKernel)),
        "re-enactment": lambda: re_enact(scenario, numbers),
    }
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, carry_out in work.items():
            for which, chosen in (("Python", core.PYTHON), ("compiled", compiled)):
                core.use(chosen)
                gc.collect()
                gc.disable()
                began = time.process_time()
                carry_out()
                spent.setdefault((name, which), []).append((time.process_time() - began) / faults)
                gc.enable()
        spent.setdefault(("Linux", ""), []).append(linux(pages))
    core.use(core.PYTHON)
    print(f"processor time of a fault in the lab page's practice of {pages} pages, audit and trace included")
    for (name, which), times in spent.items():
        print(f"  {name:<19} {which:<9} {_spread([t * 1e9 for t in times], '7,.0f')} ns")
    for name in work:
        ratios = [new / old for old, new in zip(spent[name, "Python"], spent[name, "compiled"], strict=True)]
        print(f"  {name}, compiled to Python: {_spread(ratios, '.2f')}")
    ratios = [own / its for own, its in zip(spent["a kernel in Python", "compiled"], spent["Linux", ""], strict=True)]
    print(f"  a kernel in Python on the compiled core to Linux: {_spread(ratios, '.2f')}")


def _spread(values: list[float], form: str) -> str:
    return " ".join(format(value, form) for value in (min(values), statistics.median(values), max(values)))


def access(mapped: int = 64, steps: int = 0, processes: int = 1) -> float:
    """Return the nanoseconds that performing and recording one step takes, per step that writes a present page."""
    lines = [f"  - mmap: {{by: P, name: h, pages: {mapped}}}", "  - write: {by: P, at: h, value: 1}"]
    lines += [f"  - fork: {{by: P, child: C{n}}}" for n in range(processes - 1)]
    lines += ["  - write: {by: P, at: 'h[0]', value: 1}"] * (steps + 1)
    text = "format: 1\ntitle: t\ntask: t\nprocesses: [P]\n"
    text += f"machine: {{frames: {mapped + 64}, max_processes: 1024}}\nsteps:\n" + "\n".join(lines) + "\n"
    scenario = parse_scenario(text, "access")
    run = Replay(scenario, CopyOnWriteKernel)
    for step in scenario.steps:
        run.step(step)
    best = float("inf")
    for _ in range(30):
        began = time.perf_counter()
        for _ in range(100):
            run.step(step)
        best = min(best, time.perf_counter() - began)
    return best / 100 * 1e9


def calibration() -> float:
    """Return the nanoseconds of one look-up, test and store in a plain loop: how fast this computer is today."""
    table = {page: page << 3 | 3 for page in range(100_000)}
    frames = [0] * 100_000

    def loop() -> None:
        for page in range(100_000):
            entry = table.get(page, 0)
            if entry & 2:
                frames[entry >> 3] = 1

    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        loop()
        best = min(best, time.perf_counter() - began)
    return best / 100_000 * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=131072)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    cores(8192, options.rounds)
    print(f"calibration: {calibration():.0f} ns for one look-up, test and store in a plain loop")
    print("the machine in Python: the lab page's practice on the reference, audit and trace included")
    pages = 128
    while pages <= options.largest:
        practice(pages)
        pages *= 4 if pages * 4 <= options.largest else 2
    print("one step that writes one present page, perform and record, in ns")
    print("  pages mapped    ", {n: round(access(mapped=n)) for n in (16, 256, 4096, 65536)})
    print("  steps before    ", {n: round(access(steps=n)) for n in (0, 100, 1000, 9000)})
    print("  processes alive ", {n: round(access(processes=n)) for n in (1, 8, 64, 512)})


main()
