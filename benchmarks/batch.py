"""What a batch costs: processor time against a bare warm interpreter, and two workers against one.

python benchmarks/batch.py [--count 120] [--lab copy-on-write] [--runs 3] [--isolation L2]

The bare interpreter is one process that has everything imported. It compiles each kernel and replays all scenarios of
the lab on it, every failure point included, without worker, judge, store or report. Both sides get the same kernels,
right and wrong ones; attacks are left out, for nothing bare would survive them.

Processor time is that of all processes: this program adopts those whose parent has died, so that none is missed.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

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


def replay_bare(lab: str, folder: pathlib.Path) -> None:
    """Be the bare interpreter: report the seconds that it spends once it is warm."""
    import gc

    from grader.batch import read_submissions
    from grader.lab.lab import load_lab
    from grader.lab.recordings import load_recordings
    from grader.replay.simulated import replay

    loaded = load_lab(ROOT / "labs" / lab)
    outputs = load_recordings(loaded, loaded.all_scenarios)
    sources = read_submissions(loaded, folder)
    scenarios = []
    for scenario in loaded.all_scenarios:
        points = range(len(outputs[scenario.id].traces)) if scenario.each is not None else None
        scenarios += [scenario] if points is None else [scenario.at_failure_point(point) for point in points]
    gc.collect()
    gc.freeze()
    gc.disable()
    wall, processor = time.perf_counter(), time.process_time()
    for source in sources:
        code = compile(source.kernel, "kernel.py", "exec")
        for scenario in scenarios:
            names: dict[str, object] = {"__name__": "kernel"}
            exec(code, names)
            replay(scenario, names[loaded.kernel.name])  # type: ignore[arg-type]
    print(time.perf_counter() - wall, time.process_time() - processor)


def bare(lab: str, folder: pathlib.Path) -> Cost:
    """Return the cost in a bare interpreter, not counting its start and imports."""
    command = [sys.executable, str(pathlib.Path(__file__)), "--bare", str(folder), "--lab", lab]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--lab", default="copy-on-write")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--isolation", default="L2")
    parser.add_argument("--bare", metavar="FOLDER", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare is not None:
        replay_bare(options.lab, options.bare)
        return
    import students

    adopt_orphans()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "class"
        students.make(folder, options.count, options.lab, honest=True)
        print(f"{options.count} submissions, labs/{options.lab}, {options.isolation}; best of {options.runs}, in turn")
        rows: dict[str, list[Cost]] = {"bare": [], "1 worker": [], "2 workers": []}
        for _ in range(options.runs):
            rows["bare"].append(bare(options.lab, folder))
            for jobs, row in ((1, "1 worker"), (2, "2 workers")):
                rows[row].append(batch(options.lab, folder, folder.parent / "out", jobs, options.isolation))
    tell(rows, options.count)


def tell(rows: dict[str, list[Cost]], count: int) -> None:
    """Print the best of each, and the ratios that count."""
    best = {name: Cost(min(c.wall for c in costs), min(c.processor for c in costs)) for name, costs in rows.items()}
    for name, (wall, processor) in best.items():
        each = f"{1000 * wall / count:6.1f} ms a submission, {1000 * processor / count:6.1f} ms of processor"
        print(f"  {name:10} {wall:6.2f} s  {each}   x {processor / best['bare'].processor:.2f} of bare")
    print(f"  efficiency of two workers: {best['1 worker'].wall / best['2 workers'].wall / 2:.0%}")


if __name__ == "__main__":
    main()
