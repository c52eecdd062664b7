"""`grader run` on a model answer in C, next to the same in Python: compiled before, and the first time.

python benchmarks/kernels_in_c.py [--runs 9] [--isolation L2]

Each turn runs both, one after the other, in the public and hidden scenarios of a lab. A ratio is that of a turn; what
is printed is the median of the turns. `first` is a run with an empty cache of modules, which compiles.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LABS = {
    "demand-paging": ("demand_paging",),
    "copy-on-write": ("demand_paging", "copy_on_write"),
    "shared-memory": ("demand_paging", "copy_on_write", "shared_memory"),
}


def python_kernel(modules: tuple[str, ...]) -> str:
    """Return the model answer as one file, as students hand it in."""
    text = "".join((ROOT / "reference" / f"{name}.py").read_text() for name in modules)
    text = text.replace("from __future__ import annotations\n", "")
    return "from __future__ import annotations\n" + re.sub(r"from reference\.\w+ import .*\n", "", text)


def measured(lab: str, kernel: pathlib.Path, isolation: str, cache: str) -> tuple[float, float]:
    """Run the grader; return seconds, and processor seconds of all its processes."""
    command = [sys.executable, "-I", "-m", "grader", "run", str(ROOT / "labs" / lab), "-q", "--isolation", isolation]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    done = subprocess.run(
        [*command, "--submission", str(kernel)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    assert "90 of 100 points" in done.stdout, done.stdout + done.stderr
    return ended - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(lab: str, runs: int, isolation: str, folder: pathlib.Path) -> None:
    """Print a line for each figure of a lab."""
    in_python = folder / "kernel.py"
    in_python.write_text(python_kernel(LABS[lab]))
    in_c = ROOT / "reference" / "c" / f"{lab}.c"
    warm = str(folder / "cache")
    measured(lab, in_c, isolation, warm)
    turns = [(measured(lab, in_python, isolation, warm), measured(lab, in_c, isolation, warm)) for _ in range(runs)]
    first = []
    for _ in range(3):
        with tempfile.TemporaryDirectory(dir=folder) as empty:
            first.append(measured(lab, in_c, isolation, empty))
    for number, unit in enumerate(("seconds", "processor seconds")):
        python, c = (statistics.median(turn[side][number] for turn in turns) for side in (0, 1))
        ratio = statistics.median(turn[1][number] / turn[0][number] for turn in turns)
        cold = statistics.median(one[number] for one in first)
        print(
            f"{lab:14} {unit:18} python {python:5.2f}  c {c:5.2f}  ratio {ratio:4.2f}   first {cold:5.2f}", flush=True
        )


def main() -> None:
    """Compare all labs that take C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--isolation", default="L2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for lab in LABS:
            compare(lab, options.runs, options.isolation, pathlib.Path(folder))


main()
