"""What the machine costs: faults a second over sizes, and one access over pages mapped, steps before, processes alive.

python benchmarks/machine.py [--largest 131072]
"""

from __future__ import annotations

import argparse
import gc
import pathlib
import resource
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader.replay.simulated import Replay, replay  # noqa: E402
from grader.scenario.loader import parse_scenario  # noqa: E402
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
    options = parser.parse_args()
    print(f"calibration: {calibration():.0f} ns for one look-up, test and store in a plain loop")
    print("the lab page's practice on the reference, audit and trace included")
    pages = 128
    while pages <= options.largest:
        practice(pages)
        pages *= 4 if pages * 4 <= options.largest else 2
    print("one step that writes one present page, perform and record, in ns")
    print("  pages mapped    ", {n: round(access(mapped=n)) for n in (16, 256, 4096, 65536)})
    print("  steps before    ", {n: round(access(steps=n)) for n in (0, 100, 1000, 9000)})
    print("  processes alive ", {n: round(access(processes=n)) for n in (1, 8, 64, 512)})


main()
