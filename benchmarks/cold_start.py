"""`grader run`, cold start to exit, against the bare limit: pairs of runs in turn, medians and their ratio.

python benchmarks/cold_start.py [--runs 15] [--lab labs/copy-on-write]
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def public_only(lab: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Copy a lab without its hidden scenarios, so that both sides run the same ones."""
    import shutil

    copy = folder / "labs" / lab.name
    shutil.copytree(lab, copy, ignore=shutil.ignore_patterns("hidden"))
    for name in ("reference", "quizzes"):
        (folder / name).symlink_to(ROOT / name)
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--lab", default="labs/copy-on-write")
    parser.add_argument("--kernel", default="reference/copy_on_write.py:CopyOnWriteKernel")
    parser.add_argument("--isolation", nargs="*", default=["auto"])
    options = parser.parse_args()
    file, name = options.kernel.split(":")
    with tempfile.TemporaryDirectory() as folder:
        lab = public_only(ROOT / options.lab, pathlib.Path(folder))
        bare = [sys.executable, "benchmarks/bare.py", str(lab), file, name]
        rows = {"bare limit": bare}
        for level in options.isolation:
            graded = ["run", str(lab), "--submission", "reference", "--isolation", level, "-q"]
            rows[f"grader run, {level}"] = [sys.executable, "-I", "-m", "grader", *graded]
        times: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(options.runs + 1):
            for row, command in rows.items():
                times[row].append(timed(command))
    base = statistics.median(times["bare limit"][1:])
    print(f"{options.lab}, {options.runs} runs each in turn, after one that is not counted")
    for row, all_of_them in times.items():
        counted = all_of_them[1:]
        middle = statistics.median(counted)
        figures = f"min {min(counted):6.1f}  median {middle:6.1f}  max {max(counted):6.1f} ms"
        print(f"  {row:22} {figures}   x {middle / base:.2f}")


main()
