"""What a batch costs: processor time against a bare warm interpreter, and two workers against one.

python benchmarks/batch.py [--count 120] [--lab copy-on-write] [--runs 5] [--isolation L2]

The bare interpreter is one process that has everything imported. It compiles each kernel and replays all scenarios of
the lab on it, every failure point included, without worker, judge, store or report. Both sides get the same kernels,
right and wrong ones; attacks are left out, for nothing bare would survive them.

A batch also runs what bare does not: the disguised twin of every public scenario that passes. A second bare row
replays these as well, so that like is compared with like: the same runs of the same kernels. And a batch keeps the
steps of hidden scenarios back until the one before is answered, in a process of their own. Two copies of the lab show
what both cost: one has no twins, the other one has no hidden scenarios either: they are among the public ones there.

One worker's kernels run in a process next to it, so that two processors are busy already, part of the time: the clock
shows less than the processor time of what a second worker brings.

Processor time is that of all processes: this program adopts those whose parent has died, so that none is missed.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from grader.batch.sources import BatchSubmission
    from grader.lab.lab import Lab
    from grader.lab.recordings import Recording
    from grader.scenario.model import Scenario

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PR_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """Seconds by the clock, and of processors."""

    wall: float
    processor: float


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent dies, so that none is missed."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cost(command: list[str]) -> Cost:
    """Run a command to its end and the end of all that it left. CalledProcessError if its status is not 0."""
    before, began = _used(), time.perf_counter()
    running = subprocess.Popen(command, cwd=ROOT)
    status = running.wait()
    wall = time.perf_counter() - began
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Cost(wall, _used() - before)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def replay_bare(lab: str, folder: pathlib.Path, twins: bool) -> None:
    """Be the bare interpreter: report the seconds that it spends once it is warm.

    twins  whether it replays the twins of the scenarios that a kernel passes as well, as a batch does
    """
    import gc

    from grader.batch import read_submissions
    from grader.lab.lab import load_lab
    from grader.lab.recordings import load_recordings
    from grader.replay.simulated import replay

    loaded = load_lab(ROOT / "labs" / lab)
    outputs = load_recordings(loaded, loaded.all_scenarios)
    sources = read_submissions(loaded, folder)
    scenarios = [run for one in loaded.all_scenarios for run in _runs(one, outputs[one.id])]
    due = _twins_due(loaded, outputs, sources) if twins else [()] * len(sources)
    gc.collect()
    gc.freeze()
    gc.disable()
    wall, processor = time.perf_counter(), time.process_time()
    for source, more in zip(sources, due, strict=True):
        code = compile(source.kernel, "kernel.py", "exec")
        for scenario in (*scenarios, *more):
            names: dict[str, object] = {"__name__": "kernel"}
            exec(code, names)
            replay(scenario, names[loaded.kernel.name])  # type: ignore[arg-type]
    print(time.perf_counter() - wall, time.process_time() - processor)


def _runs(scenario: Scenario, output: Recording) -> list[Scenario]:
    """Return what a scenario is tried on: itself, or each of its failure points."""
    if scenario.each is None:
        return [scenario]
    return [scenario.at_failure_point(point) for point in range(len(output.traces))]


def _twins_due(lab: Lab, outputs: Mapping[str, Recording], sources: Iterable[BatchSubmission]) -> list[list[Scenario]]:
    """Return the runs of twins that a batch adds for each kernel: those of the public scenarios that it passes."""
    from grader.grade.attempt import attempt_each
    from grader.grade.runner import LocalRunner
    from grader.grade.twins import twins_of

    twins = {id: _runs(twin.scenario, twin.output) for id, twin in twins_of(lab, lab.scenarios).items()}
    due = []
    for source in sources:
        names: dict[str, Any] = {"__name__": "kernel"}
        exec(compile(source.kernel, "kernel.py", "exec"), names)
        runner = LocalRunner(names[lab.kernel.name])
        tries = ((one.id, attempt_each(one, outputs[one.id], runner)) for one in lab.scenarios)
        due.append([run for id, attempt in tries if attempt.verdict == "passed" for run in twins[id]])
    return due


def bare(lab: str, folder: pathlib.Path, twins: bool = False) -> Cost:
    """Return the cost in a bare interpreter, not counting its start and imports."""
    command = [sys.executable, str(pathlib.Path(__file__)), "--bare", str(folder), "--lab", lab]
    command += ["--twins"] if twins else []
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Cost(*map(float, told.split()[-2:]))


def batch(lab: str, folder: pathlib.Path, output: pathlib.Path, jobs: int, isolation: str) -> Cost:
    """Return the cost of `grader batch` from scratch: start, workers, store, every file."""
    shutil.rmtree(output, ignore_errors=True)
    command = [
        sys.executable,
        "-I",
        "-m",
        "grader",
        "batch",
        str(ROOT / "labs" / lab),
        str(folder),
        "--output",
        str(output),
    ]
    return cost([*command, "--jobs", str(jobs), "--isolation", isolation, "-q"])


def copies(lab: str, folder: pathlib.Path) -> tuple[str, str]:
    """Write two copies of a lab: one without twins, and one in which, moreover, no scenario is hidden."""
    from grader.lab.lab import load_lab
    from grader.publish.release import write_lab

    without, public = folder / "without-twins" / lab, folder / "all-public" / lab
    for copy in (without, public):
        write_lab(load_lab(ROOT / "labs" / lab), copy, hidden=True)
    for file in sorted((public / "hidden").glob("*.yaml")):
        file.rename(public / "scenarios" / file.name)
    # It knows the public scenarios only; looking a failing kernel up in it costs next to nothing.
    (public / "fingerprints.json").unlink(missing_ok=True)
    return str(without), str(public)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--isolation", default="L2")
    parser.add_argument("--bare", metavar="FOLDER", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--twins", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare is not None:
        replay_bare(options.lab, options.bare, options.twins)
        return
    import students

    adopt_orphans()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "class"
        students.make(folder, options.count, options.lab, honest=True)
        without, public = copies(options.lab, folder.parent)
        batches = {ONE: (options.lab, 1), TWO: (options.lab, 2), WITHOUT: (without, 1), PUBLIC: (public, 1)}
        rows: dict[str, list[Cost]] = {BARE: [], SAME: [], **{row: [] for row in batches}}
        for _ in range(options.runs):
            rows[BARE].append(bare(options.lab, folder))
            rows[SAME].append(bare(options.lab, folder, twins=True))
            for row, (lab, jobs) in batches.items():
                rows[row].append(batch(lab, folder, folder.parent / "out", jobs, options.isolation))
    print(f"{options.count} submissions, labs/{options.lab}, {options.isolation}, {options.runs} runs each in turn")
    tell(rows, options.count)


#: The rows: bare, and batches of the lab and of its copies.
BARE, SAME, ONE, TWO = "bare", "bare, twins as well", "1 worker", "2 workers"
WITHOUT, PUBLIC = "1 worker, without twins", "the same, nothing hidden"


def tell(rows: dict[str, list[Cost]], count: int) -> None:
    """Print what each row takes per submission, and the ratios and shares that count."""
    print("milliseconds a submission: minimum, median and maximum; ratios are those of the medians")
    used = {row: statistics.median(cost.processor for cost in costs) for row, costs in rows.items()}
    for row, costs in rows.items():
        told = []
        for name, times in (("clock", [c.wall for c in costs]), ("processor", [c.processor for c in costs])):
            low, middle, high = (1000 * time / count for time in (min(times), statistics.median(times), max(times)))
            told.append(f"{name} {low:6.1f} {middle:6.1f} {high:6.1f}")
        print(f"  {row:26} {'   '.join(told)}   x {used[row] / used[BARE]:.2f} of bare")
    print(f"  the same runs: 1 worker x {used[ONE] / used[SAME]:.2f} of bare with twins, ", end="")
    print(f"without twins x {used[WITHOUT] / used[BARE]:.2f} of bare without")
    twins, steps = used[ONE] - used[WITHOUT], used[WITHOUT] - used[PUBLIC]
    print(f"  of 1 worker's processor time: twins {twins / used[ONE]:.0%}, ", end="")
    print(f"steps of hidden scenarios one by one, in a process of their own {steps / used[ONE]:.0%}")
    clock = {row: statistics.median(cost.wall for cost in rows[row]) for row in (ONE, TWO)}
    print(f"  efficiency of two workers: {clock[ONE] / clock[TWO] / 2:.0%} by the clock, ", end="")
    print(f"{used[ONE] / used[TWO]:.0%} of processor time")


if __name__ == "__main__":
    main()
