"""What pictures cost: processor time of `grader show` as text and as SVG, and of the page for a failing kernel.

python benchmarks/pictures.py [--runs 10]
"""

from __future__ import annotations

import argparse
import pathlib
import resource
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHOW = ["show", "labs/copy-on-write", "three-sections"]
FAILING = ["--submission", "misconception:parent_w"]

#: What is measured, each against the first.
COMMANDS = {
    "show, text": SHOW,
    "show, one step as SVG": [*SHOW, "--step", "7", "--format", "svg"],
    "show, failing kernel as text": [*SHOW, *FAILING],
    "show, failing kernel as page": [*SHOW, *FAILING, "--format", "html"],
    "run, failing kernel, report with pages": ["run", "labs/copy-on-write", *FAILING, "--format", "html"],
}


def processor_time(command: list[str]) -> float:
    """Run a command and return the milliseconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    import tempfile

    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.runs + 1):
            for name, command in COMMANDS.items():
                output = ["--output", folder] if command[0] == "run" else []
                times[name].append(processor_time([sys.executable, "-I", "-m", "grader", *command, *output]))
    base = statistics.median(times["show, text"][1:])
    print(f"{options.runs} runs each in turn, after one that is not counted; processor time")
    for name, every in times.items():
        middle = statistics.median(every[1:])
        print(f"{name:40} median {middle:6.1f} ms   {middle / base:5.2f} times, {middle - base:+6.1f} ms")


if __name__ == "__main__":
    main()
